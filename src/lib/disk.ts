import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The files that Holdfast reads and writes on the site. Paths are absolute. */
export interface Disk {
  /** undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /**
   * Writes all of the file or nothing, even in a power cut: temporary file, fsync, rename, fsync of the folder. Creates missing folders.
   * When the disk is full, the old content stays.
   */
  write(path: string, content: Uint8Array | string, mode?: number): Promise<void>;
  /** Removes a file. It is no error when there is no such file. Empty folders stay. */
  remove(path: string): Promise<void>;
  /** The names in a folder, sorted; empty when there is no such folder. */
  list(dir: string): Promise<string[]>;
  /** The facts that show, without reading a file, that it changed; undefined when there is no such file. */
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

/** Creates a folder and its parents, and syncs each parent, so that a power cut cannot lose the new folders. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/**
 * Replaces a file: writes a temporary file beside it, syncs it, then renames it. `at` gives the path of an entry of the folder. The caller
 * syncs the folder. A link with the temporary name is not followed.
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
