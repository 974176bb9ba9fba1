import { createHash } from 'node:crypto';
import { TRAILER } from './pack-entry.ts';

/** Where an object lies in its pack. */
export interface Indexed {
  oid: string;
  offset: number;
  /** CRC-32 of its bytes in the pack. */
  crc: number;
}

/** The objects of a pack, and their offsets. */
export interface PackIndex {
  count: number;
  /** undefined for an object that is not in the pack. */
  offsetOf(oid: string): number | undefined;
  oids(): Iterable<string>;
}

const MAGIC = 0xff744f63;
const VERSION = 2;
const FANOUT = 8;
const NAMES = FANOUT + 256 * 4;
const OID = 20;
/** Packs are far smaller than what needs the format's wider offsets. */
const MOST_OFFSET = 0x7fffffff;

/** A pack's index as Git writes it. Source: gitformat-pack(5), version 2. */
export function encodeIndex(objects: readonly Indexed[], packChecksum: Buffer): Buffer {
  const sorted = [...objects].sort((a, b) => (a.oid < b.oid ? -1 : a.oid > b.oid ? 1 : 0));
  const count = sorted.length;
  const bytes = Buffer.alloc(NAMES + count * (OID + 8) + 2 * TRAILER);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt32BE(VERSION, 4);
  const perFirst = new Uint32Array(256);
  sorted.forEach(({ oid, offset, crc }, i) => {
    if (offset > MOST_OFFSET) throw new RangeError(`a pack of more than ${MOST_OFFSET} bytes`);
    const first = bytes.write(oid, NAMES + i * OID, 'hex') && bytes[NAMES + i * OID];
    perFirst[first ?? 0] = (perFirst[first ?? 0] ?? 0) + 1;
    bytes.writeUInt32BE(crc, NAMES + count * OID + i * 4);
    bytes.writeUInt32BE(offset, NAMES + count * (OID + 4) + i * 4);
  });
  let sum = 0;
  for (let i = 0; i < 256; i++) {
    sum += perFirst[i] ?? 0;
    bytes.writeUInt32BE(sum, FANOUT + i * 4);
  }
  packChecksum.copy(bytes, bytes.length - 2 * TRAILER);
  createHash('sha1')
    .update(bytes.subarray(0, -TRAILER))
    .digest()
    .copy(bytes, bytes.length - TRAILER);
  return bytes;
}

/** undefined for anything that is not what `encodeIndex` wrote, to the last bit, for that pack. */
export function decodeIndex(bytes: Buffer, packChecksum: Buffer): PackIndex | undefined {
  if (bytes.length < NAMES + 2 * TRAILER || bytes.readUInt32BE(0) !== MAGIC || bytes.readUInt32BE(4) !== VERSION)
    return undefined;
  const count = bytes.readUInt32BE(FANOUT + 255 * 4);
  if (bytes.length !== NAMES + count * (OID + 8) + 2 * TRAILER) return undefined;
  if (!bytes.subarray(-2 * TRAILER, -TRAILER).equals(packChecksum)) return undefined;
  const checksum = createHash('sha1').update(bytes.subarray(0, -TRAILER)).digest();
  if (!bytes.subarray(-TRAILER).equals(checksum)) return undefined;
  return {
    count,
    offsetOf(oid) {
      const wanted = Buffer.from(oid, 'hex');
      const first = wanted[0];
      if (first === undefined) return undefined;
      let low = first === 0 ? 0 : bytes.readUInt32BE(FANOUT + (first - 1) * 4);
      let high = bytes.readUInt32BE(FANOUT + first * 4);
      while (low < high) {
        const middle = (low + high) >>> 1;
        const order = bytes.compare(wanted, 0, OID, NAMES + middle * OID, NAMES + (middle + 1) * OID);
        // `compare` orders the index's name and the wanted one.
        if (order === 0) return bytes.readUInt32BE(NAMES + count * (OID + 4) + middle * 4);
        if (order < 0) low = middle + 1;
        else high = middle;
      }
      return undefined;
    },
    *oids() {
      for (let i = 0; i < count; i++) yield bytes.toString('hex', NAMES + i * OID, NAMES + (i + 1) * OID);
    },
  };
}
