import { guardFolders } from '../../apply/guard-folders.ts';
import { outsideValues } from '../../compose/outside-values.ts';
import { converge } from '../converge.ts';
import { type DesiredOptions, readDesired, requireUnbroken } from '../desired.ts';
import { durationMs } from '../duration.ts';
import { isElsewhere, withoutFiles } from '../elsewhere.ts';
import { territoryByHand } from '../territory.ts';

export interface ApplyOptions extends DesiredOptions {
  prune: boolean;
  timeout: string;
}

/** Makes this machine's containers what the folder or repo says. Bad input of any app changes nothing at all. */
export async function apply(folder: string | undefined, options: ApplyOptions): Promise<number> {
  const timeoutMs = durationMs(options.timeout, '--timeout');
  const territory = territoryByHand(folder, options);
  const outside = outsideValues();
  const read = await readDesired(folder, options, { placeholders: false, engine: true, outside });
  const desired = (await isElsewhere(options.dockerHost)) ? withoutFiles(read) : await guardFolders(read, territory);
  requireUnbroken(desired);
  return converge(desired, {
    timeoutMs,
    territory,
    hide: outside.hide,
    plan: { byHand: true, prune: options.prune, pullAlways: true },
    ...(options.dockerHost !== undefined && { dockerHost: options.dockerHost }),
  });
}
