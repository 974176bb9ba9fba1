import { deflateSync } from 'node:zlib';
import type { GitObject, ObjectType } from '../objects/git-object.ts';

const NUMBERS: Record<ObjectType, number> = { commit: 1, tree: 2, blob: 3, tag: 4 };

/** The head of a pack of so many objects. Source: gitformat-pack(5). */
export function packHead(objects: number): Buffer {
  const head = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  head.writeUInt32BE(objects, 8);
  return head;
}

/** An object as an entry of a pack: whole, and not as a change to another. */
export function packEntry({ type, content }: GitObject): Buffer {
  const bytes: number[] = [];
  let rest = content.length;
  let byte = (NUMBERS[type] << 4) | (rest & 15);
  rest = Math.floor(rest / 16);
  while (rest > 0) {
    bytes.push(byte | 0x80);
    byte = rest & 0x7f;
    rest = Math.floor(rest / 128);
  }
  bytes.push(byte);
  return Buffer.concat([Buffer.from(bytes), deflateSync(content)]);
}
