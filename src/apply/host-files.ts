import { createHash } from 'node:crypto';
import { type FileHandle, lstat, unlink } from 'node:fs/promises';
import type { HostFile, OldFile } from '../model/state.ts';
import { below, type Folder, openHeld, openRoot } from './folder.ts';
import { requirePlace, type Territory } from './territory.ts';
import { writeInto } from './write-into.ts';

/** A file that is asked for. Only one of Git's size is read; of one that Git has dropped the size is not known any more. */
export interface AskedFile {
  path: string;
  size?: number;
}

/**
 * Files of Git on the site's disk: what is there, and writing what should be. Containers write to the same folders and may put anything there at
 * any time: no link is followed, nothing is waited for, and an error is that one file's.
 */
export interface HostFiles {
  /**
   * Digest and mode of those that exist; a digest that no file has stands for what is no file, of another size or unreadable. Content is read
   * again only when size, times, mode or inode changed. Never throws.
   */
  observe(asked: readonly AskedFile[]): Promise<Record<string, { digest: string; mode: number }>>;
  /**
   * All or nothing, also across a power cut. `old` files give way to it, and so do empty folders and what holds no data; anything else that is in
   * its way is named. Throws StateError.
   */
  write(file: HostFile, old: readonly OldFile[]): Promise<void>;
  /** Gone afterwards, whether or not it was there. Folders stay. */
  remove(path: string): Promise<void>;
}

/** Bytes of a file whose size is not known that are read; the most that a site takes of one file unless told otherwise. */
const MAX_READ = 64 * 1024 * 1024;
const CHUNK = 64 * 1024;

export function createHostFiles(territory: Territory): HostFiles {
  let known = new Map<string, { stamp: string; digest: string }>();

  async function look({ path, size }: AskedFile): Promise<Seen | undefined> {
    return within(path, territory, async (folder, name) => {
      const held = await folder.hold(name);
      try {
        const stat = await held?.stat({ bigint: true });
        if (!held || !stat) return undefined;
        const mode = Number(stat.mode & 0o7777n);
        if (!stat.isFile()) return { digest: 'no file', mode };
        if (size === undefined ? stat.size > MAX_READ : stat.size !== BigInt(size))
          return { digest: 'another size', mode };
        // A container sets any mtime it likes, but no ctime.
        const stamp = `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.mode}`;
        const before = known.get(path);
        if (before?.stamp === stamp) return { ...before, mode };
        return { stamp, digest: await digestOf(held, Number(stat.size)), mode };
      } finally {
        await held?.close();
      }
    });
  }

  return {
    async observe(asked) {
      const found: Record<string, { digest: string; mode: number }> = {};
      const seen: typeof known = new Map();
      for (const each of asked) {
        const { digest, mode, stamp }: Seen = (await look(each).catch(() => UNREADABLE)) ?? {};
        if (digest === undefined || mode === undefined) continue;
        found[each.path] = { digest, mode };
        if (stamp !== undefined) seen.set(each.path, { stamp, digest });
      }
      known = seen;
      return found;
    },

    write: (file, old) => writeInto(territory, file, old, (path) => look({ path }).then((seen) => seen?.digest)),

    async remove(path) {
      await within(path, territory, async (folder, name) => {
        const found = await lstat(folder.at(name)).catch(() => undefined);
        if (!found || found.isDirectory()) return;
        await unlink(folder.at(name));
        await folder.handle.sync();
      });
    },
  };
}

interface Seen {
  digest?: string;
  mode?: number;
  stamp?: string;
}

/** Its write is tried, and says why it cannot be. */
const UNREADABLE: Seen = { digest: 'unreadable', mode: 0 };

/** Reads no more than was there when it was looked at. */
async function digestOf(held: FileHandle, size: number): Promise<string> {
  const file = await openHeld(held);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, size)));
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - at), at);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return hash.digest('hex');
  } finally {
    if (file !== held) await file.close();
  }
}

/** Gives the folder of a file, walked to without following a link; undefined where it is not there. Throws StateError outside of the territory. */
async function within<T>(
  path: string,
  territory: Territory,
  use: (folder: Folder, name: string) => Promise<T>,
): Promise<T | undefined> {
  const { root, parts } = requirePlace(path, territory);
  const folder = await openRoot(root);
  if (!folder) return undefined;
  return below(folder, parts, use).finally(() => folder.close());
}
