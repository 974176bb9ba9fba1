import { InputError, type Position } from '../../lib/errors.ts';

/** True when Docker Compose would fetch a path from a Git server or a registry. */
export function isRemote(path: string): boolean {
  return /^(oci|https?|git|ssh):\/\/|^git@|^github\.com\//.test(path);
}

/** Throws InputError for a path on another server. */
export function requireLocal(path: string, at: Position): void {
  if (!isRemote(path)) return;
  throw InputError.at(
    at,
    'Holdfast does not fetch files from other servers, because a site must be able to start from its own copy of the repo',
    'copy the file into the repo',
  );
}
