import { SourceError } from '../../lib/errors.ts';
import { nameFault } from './entry-name.ts';

export type EntryKind = 'file' | 'dir' | 'symlink' | 'submodule';

export interface TreeEntry {
  name: string;
  kind: EntryKind;
  oid: string;
  executable: boolean;
}

const SLASH = Buffer.from('/');
const SPACE = 0x20;
const NUL = 0;
const OID_BYTES = 20;

/**
 * A tree object's raw content: `MODE NAME\0` and 20 bytes of ID, repeated. Throws SourceError `path` for a name that could lead out of the tree, and
 * for a tree that programs could read in two ways: a name is there twice or out of order, or a mode is not one of Git's.
 */
export function parseTree(content: Uint8Array, where: string): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  let isWhole = false;
  let last: Buffer | undefined;
  for (const entry of rawEntries(content, () => (isWhole = true))) {
    const { bytes, kind, oid, executable } = entry;
    const name = bytes.toString('utf8');
    const fault = Buffer.from(name).equals(bytes) ? nameFault(name) : 'it is not in UTF-8';
    if (fault) throw refused(name, where, fault);
    if (entries.has(name)) throw refused(name, where, 'it is there twice');
    // Git sorts by bytes, and folders as if their names ended in a slash.
    const place = kind === 'dir' ? Buffer.concat([bytes, SLASH]) : bytes;
    if (last && Buffer.compare(last, place) > 0) throw refused(name, where, 'it is out of order');
    last = place;
    entries.set(name, { name, kind, oid, executable });
  }
  if (!isWhole) throw broken(where);
  return entries;
}

/** The entries of a tree, with names as they are; ends early at what is no entry, and calls `onEnd` otherwise. */
export function* rawEntries(
  content: Uint8Array,
  onEnd?: () => void,
): Generator<{ bytes: Buffer; kind: EntryKind; oid: string; executable: boolean }, void, undefined> {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(SPACE, at);
    const nul = bytes.indexOf(NUL, space);
    const end = nul + 1 + OID_BYTES;
    if (space < 0 || nul < 0 || end > bytes.length) return;
    const digits = bytes.toString('latin1', at, space);
    const mode = /^[0-7]{1,6}$/.test(digits) ? Number.parseInt(digits, 8) : 0;
    const kind = kindOf(mode);
    if (!kind) return;
    yield {
      bytes: bytes.subarray(space + 1, nul),
      kind,
      oid: bytes.toString('hex', nul + 1, end),
      executable: (mode & 0o100) !== 0,
    };
    at = end;
  }
  onEnd?.();
}

function kindOf(mode: number): EntryKind | undefined {
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

/** Names are shown so that nothing in them is lost, or hidden from who reads it, and no longer than a line. */
function refused(name: string, where: string, fault: string): SourceError {
  const shown = JSON.stringify(name.length > MOST_SHOWN ? `${name.slice(0, MOST_SHOWN)}…` : name).replace(
    /[^\x20-\x7e…]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return new SourceError(
    'path',
    `The commit has ${shown} in ${where || 'its root folder'}, which no folder may hold: ${fault}`,
  );
}

const MOST_SHOWN = 80;

function broken(where: string): SourceError {
  return new SourceError(
    'path',
    `The commit's ${where || 'root folder'} is not a readable Git tree: it breaks off, or has an entry of no kind that Git knows`,
  );
}
