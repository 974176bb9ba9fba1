import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MOST_BYTES, MOST_ENTRIES, withEntry } from '../../../../src/agent/history/entries.ts';
import type { HistoryEntry } from '../../../../src/model/status/history.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
const entry = (second: number, text: string, app?: string): HistoryEntry => ({
  at: at(second),
  kind: 'healed',
  app,
  text,
});
const all = (entries: readonly HistoryEntry[], late?: number): HistoryEntry[] =>
  entries.reduce<HistoryEntry[]>((before, each) => withEntry(before, each, late), []);

test('an event that an app has again and again is one entry, with its number and its last time, and the newest', () => {
  expect(all([entry(1, 'start web', 'web'), entry(2, 'other', 'db'), entry(3, 'start web', 'web')])).toEqual([
    entry(2, 'other', 'db'),
    { ...entry(1, 'start web', 'web'), times: 2, lastAt: at(3) },
  ]);
});

test('a state that is told late comes before what happened after it began, and a clock that was set back moves nothing', () => {
  expect(all([entry(1, 'a'), entry(5, 'b', 'x'), entry(3, 'c', 'y')], 60_000).map(({ text }) => text)).toEqual([
    'a',
    'c',
    'b',
  ]);
  expect(all([entry(500, 'a'), entry(3, 'b', 'y')], 60_000).map(({ text }) => text)).toEqual(['a', 'b']);
});

test('an app that flaps pushes out only its own past', () => {
  const quiet = entry(0, 'the one of db', 'db');
  const noise = Array.from({ length: 2 * MOST_ENTRIES }, (_, index) => entry(index + 1, `change ${index}`, 'web'));
  const left = all([quiet, ...noise]);
  expect(left).toHaveLength(MOST_ENTRIES);
  expect(left[0]).toEqual(quiet);
  expect(left.at(-1)).toEqual(noise.at(-1));
});

test('with any events the bounds hold and the newest entry is there', () => {
  const any = fc.record({
    at: fc.integer({ min: 0, max: 1e6 }).map(at),
    kind: fc.constantFrom('accepted', 'failed', 'healed', 'refused', 'state' as const),
    app: fc.constantFrom(undefined, 'web', 'db', '__proto__'),
    text: fc.oneof(fc.string(), fc.string({ unit: 'binary', minLength: 900, maxLength: 3000 })),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 40 }), any, (some, last) => {
      const many = Array.from({ length: 15 }, (_, round) =>
        some.map((each) => ({ ...each, text: `${round} ${each.text}` })),
      ).flat();
      const left = withEntry(all(many as HistoryEntry[]), last as HistoryEntry);
      expect(left.length).toBeLessThanOrEqual(MOST_ENTRIES);
      expect(Buffer.byteLength(JSON.stringify(left))).toBeLessThanOrEqual(MOST_BYTES + 2);
      expect(left.at(-1)).toMatchObject({ kind: last.kind, text: expect.stringContaining(last.text.slice(0, 999)) });
    }),
    { numRuns: 30 },
  );
});
