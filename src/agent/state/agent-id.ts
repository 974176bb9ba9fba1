import type { Clock } from '../../lib/clock.ts';
import type { Disk } from '../../lib/disk.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { seal, unseal } from './state-file.ts';

const VERSION = 1;

/**
 * The random ID of a state folder, with which its agent labels what it makes. It is drawn at the first start; an ID that cannot be stored lasts until
 * the agent ends. Throws StateError for the file of a newer Holdfast.
 */
export async function agentId(disk: Disk, path: string, clock: Clock, log: Log): Promise<string> {
  const found = await disk.read(path).catch(() => undefined);
  const kept = found && unseal(path, Buffer.from(found).toString('utf8'), VERSION);
  if (typeof kept === 'string') return kept;
  if (found) log.warn(`${path} is damaged: this agent goes on with another ID`);
  const part = (): string =>
    Math.floor(clock.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  const id = part() + part();
  await disk.write(path, seal(VERSION, id), 0o600).catch((error: unknown) => {
    log.warn(`the ID of this agent cannot be kept in ${path}: ${messageOf(error)}`);
  });
  return id;
}
