import { systemClock } from '../../lib/clock.ts';
import type { DesiredSite } from '../../model/state.ts';
import type { SiteVerdicts } from '../../model/sync-window.ts';

/** The sync windows of a site, by the clock of this machine, whose owner sees it. The person has read Git just now. */
export function windowsByHand(): (site: DesiredSite) => Promise<SiteVerdicts | undefined> {
  let ask: import('../../windows/site-verdicts.ts').AskWindows | undefined;
  return async (site) => {
    ask ??= (await import('../../windows/site-verdicts.ts')).createAskWindows();
    const now = systemClock.monotonic();
    return ask(site, async () => ({ wall: systemClock.wall().getTime(), now, contact: now }));
  };
}
