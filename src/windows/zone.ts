/** A time zone by its IANA name. Local times are milliseconds as if the zone's clock showed UTC. */
export interface Zone {
  name: string;
  toLocal(instant: number): number;
  /**
   * The instants at which the zone's clock shows a local time: one; two, where it is set back over it; and where it is set forward over it, the moment
   * at which that happens.
   */
  toInstants(local: number): number[];
}

/** No clock of the world is further than this from UTC, in milliseconds. */
const FURTHEST = 16 * 3_600_000;
const MINUTE = 60_000;
/** Zones change their clocks at such moments only. */
const STEP = 15 * MINUTE;
const MOST_KEPT = 5_000;
const MOST_ZONES = 200;

const zones = new Map<string, Zone>();

/** The name is known (`isZone`). */
export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  const zone = makeZone(name);
  if (zones.size >= MOST_ZONES) zones.clear();
  zones.set(name, zone);
  return zone;
}

/** `+02:00` is no zone here: it knows no daylight saving, and people who write it forget that. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The names that `isZone` knows, without aliases. */
export const zoneNames = (): string[] => ['UTC', ...Intl.supportedValuesOf('timeZone')];

function makeZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const known = new Map<number, number>();

  const offset = (instant: number): number => {
    const step = Math.floor(instant / STEP);
    const kept = known.get(step);
    if (kept !== undefined) return kept;
    const start = step * STEP;
    const found = offsetAt(format, start);
    if (known.size >= MOST_KEPT) known.clear();
    known.set(step, found);
    return found;
  };

  /** The first instant of the later offset. `early` has the other one. */
  const change = (early: number, late: number): number => {
    let [low, high] = [Math.floor(early / MINUTE), Math.ceil(late / MINUTE)];
    const after = offset(late);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offset(middle * MINUTE) === after) high = middle;
      else low = middle;
    }
    return high * MINUTE;
  };

  return {
    name,
    toLocal: (instant) => instant + offset(instant),
    toInstants(local) {
      const before = offset(local - FURTHEST);
      const after = offset(local + FURTHEST);
      if (before === after) return [local - before];
      const found = [local - before, local - after].filter((instant) => instant + offset(instant) === local);
      if (found.length > 0) return found.sort((a, b) => a - b);
      return [change(local - after - MINUTE, local - before)];
    },
  };
}

function offsetAt(format: Intl.DateTimeFormat, instant: number): number {
  const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const part = (type: string): number => parts.get(type as Intl.DateTimeFormatPartTypes) ?? 0;
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'));
  return local - Math.floor(instant / MINUTE) * MINUTE;
}
