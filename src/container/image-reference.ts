/** The parts of a reference to an image (github.com/distribution/reference). */
export interface ImageReference {
  /** `docker.io` if none is written. */
  registry: string;
  /** Without the registry; with `library/` for the official images of Docker Hub. */
  repository: string;
  /** As a pull asks for it: the digest, or else the tag, or else `latest`. */
  tag: string;
}

export function parseImageReference(reference: string): ImageReference {
  const [named = '', digest] = reference.split('@', 2);
  const slash = named.indexOf('/');
  const first = slash < 0 ? '' : named.slice(0, slash);
  const hasRegistry = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  const registry = hasRegistry ? first : 'docker.io';
  const rest = hasRegistry ? named.slice(slash + 1) : named;
  const colon = rest.lastIndexOf(':');
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const tag = digest ?? (colon < 0 ? 'latest' : rest.slice(colon + 1));
  const isHub = registry === 'docker.io' || registry === 'index.docker.io';
  return {
    registry: isHub ? 'docker.io' : registry,
    repository: isHub && !path.includes('/') ? `library/${path}` : path,
    tag,
  };
}

/** `docker.io/library/nginx`, which means the same to every engine. */
export const fullName = ({ registry, repository }: ImageReference): string => `${registry}/${repository}`;

/** Two spellings of one reference: `nginx` and `docker.io/library/nginx:latest`. */
export function sameReference(a: string, b: string): boolean {
  const [left, right] = [parseImageReference(a), parseImageReference(b)];
  return fullName(left) === fullName(right) && left.tag === right.tag;
}
