import { systemClock } from '../../lib/clock.ts';
import type { SiteVerdicts } from '../../model/sync-window.ts';
import type { AskWindows } from '../../windows/site-verdicts.ts';

/** The sync windows of a site, by the clock of this machine, whose owner sees it. The person has read Git just now. */
export function windowsByHand(): (site: Parameters<AskWindows>[0]) => Promise<SiteVerdicts | undefined> {
  let ask: AskWindows | undefined;
  return async (site) => {
    ask ??= (await import('../../windows/site-verdicts.ts')).createAskWindows();
    const now = systemClock.monotonic();
    return ask(site, async () => ({ wall: systemClock.wall().getTime(), now, contact: now }));
  };
}
