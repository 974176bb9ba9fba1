import type { Clock } from '../../lib/clock.ts';
import type { Disk } from '../../lib/disk.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';

const FORM = /^[0-9a-f]{16}$/;

/**
 * The random ID of a state folder, with which its agent marks what it makes: made the first time. Where it cannot be kept, it is this life's.
 */
export async function agentId(disk: Disk, path: string, clock: Clock, log: Log): Promise<string> {
  const found = await disk.read(path).catch(() => undefined);
  const kept = found && Buffer.from(found).toString('utf8').trim();
  if (kept !== undefined && FORM.test(kept)) return kept;
  if (kept !== undefined) log.warn(`${path} is damaged: this agent goes on with another ID`);
  const part = (): string =>
    Math.floor(clock.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  const id = part() + part();
  await disk.write(path, `${id}\n`, 0o600).catch((error: unknown) => {
    log.warn(`the ID of this agent cannot be kept in ${path}: ${messageOf(error)}`);
  });
  return id;
}
