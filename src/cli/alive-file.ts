import { writeFile } from 'node:fs/promises';
import { type Clock, every } from '../lib/clock.ts';

/** How often the file is renewed; a health check calls an agent dead after a few times that. */
const EVERY_MS = 10_000;

/**
 * Renews a file for as long as this process does its work, so that a health check can tell one that hangs from one that is idle. It belongs in
 * memory (`/run`), since an idle agent writes nothing to a disk. The first write tells whether it can be written; later failures are ignored, as
 * the file then grows old, which is the message. Rejects where the first write fails. Returns how to stop.
 */
export async function keepAlive(path: string, clock: Pick<Clock, 'timer'>): Promise<() => void> {
  const renew = (): Promise<void> => writeFile(path, `${process.pid}\n`);
  await renew();
  return every(clock, EVERY_MS, () => void renew().catch(() => undefined));
}
