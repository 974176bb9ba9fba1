import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { turn } from '../../lib/turn.ts';
import { treeOf } from '../objects/git-object.ts';
import { rawEntries } from '../objects/git-tree.ts';
import { parentsOf } from '../objects/history.ts';
import type { StoreLimits } from '../store-limits.ts';
import { writeIndex } from './index-pack.ts';
import { type PackFiles, TEMPORARY } from './pack-files.ts';
import type { Indexed } from './pack-index.ts';
import { indexName, isPack, openPacks, type PackSet, packName } from './pack-set.ts';
import { packEntry, packHead } from './pack-writer.ts';

/** The objects that a merge keeps. */
export interface Kept {
  /** Commits, with all that they have. */
  whole: readonly string[];
  /** Objects without what they name. */
  alone: readonly string[];
  /** The commits before those, as far as they are here, are kept too, without what they have. */
  history: boolean;
}

export interface Merged {
  objects: number;
  /** Objects that a kept commit has and that are not here. */
  missing: number;
}

const TURN = 200;

/**
 * Writes what the kept commits have, as far as it is here, into one pack, and then removes all others. Each object is proven on its way, so
 * that nothing damaged is carried over. A crash at any moment leaves the old packs, or the new one beside them. Throws an error of the disk.
 */
export async function mergePacks(files: PackFiles, keep: Kept, limits: StoreLimits): Promise<Merged> {
  const old = files.list().filter(isPack);
  const set = openPacks(files, limits);
  const temporary = `merged${TEMPORARY}`;
  try {
    const { oids, missing } = await reachable(set, keep);
    if (oids.length > 0) {
      const { checksum, objects } = await writePack(files, temporary, set, oids);
      const name = packName(checksum.toString('hex'));
      const index = `${indexName(name)}${TEMPORARY}`;
      writeIndex(files, index, objects, checksum);
      files.rename(temporary, name);
      files.rename(index, indexName(name));
      files.sync();
      remove(
        files,
        old.filter((pack) => pack !== name),
      );
    } else {
      remove(files, old);
    }
    return { objects: oids.length, missing };
  } finally {
    set.close();
  }
}

/** The index first: a pack without one is worth nothing, an index without a pack would be a lie. */
function remove(files: PackFiles, packs: readonly string[]): void {
  for (const pack of packs) {
    files.remove(indexName(pack));
    files.remove(pack);
  }
  if (packs.length > 0) files.sync();
}

async function reachable(set: PackSet, keep: Kept): Promise<{ oids: string[]; missing: number }> {
  const oids = new Set<string>();
  const absent = new Set<string>();
  const stack: { oid: string; leaf: boolean }[] = keep.whole.map((oid) => ({ oid, leaf: false }));
  /** Commits whose parents are kept. */
  const commits: string[] = [];
  let looked = 0;
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { oid, leaf } = next;
    if (oids.has(oid) || absent.has(oid)) continue;
    if (++looked % TURN === 0) await turn();
    const object = set.find(oid);
    if (!object) {
      absent.add(oid);
      continue;
    }
    oids.add(oid);
    if (leaf) continue;
    if (object.type === 'commit') {
      commits.push(oid);
      const tree = treeOf(object.content);
      if (tree !== undefined) stack.push({ oid: tree, leaf: false });
    } else if (object.type === 'tree') {
      for (const { oid: child, kind } of rawEntries(object.content)) {
        if (kind !== 'submodule') stack.push({ oid: child, leaf: kind !== 'dir' });
      }
    }
  }
  for (const oid of keep.alone) {
    if (set.find(oid)?.type === 'commit') commits.push(oid);
    else if (!oids.has(oid) && set.find(oid)) oids.add(oid);
  }
  if (keep.history) await addHistory(set, commits, oids);
  return { oids: [...oids], missing: absent.size };
}

async function addHistory(set: PackSet, commits: readonly string[], oids: Set<string>): Promise<void> {
  const stack = [...commits];
  const seen = new Set<string>();
  for (let oid = stack.pop(); oid !== undefined; oid = stack.pop()) {
    if (seen.has(oid)) continue;
    seen.add(oid);
    if (seen.size % TURN === 0) await turn();
    const object = set.find(oid);
    if (object?.type !== 'commit') continue;
    oids.add(oid);
    stack.push(...parentsOf(object.content));
  }
}

async function writePack(
  files: PackFiles,
  name: string,
  set: PackSet,
  oids: readonly string[],
): Promise<{ checksum: Buffer; objects: Indexed[] }> {
  files.remove(name);
  const writer = files.create(name);
  const hash = createHash('sha1');
  const objects: Indexed[] = [];
  let offset = 0;
  const write = (data: Buffer): void => {
    hash.update(data);
    writer.write(data);
    offset += data.length;
  };
  try {
    write(packHead(oids.length));
    for (const [i, oid] of oids.entries()) {
      if (i % TURN === TURN - 1) await turn();
      const object = set.find(oid);
      if (!object) throw new Error(`Git object ${oid} was readable a moment ago and is no longer`);
      const bytes = packEntry(object);
      objects.push({ oid, offset, crc: crc32(bytes) });
      write(bytes);
    }
    const checksum = hash.digest();
    writer.write(checksum);
    writer.sync();
    return { checksum, objects };
  } finally {
    writer.close();
  }
}
