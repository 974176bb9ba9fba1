import type { Clock } from '../../lib/clock.ts';
import type { DesiredSite } from '../../model/state.ts';
import type { SiteVerdicts } from '../../model/sync-window.ts';
import { createAskWindows } from '../../windows/site-verdicts.ts';
import type { TrustedClock } from './trusted-clock.ts';

/** The sync windows of a site, by the time that can be trusted. */
export interface SiteWindowsNow {
  /** undefined: the site has none. */
  ask(site: DesiredSite): Promise<SiteVerdicts | undefined>;
  /** The wall time in milliseconds while it can be trusted. */
  trustedWall(): number | undefined;
  /** Git has answered a poll, and the answer was dealt with. Resolves to true if the windows may now answer otherwise. */
  contact(): Promise<boolean>;
}

export function createSiteWindows(clock: Clock, trusted: TrustedClock): SiteWindowsNow {
  const ask = createAskWindows();
  let lastContact: number | undefined;
  let lastDoubt: string | undefined;
  let awaits: 'contact' | 'time' | undefined;
  return {
    async ask(site) {
      const verdicts = await ask(site, async () => {
        const { wall, doubt } = await trusted.read();
        lastDoubt = doubt;
        return { wall, doubt, now: clock.monotonic(), contact: lastContact };
      });
      const all = verdicts ? [...verdicts.apps.values(), verdicts.others] : [];
      awaits = all.find((each) => each?.awaits)?.awaits;
      return verdicts;
    },
    trustedWall: trusted.wall,
    async contact() {
      lastContact = clock.monotonic();
      await trusted.refresh();
      if (awaits === 'time') return (await trusted.read()).doubt !== lastDoubt;
      return awaits === 'contact';
    },
  };
}
