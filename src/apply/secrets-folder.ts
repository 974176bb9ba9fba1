import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, statfs } from 'node:fs/promises';
import { StateError } from '../lib/errors.ts';

/** tmpfs and ramfs. Source: linux/magic.h. */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/**
 * Makes the folder of decrypted files, for the agent alone, and checks that it is in memory: a file on a disk outlives its removal. Throws StateError.
 */
export async function requireMemory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const { mode } = await checkMemory(path);
  // An engine makes a missing folder that a container binds, and lets everybody read it.
  if ((mode & 0o077) !== 0) await chmod(path, 0o700);
}

/** The same check of a folder that is there, without a change. Throws StateError. */
export async function checkMemory(path: string): Promise<Stats> {
  const found = await lstat(path);
  if (!found.isDirectory()) throw new StateError(`${path} is not a folder, and decrypted secrets belong there`);
  const own = process.getuid?.();
  if (own !== undefined && found.uid !== own)
    throw new StateError(`${path} belongs to another user (${found.uid}), who could read the secrets in it`);
  if (!(await isInMemory(path)))
    throw new StateError(
      `${path} is on a disk, and decrypted secrets are kept in memory alone: mount a tmpfs there, or name another folder with --secrets-dir; an agent in a container needs the host's folder at the same path`,
    );
  return found;
}

/** A file or folder is in memory, and not on a disk. */
export const isInMemory = async (path: string): Promise<boolean> => IN_MEMORY.has((await statfs(path)).type);
