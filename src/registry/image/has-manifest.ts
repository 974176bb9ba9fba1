import type { Registry } from '../oci/registry.ts';

const MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
export const INDEXES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
/** The header by which a registry gives any of them. */
export const ACCEPT = [...INDEXES, ...MANIFESTS].join(', ');

/** Asks a registry if it has a tag or digest, and reads nothing of it. Throws SourceError if not. Source: OCI distribution spec 1.1, "Checking if content exists". */
export async function hasManifest(registry: Registry, reference: string, signal: AbortSignal): Promise<void> {
  const path = `manifests/${reference}`;
  const answer = await registry.ask({ method: 'HEAD', path, headers: { Accept: ACCEPT }, accepts: [200] }, signal);
  answer.drop();
}
