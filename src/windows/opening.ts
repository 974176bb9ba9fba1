import { type Levels, openSince, type Window } from './windows.ts';

/** The windows of an app at an instant. Pure: it depends on the windows and the instant alone. */
export interface Opening {
  isOpen: boolean;
  /** Denies that are open. While there is one, the app's changes are held. */
  denies: Window[];
  /** Allows that are open. */
  allows: Window[];
  /** By level: the allows of a level that needs one open and has none. */
  missing: Window[][];
}

export function openingAt(levels: Levels, at: number): Opening {
  const isActive = (window: Window): boolean => openSince(window, at) !== undefined;
  const active = levels.flat().filter(isActive);
  const denies = active.filter(isDeny);
  const allows = active.filter((each) => !isDeny(each));
  const missing = levels.flatMap((level) => {
    const mine = level.filter((each) => !isDeny(each));
    return mine.length > 0 && !mine.some((each) => allows.includes(each)) ? [mine] : [];
  });
  return { isOpen: denies.length === 0 && missing.length === 0, denies, allows, missing };
}

const isDeny = ({ window }: Window): boolean => window.kind === 'deny';

/** More steps than any windows of people need; then they count as closed for good, and nothing is looked for for minutes. */
const MOST_STEPS = 20_000;

/** The first open instant that is not before another one; undefined: there is none before `limit`. */
export function nextOpening(levels: Levels, from: number, limit: number): number | undefined {
  let at = from;
  for (let step = 0; at < limit && step < MOST_STEPS; step++) {
    const { isOpen, denies, missing } = openingAt(levels, at);
    if (isOpen) return at;
    // It is closed at least until all of this has come.
    const ends = denies.map((each) => endOf(each, at, limit));
    const starts = missing.map((allows) =>
      Math.min(...allows.map(({ schedule }) => schedule.next(at, limit) ?? limit)),
    );
    at = Math.max(...ends, ...starts);
  }
  return undefined;
}

/** The first closed instant after one that is open; at the latest `limit`, or an earlier one at which it has to be asked again. */
export function nextClosing(levels: Levels, from: number, limit: number): number {
  let at = from;
  for (let step = 0; at < limit && step < MOST_STEPS; step++) {
    const { isOpen, allows } = openingAt(levels, at);
    if (!isOpen) return at;
    const ends = allows.map((each) => endOf(each, at, limit));
    const starts = levels.flat().flatMap((each) => (isDeny(each) ? (each.schedule.next(at, limit) ?? []) : []));
    at = Math.min(limit, ...ends, ...starts);
  }
  return at;
}

/** The end of the occurrences that are open at an instant, and of all that follow without a gap. */
function endOf({ schedule, length }: Window, at: number, limit: number): number {
  let end = at;
  for (let step = 0; step < MOST_STEPS && end < limit; step++) {
    const start = schedule.startsIn(end - length, end).at(-1);
    if (start === undefined || start + length <= end) break;
    end = schedule.lastInRow(start, length) + length;
  }
  return Math.min(end, limit);
}

/**
 * The instant since which the windows have been open, at an instant at which they are; a later one, where an allow began again without a gap. At most
 * `back` milliseconds are looked at.
 */
export function openedAt(levels: Levels, at: number, back: number): number {
  const began = levels.flatMap((level) => {
    const starts = level.flatMap((each) => (isDeny(each) ? [] : (openSince(each, at) ?? [])));
    return starts.length > 0 ? [Math.min(...starts)] : [];
  });
  const earliest = Math.max(at - back, ...began);
  const ended = levels
    .flat()
    .filter(isDeny)
    .flatMap(({ schedule, length }) => {
      const last = schedule.startsIn(earliest - length, at).at(-1);
      return last === undefined ? [] : [last + length];
    });
  return Math.max(earliest, ...ended);
}
