import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SyncWindow } from '../../../src/model/sync-window.ts';
import { windowLength } from '../../../src/windows/duration.ts';
import { nextClosing, nextOpening, openingAt } from '../../../src/windows/opening.ts';
import { levelsOf } from '../../../src/windows/windows.ts';

// The same question answered by brute force: each minute is looked at by the zone's own clock, as Intl shows it.

const MINUTE = 60_000;
const HOURS = 60 * MINUTE;
const DAYS = 24 * HOURS;
/** The time before and after the moment that is asked about. */
const BEFORE = DAYS;
const AFTER = 2 * DAYS;

interface Field {
  text: string;
  has(value: number): boolean;
}

const among = (values: number[]): Field => ({ text: values.join(','), has: (value) => values.includes(value) });
const every: Field = { text: '*', has: () => true };
const step = (by: number): Field => ({ text: `*/${by}`, has: (value) => value % by === 0 });
const some = (most: number): fc.Arbitrary<Field> =>
  fc.uniqueArray(fc.nat(most), { minLength: 1, maxLength: 3 }).map((values) => among(values.sort((a, b) => a - b)));

interface Asked {
  window: Omit<SyncWindow, 'at'>;
  minute: Field;
  hour: Field;
  weekday: Field;
  zone: string;
}

const asked = (near: string): fc.Arbitrary<Asked> =>
  fc
    .record({
      kind: fc.constantFrom('allow' as const, 'deny' as const),
      minute: fc.oneof(some(59), fc.constantFrom(step(20), step(30))),
      hour: fc.oneof(some(23), { weight: 3, arbitrary: some(3) }, fc.constantFrom(every, step(2))),
      weekday: fc.oneof({ weight: 3, arbitrary: fc.constant(every) }, some(6)),
      minutes: fc.integer({ min: 1, max: 300 }),
      zone: fc.constantFrom(near, near, near, 'UTC', 'Asia/Kolkata'),
    })
    .map(({ kind, minute, hour, weekday, minutes, zone }) => ({
      window: {
        kind,
        schedule: `${minute.text} ${hour.text} * * ${weekday.text}`,
        duration: `${minutes}m`,
        timeZone: zone,
      },
      minute,
      hour,
      weekday,
      zone,
    }));

/** Zones, and moments near which their clocks are set forward or back, and one at which none is. */
const NIGHTS: readonly (readonly [string, number])[] = [
  ['Europe/Berlin', Date.UTC(2026, 2, 29, 1)],
  ['Europe/Berlin', Date.UTC(2026, 9, 25, 1)],
  ['America/New_York', Date.UTC(2026, 2, 8, 7)],
  ['America/New_York', Date.UTC(2026, 10, 1, 6)],
  ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 15)],
  ['Australia/Lord_Howe', Date.UTC(2026, 9, 3, 15)],
  ['Pacific/Auckland', Date.UTC(2026, 3, 4, 14)],
  ['Pacific/Auckland', Date.UTC(2026, 8, 26, 14)],
  ['America/Santiago', Date.UTC(2026, 3, 5, 3)],
  ['America/Santiago', Date.UTC(2026, 8, 6, 4)],
  ['Africa/Casablanca', Date.UTC(2026, 1, 15, 2)],
  ['Europe/Lisbon', Date.UTC(2026, 6, 1)],
];

const question = fc.constantFrom(...NIGHTS).chain(([zone, near]) =>
  fc.record({
    levels: fc.array(fc.array(asked(zone), { maxLength: 2 }), { minLength: 1, maxLength: 3 }),
    from: fc.integer({ min: -24 * 60, max: 6 * 60 }).map((minutes) => near + minutes * MINUTE),
  }),
);

interface Local {
  day: number;
  hour: number;
  minute: number;
  /** Minutes, by which local times are compared. */
  count: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function localOf(zone: string, instant: number): Local {
  const format =
    formats.get(zone) ?? new Intl.DateTimeFormat('en-GB', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  formats.set(zone, format);
  const [day, month, year, hour, minute] = (format.format(instant).match(/\d+/g) ?? []).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const count = Date.UTC(year, month - 1, day, hour, minute) / MINUTE;
  return { day: new Date(count * MINUTE).getUTCDay(), hour, minute, count };
}

const localAt = (count: number): Local => {
  const date = new Date(count * MINUTE);
  return { day: date.getUTCDay(), hour: date.getUTCHours(), minute: date.getUTCMinutes(), count };
};

/** All minutes between two instants at which a window is active. */
function activeMinutes({ window, minute, hour, weekday, zone }: Asked, from: number, to: number): Set<number> {
  const length = windowLength(window.duration) ?? 0;
  const active = new Set<number>();
  const seen = new Set<number>();
  const matches = (local: Local): boolean => minute.has(local.minute) && hour.has(local.hour) && weekday.has(local.day);
  let before: number | undefined;
  for (let at = from; at < to; at += MINUTE) {
    const local = localOf(zone, at);
    const isSecond = seen.has(local.count);
    seen.add(local.count);
    const skipped = before === undefined ? [] : range(before + 1, local.count).map(localAt);
    before = local.count;
    const starts = (matches(local) && (!isSecond || hour.text.startsWith('*'))) || skipped.some(matches);
    if (starts) for (let open = at; open < Math.min(at + length, to); open += MINUTE) active.add(open);
  }
  return active;
}

const range = (from: number, to: number): number[] => {
  const found: number[] = [];
  for (let each = from; each < to; each++) found.push(each);
  return found;
};

test('Openings and closings are those that a look at every minute finds', async () => {
  await fc.assert(
    fc.asyncProperty(question, async ({ levels, from }) => {
      const [fleet = [], site = [], app = []] = levels.map((level) =>
        level.map(({ window }) => ({ ...window, at: { file: 'fleet.yaml', line: 1, column: 1 } })),
      );
      const compiled = await levelsOf({ fleet, site, timeZone: 'UTC', onUnknownTime: 'closed' }, app);
      const minutes = levels.map((level) =>
        level.map((each) => ({ ...each, active: activeMinutes(each, from - BEFORE, from + AFTER) })),
      );
      const isOpen = (at: number): boolean => {
        const all = minutes.flat();
        if (all.some(({ window, active }) => window.kind === 'deny' && active.has(at))) return false;
        return minutes.every((level) => {
          const allows = level.filter(({ window }) => window.kind === 'allow');
          return allows.length === 0 || allows.some(({ active }) => active.has(at));
        });
      };
      for (let at = from; at < from + AFTER; at += 7 * MINUTE) {
        const opening = openingAt(compiled, at);
        expect(opening.isOpen).toBe(isOpen(at));
        if (opening.denies.length > 0) expect(opening.isOpen).toBe(false);
      }
      const limit = from + AFTER;
      const first = (wanted: boolean): number | undefined => {
        for (let at = from; at < limit; at += MINUTE) if (isOpen(at) === wanted) return at;
        return undefined;
      };
      expect(nextOpening(compiled, from, limit)).toBe(first(true));
      expect(nextClosing(compiled, from, limit)).toBe(first(false) ?? limit);
      // The same question has the same answer.
      expect(nextOpening(compiled, from, limit)).toBe(nextOpening(compiled, from, limit));
    }),
    { numRuns: Number(process.env.HOLDFAST_PROPERTY_RUNS ?? 40) },
  );
});
