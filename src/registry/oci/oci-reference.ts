import { InputError } from '../../lib/errors.ts';

/** Where an artifact lies: `oci://REGISTRY/REPOSITORY:TAG`, or `@sha256:…` instead of the tag. */
export interface OciReference {
  /** As in an image's name, and as its credentials are kept: `docker.io`, `127.0.0.1:5000`. */
  registry: string;
  repository: string;
  /** `latest` where neither a tag nor a digest is written. */
  tag: string;
  /** It wins over the tag. */
  digest?: string | undefined;
}

const PREFIX = /^oci:\/\//i;

export const isOci = (text: string): boolean => PREFIX.test(text);

/** Takes such a URL apart. Throws InputError, without what may be a password in it. Source: OCI distribution spec 1.1, "Pulling manifests". */
export function parseOci(text: string): OciReference {
  const rest = text.replace(PREFIX, '');
  const slash = rest.indexOf('/');
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  if (authority.includes('@') && slash >= 0)
    throw InputError.of(
      'The URL of the artifact holds credentials',
      'a registry’s are those of `docker login`, read from DOCKER_CONFIG',
    );
  const refused = (why: string): InputError =>
    InputError.of(`The artifact oci://${rest.replace(/^.*@(?!sha256:)/, '')} ${why}`, EXAMPLE);
  if (!/^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:\d{1,5})?$/i.test(authority) || slash < 0)
    throw refused('names no registry and repository');
  const [, path = '', tag, digest] =
    /^([^:@]+)(?::([^:@]*))?(?:@(.*))?$/.exec(rest.slice(slash + 1).replace(/\/+$/, '')) ?? [];
  if (!/^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/.test(path) || path.length > 255)
    throw refused('has a repository’s name that no registry takes: small letters, digits, and between them . _ - /');
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) throw refused('has a tag that no registry takes');
  if (digest !== undefined && !isDigest(digest)) throw refused('has a digest that is none: sha256: and 64 hex digits');
  const registry = authority.toLowerCase();
  return {
    registry: registry === 'index.docker.io' ? 'docker.io' : registry,
    repository: path,
    tag: tag ?? 'latest',
    digest,
  };
}

const EXAMPLE = 'as oci://registry.example.org/team/fleet:main';

export const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/.test(text);

/** One spelling of it. */
export const ociUrl = ({ registry, repository, tag, digest }: OciReference): string =>
  `oci://${registry}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;

/** The host that answers for the registry. Docker Hub has another name for that. */
export const registryHost = ({ registry }: OciReference): string =>
  registry === 'docker.io' ? 'registry-1.docker.io' : registry;

/** This machine itself, where Docker asks for no TLS either. */
export const isLoopback = (host: string): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(host.replace(/:\d+$/, ''));
