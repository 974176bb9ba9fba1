import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTime } from './processes.ts';

/**
 * The processes that use a shared thing, as files in a folder: one for each process. A run that was killed leaves its file behind; it counts no
 * more, since no process of that number and start time lives.
 */
export interface Lease {
  /** Gives it up. True where nobody else holds one, and nobody asked to keep the thing: it may go. */
  release(): Promise<boolean>;
  /** The thing stays, also after everybody left. */
  keep(): Promise<void>;
}

const KEPT = 'kept';

export async function takeLease(folder: string): Promise<Lease> {
  await mkdir(folder, { recursive: true });
  const mine = join(folder, `${process.pid}-${await startTime(process.pid)}`);
  await writeFile(mine, '');
  return {
    async release() {
      await rm(mine, { force: true });
      return !(await isHeld(folder));
    },
    keep: () => writeFile(join(folder, KEPT), ''),
  };
}

/** True when a living process uses the thing, or somebody asked to keep it. */
export async function isHeld(folder: string): Promise<boolean> {
  for (const name of await namesIn(folder)) {
    if (name === KEPT) return true;
    const [pid, since] = name.split('-');
    if ((await startTime(Number(pid))) === since) return true;
    await rm(join(folder, name), { force: true });
  }
  return false;
}

const namesIn = async (folder: string): Promise<string[]> => (existsSync(folder) ? readdir(folder) : []);

/** Ends a `keep`. */
export const endKeep = (folder: string): Promise<void> => rm(join(folder, KEPT), { force: true });
