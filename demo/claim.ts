import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { endPrivateEngine, repoDir } from '../scripts/engine.ts';
import { engineAt } from '../scripts/machine/engine-http.ts';
import { startTime } from '../scripts/machine/processes.ts';
import { removeImages } from './shop.ts';
import { clear } from './stage.ts';

/** Where the demo's repo, the agent's state and the logs are. */
export const DEMO_DIR = join(repoDir, '.holdfast', 'demo');
/** Not a name that a site of somebody's would have. */
export const SITE = 'demo-lisbon';

const FILE = join(repoDir, '.holdfast', 'demo.json');

/** What a demo wrote down before it made anything, so that another can clean up after it. */
interface Claim {
  pid: number;
  /** The process's start, so that a number used again is not taken for it. */
  since: string;
  host: string;
  isPrivate: boolean;
  /** The private engine was told to stay. */
  kept: boolean;
}

export interface Owner {
  pid: number;
  /** It is at it right now. */
  isPlaying: boolean;
  /** Removes all that it left behind. */
  clear(): Promise<void>;
}

/** Writes down that this process plays on that engine. */
export async function claim(engine: { host: string; isPrivate: boolean }, kept = false): Promise<void> {
  const { host, isPrivate } = engine;
  const mine: Claim = { pid: process.pid, since: (await startTime(process.pid)) ?? '', host, isPrivate, kept };
  await mkdir(dirname(FILE), { recursive: true });
  await writeFile(FILE, JSON.stringify(mine));
}

export const unclaim = (): Promise<void> => rm(FILE, { force: true });

/** Whose demo is here: one that plays, was kept or was killed. */
export async function ownerOf(): Promise<Owner | undefined> {
  const text = await readFile(FILE, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { pid, since, host, isPrivate, kept } = JSON.parse(text) as Claim;
  return {
    pid,
    isPlaying: (await startTime(pid)) === since,
    async clear() {
      // An engine that is gone took its containers along, or shows them again to whoever starts it.
      await clear(DEMO_DIR, (await engineAt(host)) && host, SITE);
      if (isPrivate) await endPrivateEngine({ weKeptIt: kept });
      if (!isPrivate && (await engineAt(host))) await removeImages(host);
      await unclaim();
    },
  };
}
