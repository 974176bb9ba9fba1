import { mkdir } from 'node:fs/promises';
import { systemClock } from '../../lib/clock.ts';
import { InputError } from '../../lib/errors.ts';
import { keepAlive } from './alive-file.ts';

/** Makes a folder. Throws InputError for a path that can never be one. A disk that is full or read-only for now does not keep the agent from healing. */
export async function requireFolder(path: string, flag: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch(({ code }: NodeJS.ErrnoException) => {
    if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EACCES')
      throw InputError.of(`${flag} ${path} cannot be a folder: ${code}`);
  });
}

/** Renews the alive file from now on, and gives the function that ends it. Throws InputError if the file cannot be written. */
export const renewAliveFile = (path: string): Promise<() => void> =>
  keepAlive(path, systemClock).catch(({ code }: NodeJS.ErrnoException) => {
    throw InputError.of(
      `--alive-file ${path} cannot be written: ${code}`,
      'name a file in a folder that exists, for example below /run',
    );
  });
