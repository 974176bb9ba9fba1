import { writeFile } from 'node:fs/promises';
import { type Clock, every, systemClock } from '../../lib/clock.ts';
import { InputError } from '../../lib/errors.ts';

/** The file is renewed this often. A health check calls an agent dead after a few times that. */
const EVERY_MS = 10_000;

/**
 * Renews a file while this process works, so that a health check can tell an agent that hangs from one that is idle. The file belongs in memory
 * (`/run`), since an idle agent writes nothing to a disk. Rejects if the first write fails. Later failures are ignored: the file then grows old, and
 * the health check sees that. Returns a function that ends it.
 */
export async function keepAlive(path: string, clock: Pick<Clock, 'timer'>): Promise<() => void> {
  const renew = (): Promise<void> => writeFile(path, `${process.pid}\n`);
  await renew();
  return every(clock, EVERY_MS, () => void renew().catch(() => undefined));
}

/** Renews the alive file from now on, and gives the function that ends it. Throws InputError if the file cannot be written. */
export const renewAliveFile = (path: string): Promise<() => void> =>
  keepAlive(path, systemClock).catch(({ code }: NodeJS.ErrnoException) => {
    throw InputError.of(
      `--alive-file ${path} cannot be written: ${code}`,
      'name a file in a folder that exists, for example below /run',
    );
  });
