import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sizeText } from '../../../lib/units/size.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';

/** With less free space an agent cannot keep a new state; with little, the next image may fill the disk. In bytes. */
const LEAST = 64 * 1024 ** 2;
const LITTLE = 512 * 1024 ** 2;

/** Can the agent write to a folder, and is there space? `flag` names the folder. Nothing is written. */
export async function checkFolder(path: string, flag: string): Promise<Finding> {
  const existing = await nearest(path);
  if (!(await stat(existing)).isDirectory())
    return problem(`${path} cannot be a folder: ${existing} is a file`, `name another folder with ${flag}`);
  const refused = await access(existing, constants.W_OK | constants.X_OK).then(
    () => undefined,
    ({ code }: NodeJS.ErrnoException) => code ?? 'unknown',
  );
  if (refused !== undefined) return unwritable(path, existing, refused, flag);
  const { bavail, bsize, files, ffree } = await statfs(existing);
  return spaceFinding(path, { free: bavail * bsize, noFiles: files > 0 && ffree === 0, isThere: existing === path });
}

/** The finding about a folder that the system does not let be written to. */
export const unwritable = (path: string, existing: string, code: string, flag: string): Finding =>
  code === 'EROFS'
    ? problem(
        `${path} cannot be written to: its disk is read-only`,
        'look for errors of the disk in `dmesg`, then mount it for writing; a container needs the mount without :ro',
      )
    : problem(
        `${path} cannot be written to: ${existing} refuses this user (${code})`,
        `run this as the user of the agent (often root), give that user the folder, or name another one with ${flag}`,
      );

/** The finding about a folder that can be written to. `free`: bytes. */
export function spaceFinding(
  path: string,
  { free, noFiles, isThere }: { free: number; noFiles: boolean; isThere: boolean },
): Finding {
  const words = `${sizeText(free)} are free in ${path}`;
  const todo = 'free some space: `docker system df` shows what the engine holds';
  if (noFiles) return problem(`the disk of ${path} takes no more files`, 'remove files: `df -i` shows the disk');
  if (free < LEAST) return problem(`only ${words}, and the agent keeps no new state without more`, todo);
  if (free < LITTLE) return warning(`only ${words}`, todo);
  return ok(isThere ? `it can be written to; ${words}` : `the agent can make it; ${words}`);
}

/** The path itself, or the folder above it that is there. */
export async function nearest(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    try {
      await stat(at);
      return at;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || at === dirname(at)) throw error;
    }
  }
}
