import { fullName, parseImageReference } from '../../container/image-reference.ts';

/** Other names of Docker Hub, which a pull reaches as well. */
const HUB = /^(docker\.io|index\.docker\.io|registry-1\.docker\.io|registry\.hub\.docker\.com)$/;

/** `docker.io/library/nginx` for `nginx:1.27`: the registry in small letters and without the port of HTTPS, no tag, no digest. */
export function imageName(reference: string): string {
  const parsed = parseImageReference(reference);
  const registry = parsed.registry.toLowerCase().replace(/\.?(:443)?$/, '');
  return fullName(HUB.test(registry) ? parseImageReference(`docker.io/${parsed.repository}`) : { ...parsed, registry });
}

/** An entry of a policy in the same form: `nginx` is one image, `registry.example.org/shop/*` are all below. */
export function imagePattern(entry: string): string {
  const slash = entry.indexOf('/');
  // `*/x` and `registry.*/x` have a registry that is a pattern.
  if (slash > 0 && entry.slice(0, slash).includes('*')) return entry.toLowerCase();
  if (slash < 0 && entry.includes('*')) return entry === '*' ? entry : `docker.io/library/${entry}`;
  return imageName(entry);
}

/** It names its content, so that a registry cannot give another one. */
export const hasDigest = (reference: string): boolean => /@sha256:[0-9a-f]{64}$/.test(reference);
