import type { Disk } from '../../lib/disk.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { seal, unseal } from './state-file.ts';

const VERSION = 1;

/** A random text that a state folder keeps from its first start on. */
interface Drawn {
  draw: () => string;
  /** Refuses a text of another program. Default: every text is right. */
  isRight?: (text: string) => boolean;
  /** In words: its name, and what the loss of it means. */
  name: string;
  loss: string;
}

/** Gives the text, and draws it at the first start. One that cannot be stored lasts until the agent ends. Throws StateError for the file of a newer Holdfast. */
export async function drawnOnce(
  disk: Disk,
  path: string,
  { draw, isRight = () => true, name, loss }: Drawn,
  log: Log,
): Promise<string> {
  const found = await disk.read(path).catch(() => undefined);
  const kept = found && unseal(path, Buffer.from(found).toString('utf8'), VERSION);
  if (typeof kept === 'string' && isRight(kept)) return kept;
  if (found) log.warn(`${path} is damaged: ${loss}`);
  const text = draw();
  await disk.write(path, seal(VERSION, text), 0o600).catch((error: unknown) => {
    log.warn(`${name} cannot be kept in ${path}: ${messageOf(error)}`);
  });
  return text;
}
