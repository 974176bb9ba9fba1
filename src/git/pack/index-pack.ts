import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { turn } from '../../lib/turn.ts';
import { type GitObject, type ObjectType, objectId } from '../objects/git-object.ts';
import { damagedPack, overLimit, requireSize, type StoreLimits } from '../store-limits.ts';
import { applyDelta } from './delta.ts';
import { entryAt, inflateEntry, PACK_HEADER, type PackEntry, packCount, TRAILER } from './pack-entry.ts';
import { type PackFiles, type PackReader, TEMPORARY } from './pack-files.ts';
import { encodeIndex, type Indexed } from './pack-index.ts';
import { openPacks, type PackSet } from './pack-set.ts';

export interface IndexedPack {
  /** The number of objects that the index lists. */
  objects: number;
  /** Deltas against objects that are in no pack here: they cannot be read, and the index does not list them. */
  unresolved: number;
}

/** Contents that are held at once while deltas are resolved, in bytes. */
const MOST_HELD = 48 * 1024 * 1024;
/** After this many objects, other work gets a turn. */
const TURN = 500;

/**
 * Reads every object of a pack, each once, within limits, and writes the index to `NAME.tmp`. `pack` is the file, `index` what its index will be
 * called. Bases of deltas are looked for in the pack and in the other packs of the folder. Throws SourceError, or an error of the disk.
 */
export async function indexPack(
  files: PackFiles,
  { pack, index }: { pack: string; index: string },
  limits: StoreLimits,
): Promise<IndexedPack> {
  const reader = files.open(pack);
  const others = openPacks(files, limits);
  try {
    const scanned = await scan(reader, limits);
    await resolveDeltas(reader, scanned, others, limits);
    const objects = scanned.entries.flatMap(({ oid, offset, crc }) => (oid === undefined ? [] : { oid, offset, crc }));
    writeIndex(files, `${index}${TEMPORARY}`, objects, reader.read(reader.size - TRAILER, TRAILER));
    return { objects: objects.length, unresolved: scanned.entries.length - objects.length };
  } finally {
    others.close();
    reader.close();
  }
}

export function writeIndex(files: PackFiles, name: string, objects: Indexed[], checksum: Buffer): void {
  files.remove(name);
  const writer = files.create(name);
  try {
    writer.write(encodeIndex(objects, checksum));
    writer.sync();
  } finally {
    writer.close();
  }
}

/** The checksum of a pack's bytes, to hold against the one it ends with. */
export function packChecksum(reader: PackReader): Buffer {
  const hash = createHash('sha1');
  const end = reader.size - TRAILER;
  for (let at = 0; at < end; at += WINDOW) hash.update(reader.read(at, Math.min(WINDOW, end - at)));
  return hash.digest();
}

const WINDOW = 1024 * 1024;

interface Scanned {
  entries: { offset: number; crc: number; oid?: string }[];
  /** Numbers of the deltas against an object, by its offset or by its name. */
  byOffset: Map<number, number[]>;
  byName: Map<string, number[]>;
  /** Unpacked bytes so far. */
  unpacked: number;
}

/** Looks at every entry in turn; names those that are no deltas. */
async function scan(reader: PackReader, limits: StoreLimits): Promise<Scanned> {
  const count = packCount(reader, limits);
  const scanned: Scanned = { entries: [], byOffset: new Map(), byName: new Map(), unpacked: 0 };
  const window = windowed(reader);
  let offset = PACK_HEADER;
  for (let i = 0; i < count; i++) {
    if (i % TURN === TURN - 1) await turn();
    offset = scanEntry(window, scanned, offset, limits);
  }
  if (offset !== reader.size - TRAILER) throw damagedPack('something lies behind its last object');
  return scanned;
}

/** Looks at one entry, and gives where it ends. A function of its own: what it unpacked is not needed any more once it is over. */
function scanEntry(window: PackReader, scanned: Scanned, offset: number, limits: StoreLimits): number {
  const entry = entryAt(window, offset, limits);
  const { content, packed } = inflateEntry(window, entry);
  const end = entry.data + packed;
  spend(scanned, content.length, limits);
  const crc = crc32(window.read(offset, end - offset));
  const number = scanned.entries.length;
  switch (entry.kind) {
    case 'offsetDelta':
      push(scanned.byOffset, entry.base, number);
      scanned.entries.push({ offset, crc });
      break;
    case 'nameDelta':
      push(scanned.byName, entry.base, number);
      scanned.entries.push({ offset, crc });
      break;
    default:
      scanned.entries.push({ offset, crc, oid: objectId({ type: entry.kind, content }) });
  }
  return end;
}

/** The same reader, which asks the disk for more than it is asked for, since the next question is for what follows. */
function windowed(reader: PackReader): PackReader {
  let from = 0;
  let held: Buffer = Buffer.alloc(0);
  return {
    size: reader.size,
    read(at, length) {
      if (length > WINDOW / 4) return reader.read(at, length);
      if (at < from || at + length > from + held.length) {
        from = at;
        held = reader.read(at, WINDOW);
      }
      return held.subarray(at - from, at - from + length);
    },
    close: () => reader.close(),
  };
}

/** Works through the deltas, from each base to all that hangs on it, so that every object is made once. */
async function resolveDeltas(
  reader: PackReader,
  scanned: Scanned,
  others: PackSet,
  limits: StoreLimits,
): Promise<void> {
  const { entries, byOffset, byName } = scanned;
  if (byOffset.size + byName.size === 0) return;
  const dependents = (number: number): number[] => {
    const entry = entries[number];
    if (!entry) return [];
    const named = entry.oid === undefined ? undefined : byName.get(entry.oid);
    if (entry.oid !== undefined) byName.delete(entry.oid);
    return [...(byOffset.get(entry.offset) ?? []), ...(named ?? [])];
  };

  const hold = new Held();
  let made = 0;
  /** Makes every object whose delta depends on a base, near or far. */
  const makeAll = async (base: GitObject, first: number[]): Promise<void> => {
    const stack = [{ ...base, todo: first, changes: 0 }];
    hold.add(base.content.length);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const number = top.todo.pop();
      const entry = number === undefined ? undefined : entries[number];
      if (number === undefined || !entry) {
        hold.add(-top.content.length);
        stack.pop();
        continue;
      }
      if (entry.oid !== undefined) continue;
      if (++made % TURN === 0) await turn();
      const delta = inflateEntry(reader, entryAt(reader, entry.offset, limits)).content;
      const changes = top.changes + delta.length;
      // A reader of the object holds all of them.
      if (changes > limits.objectBytes) throw overLimit('objectBytes', limits);
      const content = applyDelta(top.content, delta, limits);
      requireSize(top.type, content.length, limits);
      spend(scanned, content.length, limits);
      entry.oid = objectId({ type: top.type, content });
      const todo = dependents(number);
      if (todo.length === 0) continue;
      // An object that nothing else is made of goes first, so that a long chain holds one.
      if (top.todo.length === 0) hold.add(-(stack.pop()?.content.length ?? 0));
      if (!hold.add(content.length)) throw overLimit('unpackedBytes', limits);
      stack.push({ type: top.type, content, todo, changes });
    }
  };

  for (const [number, entry] of entries.entries()) {
    if (entry.oid === undefined) continue;
    const first = dependents(number);
    if (first.length > 0) await makeAll(plain(reader, entry.offset, limits), first);
  }
  for (const [name, numbers] of [...byName]) {
    const base = others.find(name);
    if (!base) continue;
    byName.delete(name);
    await makeAll(base, [...numbers]);
  }
}

/** Counts bytes that are held in memory. */
class Held {
  #bytes = 0;
  /** True if so many bytes may be held. */
  add(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes <= MOST_HELD;
  }
}

function plain(reader: PackReader, offset: number, limits: StoreLimits): GitObject {
  const entry: PackEntry = entryAt(reader, offset, limits);
  return { type: entry.kind as ObjectType, content: inflateEntry(reader, entry).content };
}

function spend(scanned: Scanned, bytes: number, limits: StoreLimits): void {
  scanned.unpacked += bytes;
  if (scanned.unpacked > limits.unpackedBytes) throw overLimit('unpackedBytes', limits);
}

function push<Key>(map: Map<Key, number[]>, key: Key, number: number): void {
  const list = map.get(key);
  if (list) list.push(number);
  else map.set(key, [number]);
}
