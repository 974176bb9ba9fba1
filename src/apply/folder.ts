import { existsSync } from 'node:fs';
import { constants, type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** Linux: holds a file without opening it, so that a FIFO does not block and a device does nothing. Node has no name for the flag. */
const O_PATH = 0o10000000;
const hasProc = process.platform === 'linux' && existsSync('/proc/self/fd');

/** An open folder. Entries are named through the open handle, so that a link put in place of a folder above changes nothing. */
export class Folder {
  readonly path: string;
  readonly handle: FileHandle;

  constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  /** The path of an entry for system calls that do not follow a link in the last part. Without /proc it is the plain path. */
  at(name: string): string {
    return hasProc ? `/proc/self/fd/${this.handle.fd}/${name}` : join(this.path, name);
  }

  /** The path of the folder itself. */
  get self(): string {
    return hasProc ? `/proc/self/fd/${this.handle.fd}` : this.path;
  }

  /** A folder in this one. 'obstacle': the entry is something else, for example a link. */
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

  /** A file in this one, held without being opened; undefined if there is no such entry. */
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

/** The folder that a site's own setting names. Links on the way to it are the site's own and are followed. undefined if there is no folder. */
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
 * Uses the entry that `parts` lead to below an open folder. Opens each folder on the way inside the one before; undefined if one of them does not
 * exist or is not a folder.
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

/** Opens a held file for reading: the same file, even if its name belongs to another one by now. */
export const openHeld = (held: FileHandle): Promise<FileHandle> | FileHandle =>
  hasProc ? open(`/proc/self/fd/${held.fd}`, O_RDONLY | O_NONBLOCK) : held;

/** Opening a FIFO or a device may have an effect: if it cannot be held, its kind is checked first. */
const isPlain = async (path: string): Promise<boolean> => (await lstat(path).catch(() => undefined))?.isFile() ?? false;
