import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { endPrivateEngine, repoDir } from '../scripts/engine.ts';
import { engineAt } from '../scripts/machine/engine-http.ts';
import { startTime } from '../scripts/machine/processes.ts';
import { removeImages } from './shop.ts';
import { clear } from './stage.ts';

/** The folder of the demo's repo, the agent's state and the logs. */
export const DEMO_DIR = join(repoDir, '.holdfast', 'demo');
/** A site name that nobody else uses. */
export const SITE = 'demo-lisbon';

const FILE = join(repoDir, '.holdfast', 'demo.json');

/** The record that a demo writes before it creates anything, so that another demo can clean up after it. */
interface Claim {
  pid: number;
  /** The start time of the process, because the system reuses process IDs. */
  since: string;
  host: string;
  isPrivate: boolean;
  /** The private engine stays after the demo. */
  kept: boolean;
}

export interface Owner {
  pid: number;
  /** The demo is running now. */
  isPlaying: boolean;
  /** Removes everything that the demo left. */
  clear(): Promise<void>;
}

/** Records that this process plays the demo on an engine. */
export async function claim(engine: { host: string; isPrivate: boolean }, kept = false): Promise<void> {
  const { host, isPrivate } = engine;
  const mine: Claim = { pid: process.pid, since: (await startTime(process.pid)) ?? '', host, isPrivate, kept };
  await mkdir(dirname(FILE), { recursive: true });
  await writeFile(FILE, JSON.stringify(mine));
}

export const unclaim = (): Promise<void> => rm(FILE, { force: true });

/** The recorded demo: it is running, was kept or was killed. */
export async function ownerOf(): Promise<Owner | undefined> {
  const text = await readFile(FILE, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { pid, since, host, isPrivate, kept } = JSON.parse(text) as Claim;
  return {
    pid,
    isPlaying: (await startTime(pid)) === since,
    async clear() {
      // The engine is gone, so its containers are gone, too, or are there again when somebody starts it.
      await clear(DEMO_DIR, (await engineAt(host)) && host, SITE);
      if (isPrivate) await endPrivateEngine({ weKeptIt: kept });
      if (!isPrivate && (await engineAt(host))) await removeImages(host);
      await unclaim();
    },
  };
}
