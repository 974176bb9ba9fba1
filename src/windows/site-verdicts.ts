import { messageOf } from '../lib/errors.ts';
import type { DesiredApp, DesiredSite } from '../model/state.ts';
import type { SiteVerdicts, SiteWindows, SyncWindow, WindowVerdict } from '../model/sync-window.ts';
import { type SiteTime, verdictOf } from './verdict.ts';
import { levelsOf } from './windows.ts';

/** Answers for a site. `time` is asked only where there are windows. undefined: there are none. */
export type AskWindows = (
  site: { apps: readonly Pick<DesiredApp, 'name' | 'syncWindows'>[] } & Pick<DesiredSite, 'windows'>,
  time: () => Promise<SiteTime>,
) => Promise<SiteVerdicts | undefined>;

/** The answer of equal windows is remembered until it changes. */
interface Remembered {
  verdict: WindowVerdict | undefined;
  /** The wall time at monotonic zero: another one means that the clock was set. */
  zero: number;
  doubt: string | undefined;
  contact: number | undefined;
}

const MOST_REMEMBERED = 500;
/** Milliseconds by which a clock may be corrected before its answers are asked for once more. */
const CORRECTION = 1_000;

/** Windows that cannot be read hold the changes of their app, and nothing else: another version of Holdfast, or of the zones, has accepted them. */
async function answer(
  site: SiteWindows | undefined,
  app: readonly SyncWindow[],
  time: SiteTime,
): Promise<WindowVerdict | undefined> {
  try {
    return verdictOf(await levelsOf(site, app), time, site?.onUnknownTime ?? 'closed');
  } catch (error) {
    return { isOpen: false, text: `the sync windows cannot be read: ${messageOf(error)}`, byHand: true };
  }
}

/** Passes ask again and again, and a site's apps mostly have the same windows. */
export function createAskWindows(): AskWindows {
  const remembered = new Map<string, Remembered>();
  return async (site, time) => {
    const { fleet = [], site: own = [] } = site.windows ?? {};
    if (fleet.length + own.length === 0 && site.apps.every(({ syncWindows }) => !syncWindows?.length)) return undefined;
    const now = await time();
    const zero = now.wall - now.now;

    const ask = async (app: readonly SyncWindow[]): Promise<WindowVerdict | undefined> => {
      const key = JSON.stringify([site.windows, app]);
      const known = remembered.get(key);
      const isSame =
        known !== undefined &&
        known.doubt === now.doubt &&
        known.contact === now.contact &&
        Math.abs(known.zero - zero) < CORRECTION &&
        (known.verdict?.until === undefined || known.verdict.until > now.now);
      if (isSame) return known.verdict;
      const verdict = await answer(site.windows, app, now);
      if (remembered.size >= MOST_REMEMBERED) remembered.clear();
      remembered.set(key, { verdict, zero, doubt: now.doubt, contact: now.contact });
      return verdict;
    };

    const apps = new Map<string, WindowVerdict | undefined>();
    for (const { name, syncWindows = [] } of site.apps) apps.set(name, await ask(syncWindows));
    return { apps, others: await ask([]) };
  };
}
