import type { SiteWindows, WindowVerdict } from '../model/sync-window.ts';
import { localTime } from './local-time.ts';
import { nextClosing, nextOpening, type Opening, openedAt, openingAt } from './opening.ts';
import { describeWindow, type Levels } from './windows.ts';

/** The time of a site, and how far it is known. */
export interface SiteTime {
  /** Milliseconds since 1970. */
  wall: number;
  /** undefined: it is trusted. Else the reason why it is not, in words. */
  doubt?: string | undefined;
  /** Monotonic milliseconds at that moment. */
  now: number;
  /** Monotonic milliseconds of the last answer of Git; absent: none yet. */
  contact?: number | undefined;
}

const DAY = 86_400_000;
/** Windows that do not open within that time never open, as far as people are concerned. */
export const LONGEST_WAIT = 366 * DAY;
/** Milliseconds that an opening is looked for in the past, where only denies closed before it. */
const LOOK_BACK = 8 * DAY;

/** Says if an app may be changed now. undefined: it has no windows. */
export function verdictOf(
  levels: Levels,
  { wall, doubt, now, contact }: SiteTime,
  onUnknownTime: SiteWindows['onUnknownTime'],
): WindowVerdict | undefined {
  if (levels.length === 0) return undefined;
  if (doubt !== undefined) {
    if (onUnknownTime === 'open')
      return { isOpen: true, text: `sync windows count as open, as ${doubt}`, byHand: true };
    return { isOpen: false, text: `sync windows count as closed, as ${doubt}`, byHand: false, awaits: 'time' };
  }
  const opening = openingAt(levels, wall);
  const limit = wall + LONGEST_WAIT;
  const until = (instant: number): { until: number } => ({ until: now + Math.max(0, instant - wall) });
  if (opening.isOpen) {
    const closes = until(nextClosing(levels, wall, limit));
    const byHand = true;
    if (levels.flat().some(({ window }) => window.requireContact)) {
      const since = now - (wall - openedAt(levels, wall, LOOK_BACK));
      if (contact === undefined || contact < since)
        return {
          isOpen: false,
          text: 'the sync window is open and asks for contact with Git first',
          byHand,
          awaits: 'contact',
          ...closes,
        };
    }
    return { isOpen: true, text: whyOpen(opening), byHand, ...closes };
  }
  const opens = nextOpening(levels, wall, limit);
  return {
    isOpen: false,
    text: `${whyClosed(opening)}; ${opens === undefined ? 'they do not open within a year' : `next opening ${local(opens, levels)}`}`,
    byHand: mayByHand(opening),
    ...(opens !== undefined && { opens: new Date(opens).toISOString() }),
    // Windows that never open are asked again all the same: the calendar goes on.
    ...until(opens ?? wall + DAY),
  };
}

const whyOpen = ({ allows }: Opening): string =>
  allows.length === 0 ? 'no sync window denies it' : `open by ${allows.map(describeWindow).join(' and ')}`;

const whyClosed = ({ denies, missing }: Opening): string => {
  const [deny] = denies;
  if (deny) return `the sync window ${describeWindow(deny)} is active`;
  return `no sync window is open of ${missing.flat().map(describeWindow).join(', ')}`;
};

/** As with Argo CD: all denies that are open allow it, and so do all allows of a level of which none is open. */
const mayByHand = ({ denies, missing }: Opening): boolean =>
  [...denies, ...missing.flat()].every(({ window }) => window.manualSync);

/** `2026-11-28 02:00 Europe/Lisbon`: in the zone of the windows, if they have one in common, else in UTC. */
function local(instant: number, levels: Levels): string {
  const zones = new Set(levels.flat().map(({ zone }) => zone));
  const [only = 'UTC'] = zones.size === 1 ? zones : [];
  return localTime(instant, only);
}
