import type { Clock } from '../../lib/clock.ts';
import type { Disk } from '../../lib/disk.ts';
import type { Log } from '../../lib/log.ts';
import { drawnOnce } from './drawn-once.ts';

/** The random ID of a state folder, with which its agent labels what it makes. Throws StateError for the file of a newer Holdfast. */
export async function agentId(disk: Disk, path: string, clock: Clock, log: Log): Promise<string> {
  const part = (): string =>
    Math.floor(clock.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  const id = { draw: () => part() + part(), name: 'the ID of this agent', loss: 'this agent goes on with another ID' };
  return drawnOnce(disk, path, id, log);
}
