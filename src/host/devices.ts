import type { Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { globMatches } from '../lib/text/glob.ts';

/** Devices of the host, below the folder at which its `/` is mounted. Links lead to the host's paths, so they are followed by hand. */

/** Links on one path; the kernel has the same limit. */
const MOST_LINKS = 40;

/** True for a path of the host that leads to a device, or to a folder that has something in it. `*` in its last part matches any text. */
export async function hasPath(root: string, path: string): Promise<boolean> {
  const cut = path.lastIndexOf('/');
  const name = path.slice(cut + 1);
  if (!name.includes('*')) return isDevice(root, path);
  const folder = path.slice(0, cut);
  for (const each of await namesIn(root, folder))
    if (globMatches(name, each) && (await isDevice(root, `${folder}/${each}`))) return true;
  return false;
}

/** The names in a folder of the host; none where there is no such folder. Throws what the disk throws. */
export async function namesIn(root: string, folder: string): Promise<string[]> {
  const found = await resolve(root, folder);
  return found?.stats.isDirectory() ? absentAs(readdir(root + found.path), []) : [];
}

/** The depth to which devices are listed, and the most of them: a machine has some hundreds. */
const LIST = { depth: 6, most: 10_000 };
/** Terminals of programs come and go all the time, and nobody requires one. */
const NOT_LISTED = '/dev/pts';

/** The paths of all devices below /dev, and of links that lead to one, sorted. Links are not walked into. Throws what the disk throws. */
export async function allDevices(root: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (folder: string, depth: number): Promise<void> => {
    for (const entry of await absentAs(readdir(root + folder, { withFileTypes: true }), [])) {
      const path = `${folder}/${entry.name}`;
      if (found.length >= LIST.most || path === NOT_LISTED) continue;
      if (entry.isDirectory()) {
        if (depth < LIST.depth) await walk(path, depth + 1);
      } else if (await isDevice(root, path)) found.push(path);
    }
  };
  await walk('/dev', 1);
  return found.sort();
}

async function isDevice(root: string, path: string): Promise<boolean> {
  const found = await resolve(root, path);
  if (!found) return false;
  const { stats } = found;
  if (stats.isDirectory()) return (await namesIn(root, found.path)).length > 0;
  return stats.isCharacterDevice() || stats.isBlockDevice();
}

/** The end of all links; undefined where it leads nowhere, or round in a circle. */
async function resolve(root: string, path: string): Promise<{ path: string; stats: Stats } | undefined> {
  let left = posix.normalize(path).split('/').filter(Boolean);
  let here = '';
  let links = 0;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    const next = `${here}/${part}`;
    const stats = await absentAs<Stats | undefined>(lstat(root + next), undefined);
    if (!stats) return undefined;
    if (!stats.isSymbolicLink()) {
      here = next;
      if (left.length === 0) return { path: here, stats };
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) return undefined;
    // `..` of a link counts from the link's own folder, and `/` is that of the host.
    const target = posix.resolve(here === '' ? '/' : here, await readlink(root + next));
    left = [...target.split('/').filter(Boolean), ...left];
    here = '';
  }
  return undefined;
}

async function absentAs<T>(asked: Promise<T>, absent: T): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return absent;
    throw error;
  }
}
