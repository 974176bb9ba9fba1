import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The site's disk, as far as Holdfast writes to it. Paths are absolute. */
export interface Disk {
  /** undefined where there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /**
   * All or nothing, also across a power cut: temporary file, fsync, rename, fsync of the folder. Makes missing folders. A full disk leaves the
   * old content in place.
   */
  write(path: string, content: Uint8Array | string, mode?: number): Promise<void>;
  /** Gone afterwards, whether or not it was there. Empty folders stay. */
  remove(path: string): Promise<void>;
  /** Names in a folder, sorted; empty where there is no such folder. */
  list(dir: string): Promise<string[]>;
  /** What tells without reading whether a file changed; undefined where there is none. */
  stat(path: string): Promise<{ size: number; mtimeMs: number; ino: number; mode: number } | undefined>;
}

export const TEMPORARY_SUFFIX = '.holdfast-tmp';

const absent = (error: unknown): undefined => {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
};

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Makes a folder and those above it; a power cut takes back none of them, and with it what is in it. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/**
 * Puts a file in the place of what bears its name, by a temporary one beside it: all of it is on the disk before the rename. `at` says where an entry
 * of the folder is; the caller syncs the folder. A link that bears the temporary name is not followed.
 */
export async function replaceFile(
  at: (name: string) => string,
  name: string,
  content: Uint8Array | string,
  mode: number,
): Promise<void> {
  const temporary = at(`.${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, at(name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

export const systemDisk: Disk = {
  read: (path) => readFile(path).catch(absent),

  async write(path, content, mode = 0o644) {
    const folder = dirname(path);
    await makeFolder(folder);
    await replaceFile((name) => join(folder, name), basename(path), content, mode);
    await syncFolder(folder);
  },

  async remove(path) {
    await unlink(path).catch(absent);
  },

  list: async (dir) => (await readdir(dir).catch(absent))?.sort() ?? [],

  async stat(path) {
    const found = await stat(path).catch(absent);
    return found && { size: found.size, mtimeMs: found.mtimeMs, ino: found.ino, mode: found.mode & 0o7777 };
  },
};
