import { createHash } from 'node:crypto';
import { type FileHandle, lstat, unlink } from 'node:fs/promises';
import type { HostFile, OldFile } from '../model/state.ts';
import { below, type Folder, openHeld, openRoot } from './folder.ts';
import { isWithin, requireLocation, type Territory } from './territory.ts';
import { writeInto } from './write-into.ts';

/** A file to look at. A file of another size is not read; the size of a file that Git has dropped is not known any more. */
export interface AskedFile {
  path: string;
  size?: number;
}

/**
 * Reads and writes files of Git on the site's disk. Containers write to the same folders and may put anything there at any time: no link is followed,
 * no read waits, and an error concerns one file only.
 */
export interface HostFiles {
  /**
   * The digest and mode of each file that exists; words in place of a digest for an entry that is not a file, has another size or cannot be read.
   * Content is read again only when size, times, mode or inode changed. Never throws.
   */
  observe(asked: readonly AskedFile[]): Promise<Record<string, { digest: string; mode: number }>>;
  /**
   * All or nothing, also across a power cut. Replaces `old` files, empty folders and entries that hold no data; throws StateError that names any other
   * obstacle.
   */
  write(file: HostFile, old: readonly OldFile[]): Promise<void>;
  /** Succeeds if the file is gone already. Folders stay. */
  remove(path: string): Promise<void>;
}

/** Bytes that are read of a file of unknown size. As much as a site takes of one file by default. */
const MAX_READ = 64 * 1024 * 1024;
const CHUNK = 64 * 1024;

/** The digest of a decrypted file, by the random key of the site. */
export type SecretDigest = (path: string, content: Uint8Array) => string;

/** `secretDigest`: absent where nothing is decrypted. */
export function createHostFiles(territory: Territory, secretDigest?: SecretDigest): HostFiles {
  let known = new Map<string, { stamp: string; digest: string }>();
  const { secretsDir } = territory;
  const isSecret = (path: string): boolean => secretsDir !== undefined && isWithin(path, secretsDir);

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
        // A container can set any mtime, but no ctime.
        const stamp = `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.mode}`;
        const before = known.get(path);
        if (before?.stamp === stamp) return { ...before, mode };
        const keyed = isSecret(path) ? secretDigest : undefined;
        return {
          stamp,
          digest: await digestOf(held, Number(stat.size), keyed && ((content) => keyed(path, content))),
          mode,
        };
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

/** Differs from every file, so the agent writes it; the write reports the error. */
const UNREADABLE: Seen = { digest: 'unreadable', mode: 0 };

/** Reads no more than `size`, even if the file grows meanwhile. */
async function digestOf(held: FileHandle, size: number, keyed?: (content: Uint8Array) => string): Promise<string> {
  const file = await openHeld(held);
  try {
    if (keyed) return keyed(await readUpTo(file, size));
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

/** Secrets are small: an app has 1 MB of them at most in a file. */
async function readUpTo(file: FileHandle, size: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(buffer, at, size - at, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return buffer.subarray(0, at);
}

/** Opens the folder of a file without following a link; undefined if it does not exist. Throws StateError outside of the territory. */
async function within<T>(
  path: string,
  territory: Territory,
  use: (folder: Folder, name: string) => Promise<T>,
): Promise<T | undefined> {
  const { root, parts } = requireLocation(path, territory);
  const folder = await openRoot(root);
  if (!folder) return undefined;
  return below(folder, parts, use).finally(() => folder.close());
}
