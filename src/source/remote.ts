import { type GitRemote, localPath, parseGitRemote, repoName, withoutPassword } from '../git/remote.ts';
import { InputError } from '../lib/errors.ts';
import { isOci, type OciReference, ociUrl, parseOci } from '../registry/oci/oci-reference.ts';

/** A place that a config repo is fetched from. */
export type Remote = GitRemote | RegistryRemote | BundleRemote;

/** An artifact in a registry. */
export interface RegistryRemote {
  kind: 'registry';
  url: string;
  /** The last part of the repository's name. */
  name: string;
  reference: OciReference;
}

/** A Git bundle in a file of this machine. */
export interface BundleRemote {
  kind: 'bundle';
  /** Its absolute path. */
  url: string;
  /** The file's name, without `.bundle`. */
  name: string;
}

/** Parses a repo's URL. Throws InputError for one that nothing here can fetch; the text of the error holds no password. */
export function parseRemote(text: string): Remote {
  if (isOci(text)) {
    const reference = parseOci(text);
    return { kind: 'registry', url: ociUrl(reference), name: repoName(reference.repository), reference };
  }
  const path = localPath(text);
  if (path?.endsWith('.bundle')) return { kind: 'bundle', url: path, name: repoName(path.replace(/\.bundle$/, '')) };
  const remote = parseGitRemote(text);
  if (remote) return remote;
  throw InputError.of(
    `The repo ${withoutPassword(text)} cannot be fetched`,
    'write an https://, ssh:// or oci:// URL, user@host:path, or the absolute path of a folder or a .bundle file',
  );
}
