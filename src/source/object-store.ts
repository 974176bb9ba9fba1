import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SourceError } from '../lib/errors.ts';
import { cutOff } from './pkt-line.ts';

/** The objects of one fetched pack, in a folder of their own. */
export interface ObjectStore {
  /** Raw content. Throws SourceError when it is not there, is of another type, or cannot be read. */
  read(oid: string, type: 'commit' | 'tree' | 'blob' | 'tag'): Promise<Uint8Array>;
  typeOf(oid: string): Promise<string | undefined>;
  dispose(): Promise<void>;
}

/** An agent that finds nothing new for months need not hold this in memory. */
const loadGit = () => import('isomorphic-git');

const PREFIX = 'fetch-';
const TRAILER = 20;

/** Removes stores left behind by a run that was killed. Throws SourceError. */
export async function removeLeftovers(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    for (const name of await readdir(dir)) {
      if (name.startsWith(PREFIX)) await rm(join(dir, name), { recursive: true, force: true });
    }
  } catch (error) {
    throw diskError(error);
  }
}

/** Takes a pack in, below `dir`. Nothing of it is believed before its checksum is right and its index is made; on failure nothing is left. */
export async function storePack(dir: string, pack: AsyncIterable<Buffer>): Promise<ObjectStore> {
  const gitdir = join(dir, `${PREFIX}${randomBytes(6).toString('hex')}`);
  const dispose = (): Promise<void> => rm(gitdir, { recursive: true, force: true });
  try {
    const packs = join(gitdir, 'objects', 'pack');
    await mkdir(packs, { recursive: true });
    await writeFile(join(gitdir, 'HEAD'), 'ref: refs/heads/none\n');
    const incoming = join(packs, 'incoming');
    const checksum = await receive(incoming, pack);
    const name = `pack-${checksum}.pack`;
    await rename(incoming, join(packs, name));
    await index(gitdir, `objects/pack/${name}`);
  } catch (error) {
    await dispose();
    throw diskError(error);
  }

  // The library keeps the parsed index and the pack in here; without it each read would check the whole pack again.
  let cache: object = {};
  const get = async (oid: string) => {
    const { readObject } = await loadGit();
    try {
      const found = await readObject({ fs, gitdir, oid, format: 'content', cache });
      return { type: found.type, object: found.object as Uint8Array };
    } catch (error) {
      if ((error as { code?: string }).code === 'NotFoundError') return undefined;
      throw new SourceError('protocol', `Git object ${oid} cannot be read: ${messageOf(error)}`, { cause: error });
    }
  };
  return {
    async read(oid, type) {
      const found = await get(oid);
      if (found?.type === type) return found.object;
      const what = found ? `is a ${found.type} and not a ${type}` : 'was not sent by the server';
      throw new SourceError(found ? 'protocol' : 'notFound', `Git object ${oid} ${what}`);
    },
    typeOf: async (oid) => (await get(oid))?.type,
    async dispose() {
      cache = {};
      await dispose();
    },
  };
}

/** Writes a pack to a file; the checksum it ends with, once that has been found right. */
async function receive(path: string, pack: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha1');
  let tail: Buffer = Buffer.alloc(0);
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const data of pack) {
      await file.writeFile(data);
      // The last 20 bytes are the checksum of all before them; which are the last shows only at the end.
      const seen = Buffer.concat([tail, data]);
      const end = Math.max(0, seen.length - TRAILER);
      hash.update(seen.subarray(0, end));
      tail = seen.subarray(end);
    }
  } finally {
    await file.close();
  }
  if (tail.length < TRAILER) throw cutOff();
  const checksum = hash.digest('hex');
  if (checksum !== tail.toString('hex')) {
    throw new SourceError(
      'protocol',
      'The pack that the Git server sent is damaged: its checksum is wrong. It will be fetched again',
    );
  }
  return checksum;
}

async function index(gitdir: string, filepath: string): Promise<void> {
  const { indexPack } = await loadGit();
  try {
    await indexPack({ fs, dir: gitdir, gitdir, filepath, cache: {} });
  } catch (error) {
    // A full disk says nothing about the server.
    if (typeof (error as NodeJS.ErrnoException).syscall === 'string') throw diskError(error);
    throw new SourceError('protocol', `The pack that the Git server sent cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** What is not a SourceError yet comes from the disk. */
function diskError(error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  return new SourceError('limit', `The files of a commit cannot be written to disk: ${messageOf(error)}`, {
    cause: error,
  });
}
