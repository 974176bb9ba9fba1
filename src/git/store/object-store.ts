import { createHash, randomBytes } from 'node:crypto';
import { messageOf, SourceError } from '../../lib/errors.ts';
import type { GitObject, ObjectType } from '../objects/git-object.ts';
import { type IndexedPack, packChecksum } from '../pack/index-pack.ts';
import { TRAILER } from '../pack/pack-entry.ts';
import { type PackFiles, TEMPORARY } from '../pack/pack-files.ts';
import { checksumOf, indexName, isPack, openPacks, type PackSet, packName } from '../pack/pack-set.ts';
import type { PackWorker } from '../pack/worker/pack-worker.ts';
import { cutOff } from '../protocol/pkt-line.ts';
import { damagedPack, overLimit, type StoreLimits } from '../store-limits.ts';
import { type Head, readHeads, withHead, writeHeads } from './heads.ts';

/**
 * Git objects in packs on the disk, in a folder of their own. Every object is proven by its name when it is read; what is damaged reads as
 * absent, so that it is fetched again, beside what is there. A crash at any moment loses at most the pack that was coming in. All of it throws SourceError.
 */
export interface ObjectStore {
  /** undefined where there is no such object, or only a damaged one. */
  find(oid: string): Promise<GitObject | undefined>;
  /** True if it was here once, as far as the store can tell for a damaged one. */
  had(oid: string): Promise<boolean>;
  /** Raw content. Throws SourceError when it is not there or of another type. */
  read(oid: string, type: ObjectType): Promise<Buffer>;
  /** Takes a pack in. Nothing of it is believed before its checksum is right and its index is made; on failure nothing is left of it. */
  add(pack: AsyncIterable<Buffer>, signal: AbortSignal): Promise<IndexedPack>;
  /** The commits that were fetched last, newest first, and then the pinned ones. */
  heads(): Promise<readonly Head[]>;
  /** Remembers a commit as the newest of its kind. */
  keep(head: Head): Promise<void>;
  /** Nothing is pinned any more. */
  unpin(): Promise<void>;
  /** Kept by merges besides the heads: commits with their files, objects alone, and the history of all of these. */
  retain(kept: { whole: readonly string[]; alone: readonly string[] }): void;
  /** Merges packs when there are many, they take much room, or something in them is damaged. */
  tidy(signal: AbortSignal): Promise<void>;
  /** Gives back memory and open files; what follows opens them again. */
  rest(): void;
}

export function objectStore(
  files: PackFiles,
  limits: StoreLimits,
  worker: PackWorker,
  onDamage: (packs: readonly string[]) => void = () => {},
): ObjectStore {
  let set: PackSet | undefined;
  let heads: Head[] = [];
  let prepared: Promise<void> | undefined;
  let isDamaged = false;
  let retained: { whole: readonly string[]; alone: readonly string[] } | undefined;
  /** Packs whose damage was told. */
  const told = new Set<string>();
  /** Bytes after the last merge. */
  let mergedBytes = 0;

  const rest = (): void => {
    const news = [...(set?.damaged ?? [])].filter((pack) => !told.has(pack));
    if (set && set.damaged.size > 0) isDamaged = true;
    for (const pack of news) told.add(pack);
    if (news.length > 0) onDamage(news);
    set?.close();
    set = undefined;
  };
  const open = (): PackSet => {
    set ??= openPacks(files, limits);
    return set;
  };
  const packs = (): string[] => files.list().filter(isPack);
  const bytes = (): number => packs().reduce((sum, name) => sum + (files.size(name) ?? 0), 0);

  /** After a start: what a crash left is removed, and packs get their indexes again where those were lost. */
  const prepare = async (signal: AbortSignal): Promise<void> => {
    for (const name of files.list()) {
      const isOurs =
        isPack(name) || name === 'heads' || (name.endsWith('.idx') && files.size(name.replace(/idx$/, 'pack')));
      if (!isOurs && isLeftover(name)) files.remove(name);
    }
    await mend(signal);
    heads = readHeads(files);
  };
  const isReady = (signal: AbortSignal): Promise<void> => {
    prepared ??= prepare(signal).catch((error: unknown) => {
      prepared = undefined;
      rest();
      throw error;
    });
    return prepared;
  };

  /** Rebuilds the indexes of packs whose index cannot be used; a pack that is damaged as well is worth nothing. */
  const mend = async (signal: AbortSignal): Promise<void> => {
    const unusable = [...open().damaged].filter((name) => !open().packs.includes(name));
    rest();
    for (const pack of unusable) {
      const names = { pack, index: indexName(pack) };
      files.remove(names.index);
      try {
        if (!isWhole(files, pack)) throw damagedPack('its checksum is wrong');
        await worker.index(files, names, limits, signal);
        files.rename(`${names.index}${TEMPORARY}`, names.index);
      } catch (error) {
        if (signal.aborted || !(error instanceof SourceError)) throw error;
        files.remove(pack);
      }
    }
    if (unusable.length > 0) files.sync();
    isDamaged = false;
  };

  const merge = async (signal: AbortSignal): Promise<void> => {
    rest();
    const keep = {
      whole: [...heads.map(({ oid }) => oid), ...(retained?.whole ?? [])],
      alone: retained?.alone ?? [],
      history: retained !== undefined,
    };
    const { missing } = await worker.merge(files, keep, limits, signal);
    isDamaged = false;
    mergedBytes = bytes();
    if (missing > 0) {
      heads = heads.map((head) => ({ ...head, whole: false }));
      writeHeads(files, heads);
    }
  };

  /** Runs what works on the disk; its errors say nothing about the server. */
  const onDisk = async <T>(work: () => T | Promise<T>, signal = NEVER): Promise<T> => {
    try {
      await isReady(signal);
      return await work();
    } catch (error) {
      throw diskError(error);
    }
  };
  const find = (oid: string): Promise<GitObject | undefined> => onDisk(() => open().find(oid));

  return {
    find,
    had: (oid) => onDisk(() => open().lists(oid)),
    async read(oid, type) {
      const found = await find(oid);
      if (found?.type === type) return found.content;
      const what = found ? `is a ${found.type} and not a ${type}` : 'was not sent by the server';
      throw new SourceError('notFound', `Git object ${oid} ${what}`);
    },
    add: (pack, signal) =>
      onDisk(async () => {
        const room = limits.diskBytes - bytes();
        const incoming = `incoming-${randomBytes(6).toString('hex')}${TEMPORARY}`;
        const index = incoming.replace(TEMPORARY, '.idx');
        try {
          const checksum = await receive(files, incoming, pack, limits, room);
          const name = packName(checksum);
          const indexed = await worker.index(files, { pack: incoming, index }, limits, signal);
          rest();
          files.rename(incoming, name);
          files.rename(`${index}${TEMPORARY}`, indexName(name));
          files.sync();
          return indexed;
        } catch (error) {
          files.remove(incoming);
          files.remove(`${index}${TEMPORARY}`);
          throw error;
        }
      }, signal),
    heads: () => onDisk(() => heads),
    keep: (head) =>
      onDisk(() => {
        heads = withHead(heads, head);
        writeHeads(files, heads);
      }),
    unpin: () =>
      onDisk(() => {
        if (!heads.some(({ pinned }) => pinned)) return;
        heads = heads.filter(({ pinned }) => !pinned);
        writeHeads(files, heads);
      }),
    retain(kept) {
      retained = kept;
    },
    tidy: (signal) =>
      onDisk(async () => {
        rest();
        const count = packs().length;
        const isLarge = bytes() > Math.max(limits.diskBytes / 2, 2 * mergedBytes);
        const wasDamaged = isDamaged;
        if (wasDamaged) await mend(signal);
        if (wasDamaged || count >= limits.packs || (isLarge && count > 1)) await merge(signal);
      }, signal),
    rest,
  };
}

const NEVER = new AbortController().signal;

const isLeftover = (name: string): boolean =>
  name.endsWith(TEMPORARY) || name.startsWith('fetch-') || (name.startsWith('pack-') && name.endsWith('.idx'));

function isWhole(files: PackFiles, pack: string): boolean {
  const reader = files.open(pack);
  try {
    return reader.size > TRAILER && packChecksum(reader).equals(checksumOf(pack));
  } finally {
    reader.close();
  }
}

/** Writes a pack to a file; the checksum it ends with, once that has been found right. */
async function receive(
  files: PackFiles,
  name: string,
  pack: AsyncIterable<Buffer>,
  limits: StoreLimits,
  room: number,
): Promise<string> {
  const hash = createHash('sha1');
  let tail: Buffer = Buffer.alloc(0);
  let bytes = 0;
  const file = files.create(name);
  try {
    for await (const data of pack) {
      bytes += data.length;
      if (bytes > limits.packBytes) throw overLimit('packBytes', limits);
      if (bytes > room) throw overLimit('diskBytes', limits);
      file.write(data);
      // The last 20 bytes are the checksum of all before them; which are the last shows only at the end.
      const kept = Math.max(0, TRAILER - data.length);
      hash.update(tail.subarray(0, Math.max(0, tail.length - kept)));
      tail = Buffer.concat([
        tail.subarray(Math.max(0, tail.length - kept)),
        data.subarray(Math.max(0, data.length - TRAILER)),
      ]);
      hash.update(data.subarray(0, Math.max(0, data.length - TRAILER)));
    }
    file.sync();
  } finally {
    file.close();
  }
  if (tail.length < TRAILER) throw cutOff();
  const checksum = hash.digest('hex');
  if (checksum !== tail.toString('hex')) throw damagedPack('its checksum is wrong');
  return checksum;
}

/** An error that is not a SourceError comes from the disk. */
export function diskError(error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  return new SourceError('local', `The files of a commit cannot be written to disk: ${messageOf(error)}`, {
    cause: error,
  });
}
