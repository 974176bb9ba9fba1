import { inflateSync } from 'node:zlib';
import type { ObjectType } from '../objects/git-object.ts';
import { damagedPack, limitOf, overLimit, type StoreLimits } from '../store-limits.ts';
import { makeRoom } from './make-room.ts';
import type { PackReader } from './pack-files.ts';

/** The header before the packed bytes of an object. Source: gitformat-pack(5). */
export type PackEntry = {
  offset: number;
  /** Where the packed bytes begin. */
  data: number;
  /** The type and size of the unpacked bytes: of the object, or of the delta. */
  size: number;
} & ({ kind: ObjectType } | { kind: 'offsetDelta'; base: number } | { kind: 'nameDelta'; base: string });

/** The checksum at the end of packs and indexes. */
export const TRAILER = 20;
export const PACK_HEADER = 12;

const KINDS: readonly (ObjectType | 'offsetDelta' | 'nameDelta' | undefined)[] = [
  undefined,
  'commit',
  'tree',
  'blob',
  'tag',
  undefined,
  'offsetDelta',
  'nameDelta',
];
const MOST_HEADER = 64;

/** The number of objects in a pack, by its header. Throws SourceError for what is no pack. */
export function packCount(reader: PackReader, limits: StoreLimits): number {
  const head = reader.read(0, PACK_HEADER);
  if (head.length < PACK_HEADER || head.toString('latin1', 0, 4) !== 'PACK')
    throw damagedPack('it does not begin as one');
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw damagedPack(`its version ${version} is unknown`);
  const count = head.readUInt32BE(8);
  if (count > limits.objects) throw overLimit('objects', limits);
  return count;
}

/** Throws SourceError. */
export function entryAt(reader: PackReader, offset: number, limits: StoreLimits): PackEntry {
  const end = reader.size - TRAILER;
  if (offset < PACK_HEADER || offset >= end) throw damagedPack('an object lies outside of it');
  const head = reader.read(offset, Math.min(MOST_HEADER, end - offset));
  let at = 0;
  const next = (): number => {
    const byte = head[at++];
    if (byte === undefined) throw damagedPack('an object’s header breaks off');
    return byte;
  };
  let byte = next();
  const kind = KINDS[(byte >> 4) & 7];
  const isDelta = kind === 'offsetDelta' || kind === 'nameDelta';
  const limit = kind === undefined || isDelta ? 'objectBytes' : limitOf(kind);
  const most = limits[limit];
  let size = byte & 15;
  for (let scale = 16; byte & 0x80; scale *= 128) {
    byte = next();
    size += (byte & 0x7f) * scale;
    if (size > most) throw overLimit(limit, limits);
  }
  switch (kind) {
    case undefined:
      throw damagedPack('it holds an object of no known type');
    case 'offsetDelta': {
      byte = next();
      let back = byte & 0x7f;
      while (byte & 0x80) {
        byte = next();
        back = (back + 1) * 128 + (byte & 0x7f);
      }
      if (back <= 0 || back > offset - PACK_HEADER) throw damagedPack('a delta’s base lies outside of it');
      return { kind, offset, size, base: offset - back, data: offset + at };
    }
    case 'nameDelta': {
      if (at + 20 > head.length) throw damagedPack('an object’s header breaks off');
      return { kind, offset, size, base: head.toString('hex', at, at + 20), data: offset + at + 20 };
    }
    default:
      return { kind, offset, size, data: offset + at };
  }
}

/** The unpacked bytes, never more than the entry says, and how many packed ones they were. Throws SourceError. */
export function inflateEntry(reader: PackReader, { data, size }: PackEntry): { content: Buffer; packed: number } {
  const available = reader.size - TRAILER - data;
  makeRoom(size);
  // The most bytes that zlib needs for bytes that do not compress; a packer that wastes more is met with a second try.
  for (let guess = size + (size >>> 10) + 64; ; guess *= 16) {
    const input = reader.read(data, Math.min(guess, available));
    try {
      const options = { info: true, chunkSize: Math.max(64, size + 1), maxOutputLength: Math.max(1, size) };
      const { buffer, engine } = inflateSync(input, options) as unknown as {
        buffer: Buffer;
        engine: { bytesWritten: number };
      };
      if (buffer.length !== size) throw damagedPack('an object is shorter than it says');
      return { content: buffer, packed: engine.bytesWritten };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ERR_BUFFER_TOO_LARGE') throw damagedPack('an object unpacks to more than it says', error);
      if (code === 'Z_BUF_ERROR' && guess < available) continue;
      if (code?.startsWith('Z_')) throw damagedPack('an object cannot be unpacked', error);
      throw error;
    }
  }
}
