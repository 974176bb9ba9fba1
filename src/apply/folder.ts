import { existsSync } from 'node:fs';
import { constants, type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** Linux: names a file without opening it, so that a FIFO does not block and a device does nothing. Node has no name for it. */
const O_PATH = 0o10000000;
const hasProc = process.platform === 'linux' && existsSync('/proc/self/fd');

/** An open folder. What is below it is named through the open handle, so that whoever swaps a folder above it for a link changes nothing. */
export class Folder {
  readonly path: string;
  readonly handle: FileHandle;

  constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  /** Where an entry is for system calls that do not follow a link in the last part. Without /proc that is its path. */
  at(name: string): string {
    return hasProc ? `/proc/self/fd/${this.handle.fd}/${name}` : join(this.path, name);
  }

  /** Where the folder really lies. */
  get self(): string {
    return hasProc ? `/proc/self/fd/${this.handle.fd}` : this.path;
  }

  /** A folder in this one. 'absent' where there is nothing, 'obstacle' where there is something else, a link among it. */
  async child(name: string): Promise<Folder | 'absent' | 'obstacle'> {
    const path = this.at(name);
    try {
      if (!hasProc && !(await lstat(path)).isDirectory()) return 'obstacle';
      const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);
      return new Folder(join(this.path, name), handle);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return 'absent';
      if (code === 'ENOTDIR' || code === 'ELOOP' || code === 'EMLINK') return 'obstacle';
      throw error;
    }
  }

  /** A file in this one, held without being opened; undefined where there is nothing. */
  async hold(name: string): Promise<FileHandle | undefined> {
    const flags = hasProc ? O_PATH | O_NOFOLLOW : O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    if (!hasProc && !(await isPlain(this.at(name)))) return undefined;
    return open(this.at(name), flags).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** The folder that a site's own setting names: links on the way to it are the site's own, and are followed. undefined where there is none. */
export async function openRoot(path: string): Promise<Folder | undefined> {
  try {
    return new Folder(path, await open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * Does something with the entry that `parts` lead to below an open folder, each folder on the way opened in the one before; undefined where one of
 * them is not there, or is none.
 */
export async function below<T>(
  from: Folder,
  parts: readonly string[],
  use: (folder: Folder, name: string) => Promise<T>,
): Promise<T | undefined> {
  let folder = from;
  try {
    for (const part of parts.slice(0, -1)) {
      const next = await folder.child(part);
      if (!(next instanceof Folder)) return undefined;
      if (folder !== from) await folder.close();
      folder = next;
    }
    return await use(folder, parts.at(-1) as string);
  } finally {
    if (folder !== from) await folder.close();
  }
}

/** A regular file that is held, opened for reading: the very one, whatever bears its name by now. */
export const openHeld = (held: FileHandle): Promise<FileHandle> | FileHandle =>
  hasProc ? open(`/proc/self/fd/${held.fd}`, O_RDONLY | O_NONBLOCK) : held;

/** Opening a FIFO or a device may do something: where it cannot be held, its kind is asked first. */
const isPlain = async (path: string): Promise<boolean> => (await lstat(path).catch(() => undefined))?.isFile() ?? false;
