import { SourceError } from '../lib/errors.ts';
import type { Entry } from '../model/snapshot.ts';
import { nameFault } from './tree-path.ts';

export interface TreeEntry extends Entry {
  oid: string;
  executable: boolean;
}

const SPACE = 0x20;
const NUL = 0;
const OID_BYTES = 20;

/** A tree object's raw content: `MODE NAME\0` and 20 bytes of ID, repeated. Throws SourceError for a name that could lead out of the tree. */
export function parseTree(content: Uint8Array, where: string): Map<string, TreeEntry> {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const entries = new Map<string, TreeEntry>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(SPACE, at);
    const nul = bytes.indexOf(NUL, space);
    const end = nul + 1 + OID_BYTES;
    if (space < 0 || nul < 0 || end > bytes.length) throw broken(where);
    const mode = Number.parseInt(bytes.toString('latin1', at, space), 8);
    const name = bytes.toString('utf8', space + 1, nul);
    const kind = kindOf(mode);
    if (!kind) throw broken(where);
    const fault = nameFault(name);
    if (fault)
      throw new SourceError(
        'path',
        `The commit has ${JSON.stringify(name)} in ${where || 'its root folder'}, which no folder may hold: ${fault}`,
      );
    entries.set(name, { name, kind, oid: bytes.toString('hex', nul + 1, end), executable: (mode & 0o100) !== 0 });
    at = end;
  }
  return entries;
}

function kindOf(mode: number): Entry['kind'] | undefined {
  switch (mode & 0o170000) {
    case 0o040000:
      return 'dir';
    case 0o100000:
      return 'file';
    case 0o120000:
      return 'symlink';
    case 0o160000:
      return 'submodule';
    default:
      return undefined;
  }
}

function broken(where: string): SourceError {
  return new SourceError('protocol', `The folder ${where || '/'} of the commit is not a readable Git tree`);
}
