import type { Cron } from 'croner';
import type { Zone } from './zone.ts';

/**
 * The starts of a window. A start at which the zone's clock is set forward comes at that moment. Where the clock is set back, a start that it shows
 * twice comes once, the first time; a schedule for every hour (its hour begins with `*`) goes on through both, as with cron itself.
 *
 * croner reads the fields and finds the days. It is never asked about zones: on a night with two equal hours it leaves out starts (its issue 343).
 */
export interface Schedule {
  /** Starts in (from, to], in order. */
  startsIn(from: number, to: number): number[];
  /** The first start after an instant; undefined: there is none before `limit`. */
  next(after: number, limit: number): number | undefined;
  /** The last start of a day after one of its starts, as long as each follows the one before within `length`. The start itself, where none does. */
  lastInRow(start: number, length: number): number;
  /** False for a day that no calendar has. */
  hasStart(): boolean;
  /** The least time between two starts on the clock of a zone, in milliseconds; undefined: there is no second one. */
  period(): number | undefined;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The most that a clock is set back or forward at once, so far, and an hour more. */
const JUMP = 3 * HOUR;
/** A period is looked for from here on, so that it is always the same. */
const EPOCH = Date.UTC(2024, 0, 1);
/** The longest time without a 29th of February is eight years. */
const LONGEST_GAP = 9 * 366 * DAY;

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Throws an error of croner, in words, for fields that it cannot read. */
export async function parseSchedule(text: string, zone: Zone): Promise<Schedule> {
  const { Cron } = await import('croner');
  const fields = (NICKNAMES[text.trim()] ?? text).trim().split(/\s+/);
  if (fields.length !== 5)
    throw new RangeError(`it has ${fields.length === 1 ? 'one field' : `${fields.length} fields`}, not five`);
  const [minute = '', hour = '', ...days] = fields;
  const inUtc = { timezone: 'UTC', mode: '5-part' } as const;
  new Cron(fields.join(' '), inUtc);
  const times = timesOfDay(new Cron(`${minute} ${hour} * * *`, inUtc));
  const isDaily = days.every((field) => field === '*');
  const calendar: Calendar = isDaily ? (midnight) => midnight : calendarOf(new Cron(`0 0 ${days.join(' ')}`, inUtc));
  return scheduleOf(calendar, times, zone, hour.startsWith('*'));
}

/** The starts of a day, in milliseconds since its midnight. */
const timesOfDay = (cron: Cron): number[] => {
  const times: number[] = [];
  for (let at = cron.nextRun(new Date(-1)); at && at.getTime() < DAY; at = cron.nextRun(at)) times.push(at.getTime());
  return times;
};

/** The index of the first time that is not before another one. */
function firstFrom(times: readonly number[], from: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first day with starts that is not before a local midnight; undefined: there is none for nine years. */
type Calendar = (midnight: number) => number | undefined;

function calendarOf(cron: Cron): Calendar {
  let known: { from: number; day: number } | undefined;
  return (midnight) => {
    if (known && midnight >= known.from && midnight <= known.day) return known.day;
    const day = cron.nextRun(new Date(midnight - 1))?.getTime();
    if (day === undefined || day - midnight > LONGEST_GAP) return undefined;
    known = { from: midnight, day };
    return day;
  };
}

function scheduleOf(calendar: Calendar, times: readonly number[], zone: Zone, isHourly: boolean): Schedule {
  /** Local starts from a local time on. */
  function* localStarts(from: number): Generator<number> {
    let day = calendar(Math.floor(from / DAY) * DAY);
    while (day !== undefined) {
      for (let index = day >= from ? 0 : firstFrom(times, from - day); index < times.length; index++)
        yield day + (times[index] as number);
      day = calendar(day + DAY);
    }
  }

  /** The most that the zone's clock is set forward or back near two instants, or between them. */
  const jumpIn = (from: number, to: number): number =>
    zone.toLocal(to + JUMP) - zone.toLocal(from - JUMP) === to - from + 2 * JUMP ? 0 : JUMP;

  const instantsOf = (local: number): number[] => {
    const instants = zone.toInstants(local);
    return isHourly ? instants : instants.slice(0, 1);
  };

  return {
    startsIn(from, to) {
      const found = new Set<number>();
      const jump = jumpIn(from, to);
      const last = zone.toLocal(to) + jump;
      for (const local of localStarts(zone.toLocal(from) - jump)) {
        if (local > last) break;
        for (const instant of instantsOf(local)) if (instant > from && instant <= to) found.add(instant);
      }
      return [...found].sort((a, b) => a - b);
    },
    next(after, limit) {
      let best: { instant: number; local: number } | undefined;
      const last = zone.toLocal(limit) + JUMP;
      for (const local of localStarts(zone.toLocal(after) - JUMP)) {
        if (local > last || (best && local > best.local + jumpIn(after, best.instant))) break;
        for (const instant of instantsOf(local))
          if (instant > after && instant <= limit && instant < (best?.instant ?? Number.POSITIVE_INFINITY))
            best = { instant, local };
      }
      return best?.instant;
    },
    lastInRow(start, length) {
      const local = zone.toLocal(start);
      const day = Math.floor(local / DAY) * DAY;
      let index = firstFrom(times, local - day);
      if (times[index] !== local - day) return start;
      while (index + 1 < times.length && (times[index + 1] as number) - (times[index] as number) <= length) index += 1;
      const last = start + (times[index] as number) - (local - day);
      // Where the clock is set meanwhile, each start has to be looked at.
      return jumpIn(start, last) === 0 ? last : start;
    },
    hasStart: () => calendar(EPOCH) !== undefined,
    period() {
      let least: number | undefined;
      let before: number | undefined;
      let count = 0;
      for (const local of localStarts(EPOCH)) {
        if (before !== undefined) least = Math.min(least ?? Number.POSITIVE_INFINITY, local - before);
        before = local;
        count += 1;
        // Two years have all lengths of a month, and nearly all ways in which weekdays fall on dates.
        if (least === MINUTE || (local - EPOCH > 2 * 366 * DAY && count > 1)) break;
      }
      return least;
    },
  };
}
