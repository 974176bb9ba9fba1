import { SourceError } from '../../lib/errors.ts';
import { type GitObject, objectId } from '../objects/git-object.ts';
import { damagedPack, type StoreLimits } from '../store-limits.ts';
import { applyDelta } from './delta.ts';
import { entryAt, inflateEntry, type PackEntry, TRAILER } from './pack-entry.ts';
import { type PackFiles, type PackReader, readWhole } from './pack-files.ts';
import { decodeIndex, type PackIndex } from './pack-index.ts';

export const packName = (checksum: string): string => `pack-${checksum}.pack`;
export const indexName = (pack: string): string => pack.replace(/\.pack$/, '.idx');
export const isPack = (name: string): boolean => /^pack-[0-9a-f]{40}\.pack$/.test(name);
export const checksumOf = (pack: string): Buffer => Buffer.from(pack.slice('pack-'.length, -'.pack'.length), 'hex');

/** The objects of all packs of a folder. A pack may hold deltas whose bases are in another one. */
export interface PackSet {
  /** An object whose content is what its name says; undefined where there is none such, or only a damaged one. Throws SourceError. */
  find(oid: string): GitObject | undefined;
  /** True if an index lists it; a listed object may be damaged. */
  lists(oid: string): boolean;
  /** Names of packs of which something could not be read as it was written. */
  readonly damaged: ReadonlySet<string>;
  readonly packs: readonly string[];
  close(): void;
}

interface OpenPack {
  name: string;
  index: PackIndex;
  reader: PackReader;
}

/** Longer than any chain that Git makes within a pack times the packs there can be. */
const LONGEST_CHAIN = 5_000;

/** Opens all packs that have an index. One that cannot be opened, or whose index is damaged, is among the damaged. */
export function openPacks(files: PackFiles, limits: StoreLimits): PackSet {
  const damaged = new Set<string>();
  const packs: OpenPack[] = [];
  for (const name of files.list().filter(isPack)) {
    const pack = openPack(files, name);
    if (pack) packs.push(pack);
    else damaged.add(name);
  }

  const search = (oid: string, depth: number, held: number): GitObject | undefined => {
    for (const pack of packs) {
      const offset = pack.index.offsetOf(oid);
      if (offset === undefined) continue;
      try {
        const found = resolve(pack, offset, depth, held);
        if (!found) continue;
        if (objectId(found) === oid) return found;
        damaged.add(pack.name);
      } catch (error) {
        if (!isDamage(error)) throw error;
        damaged.add(pack.name);
      }
    }
    return undefined;
  };

  /** The object at an offset, unproven; undefined when the base of a delta is not to be had. */
  const resolve = ({ reader }: OpenPack, offset: number, depth: number, held: number): GitObject | undefined => {
    const deltas: Buffer[] = [];
    let bytes = held;
    /** Every entry was within the limits when it came in; one that is not was changed since. */
    const take = (entry: PackEntry): void => {
      bytes += entry.size;
      if (bytes > limits.objectBytes) throw damagedPack('an object is larger than it was');
      deltas.push(inflateEntry(reader, entry).content);
    };
    let entry = entryAt(reader, offset, limits);
    while (entry.kind === 'offsetDelta' && deltas.length + depth < LONGEST_CHAIN) {
      take(entry);
      entry = entryAt(reader, entry.base, limits);
    }
    let base: GitObject | undefined;
    if (entry.kind === 'nameDelta') {
      take(entry);
      if (deltas.length + depth < LONGEST_CHAIN) base = search(entry.base, depth + deltas.length, bytes);
    } else if (entry.kind !== 'offsetDelta') {
      base = { type: entry.kind, content: inflateEntry(reader, entry).content };
    }
    if (!base) return undefined;
    let { content } = base;
    for (const delta of deltas.reverse()) content = applyDelta(content, delta, limits);
    return { type: base.type, content };
  };

  return {
    damaged,
    packs: packs.map(({ name }) => name),
    find: (oid) => search(oid, 0, 0),
    lists: (oid) => packs.some(({ index }) => index.offsetOf(oid) !== undefined),
    close() {
      for (const { reader } of packs.splice(0)) reader.close();
    },
  };
}

function openPack(files: PackFiles, name: string): OpenPack | undefined {
  try {
    const bytes = readWhole(files, indexName(name));
    const index = bytes && decodeIndex(bytes, checksumOf(name));
    if (!index) return undefined;
    const reader = files.open(name);
    // A pack that was cut, or is another one, shows at its end.
    if (reader.size > TRAILER && reader.read(reader.size - TRAILER, TRAILER).equals(checksumOf(name)))
      return { name, index, reader };
    reader.close();
    return undefined;
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/** A card that wears out cannot read what it holds; what was written is worth no more then than when it reads as something else. */
const isDamage = (error: unknown): boolean =>
  error instanceof SourceError || ['EIO', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');
