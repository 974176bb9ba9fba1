import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { type GitObject, type ObjectType, objectId } from '../../../src/git/objects/git-object.ts';

/** An entry of a pack: an object, or a delta against one that is named, or that lies in front of it. */
export type Entry =
  | GitObject
  | { base: string; delta: Buffer }
  | { back: number; delta: Buffer }
  /** Bytes as they are. */
  | { raw: Buffer };

const NUMBERS: Record<ObjectType, number> = { commit: 1, tree: 2, blob: 3, tag: 4 };

export const blob = (content: string | Buffer): GitObject => ({ type: 'blob', content: Buffer.from(content) });

export function tree(entries: Record<string, GitObject>): GitObject {
  const lines = Object.entries(entries).flatMap(([name, object]) => [
    Buffer.from(`${object.type === 'tree' ? '40000' : '100644'} ${name}\0`),
    Buffer.from(objectId(object), 'hex'),
  ]);
  return { type: 'tree', content: Buffer.concat(lines) };
}

export const commitOf = (root: GitObject, parents: readonly string[] = []): GitObject => ({
  type: 'commit',
  content: Buffer.from(`tree ${objectId(root)}\n${parents.map((oid) => `parent ${oid}\n`).join('')}\nChange\n`),
});

/** The header of an entry. */
export function header(number: number, size: number): Buffer {
  const bytes: number[] = [];
  let byte = (number << 4) | (size & 15);
  let rest = Math.floor(size / 16);
  while (rest > 0) {
    bytes.push(byte | 0x80);
    byte = rest & 0x7f;
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, byte]);
}

const length = (value: number): number[] =>
  value < 128 ? [value] : [(value & 0x7f) | 0x80, ...length(Math.floor(value / 128))];

/** A delta that puts text behind its base. */
export function appending(base: Buffer, text: string): Buffer {
  const size = [base.length & 255, (base.length >> 8) & 255, (base.length >> 16) & 255];
  return Buffer.from([
    ...length(base.length),
    ...length(base.length + text.length),
    ...(base.length > 0 ? [0x80 | 0x70, ...size] : []),
    ...(text.length > 0 ? [text.length, ...Buffer.from(text)] : []),
  ]);
}

export function packOfEntries(entries: readonly Entry[], count = entries.length): Buffer {
  const parts: Buffer[] = [];
  let offset = 12;
  const starts: number[] = [];
  for (const entry of entries) {
    starts.push(offset);
    const bytes = entryBytes(entry, offset, starts);
    parts.push(bytes);
    offset += bytes.length;
  }
  const head = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  head.writeUInt32BE(count, 8);
  return sealed(Buffer.concat([head, ...parts]));
}

/** With the checksum that a pack ends with. */
export const sealed = (body: Buffer): Buffer => Buffer.concat([body, createHash('sha1').update(body).digest()]);

function entryBytes(entry: Entry, offset: number, starts: readonly number[]): Buffer {
  if ('raw' in entry) return entry.raw;
  if ('type' in entry)
    return Buffer.concat([header(NUMBERS[entry.type], entry.content.length), deflateSync(entry.content)]);
  if ('base' in entry)
    return Buffer.concat([header(7, entry.delta.length), Buffer.from(entry.base, 'hex'), deflateSync(entry.delta)]);
  const base = starts[starts.length - 1 - entry.back] ?? 0;
  let back = offset - base;
  const bytes = [back & 0x7f];
  while (back >= 128) {
    back = Math.floor(back / 128) - 1;
    bytes.unshift((back & 0x7f) | 0x80);
  }
  return Buffer.concat([header(6, entry.delta.length), Buffer.from(bytes), deflateSync(entry.delta)]);
}

/** As it comes over a link, in pieces. */
export async function* inPieces(pack: Buffer, size = 1_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < pack.length; at += size) yield pack.subarray(at, at + size);
}
