import { expect, test } from '@jest/globals';
import { nextClosing, nextOpening } from '../../../src/windows/opening.ts';
import { parseSchedule } from '../../../src/windows/schedule.ts';
import { levelsOf } from '../../../src/windows/windows.ts';
import { zoneOf } from '../../../src/windows/zone.ts';
import { allow, deny, text, utc } from './support.ts';

/** The starts of a schedule in a zone between two instants, as UTC writes them. */
async function starts(schedule: string, zone: string, from: string, to: string): Promise<string[]> {
  const { startsIn } = await parseSchedule(schedule, zoneOf(zone));
  return startsIn(utc(from), utc(to)).map(text);
}

test('A start follows the clock of its zone over both days of daylight saving', async () => {
  const lisbon = await starts('0 2 * * *', 'Europe/Lisbon', '2026-03-28T00:00', '2026-03-30T23:00');
  expect(lisbon).toEqual(['2026-03-28T02:00', '2026-03-29T01:00', '2026-03-30T01:00']);
  const autumn = await starts('0 2 * * *', 'Europe/Lisbon', '2026-10-24T00:00', '2026-10-26T23:00');
  expect(autumn).toEqual(['2026-10-24T01:00', '2026-10-25T02:00', '2026-10-26T02:00']);
});

test.each([
  ['30 1 * * *', 'Europe/Lisbon', '2026-03-29', '2026-03-29T01:00'],
  ['30 2 * * *', 'Europe/Berlin', '2026-03-29', '2026-03-29T01:00'],
  ['30 2 * * *', 'America/New_York', '2026-03-08', '2026-03-08T07:00'],
  // Half an hour forward.
  ['15 2 * * *', 'Australia/Lord_Howe', '2026-10-03', '2026-10-03T15:30'],
  // In the south, spring is in September and October.
  ['30 2 * * *', 'Australia/Sydney', '2026-10-03', '2026-10-03T16:00'],
  ['0 2 * * *', 'Pacific/Auckland', '2026-09-26', '2026-09-26T14:00'],
  // Here the day begins at one o'clock.
  ['0 0 * * *', 'America/Santiago', '2026-09-06', '2026-09-06T04:00'],
])('%s in %s, where the clock skips it on %s, comes at that moment', async (schedule, zone, day, expected) => {
  const found = await starts(schedule, zone, `${day}T00:00`, `${day}T23:59`);
  expect(found).toContain(expected);
  expect(found).toHaveLength(1);
});

test.each([
  ['30 1 * * *', 'Europe/Lisbon', '2026-10-25', ['2026-10-25T00:30']],
  ['30 2 * * *', 'Europe/Berlin', '2026-10-25', ['2026-10-25T00:30']],
  ['30 1 * * *', 'America/New_York', '2026-11-01', ['2026-11-01T05:30']],
  ['45 1 * * *', 'Australia/Lord_Howe', '2026-04-04', ['2026-04-04T14:45']],
  ['30 2 * * *', 'Pacific/Auckland', '2026-04-04', ['2026-04-04T13:30']],
])('%s in %s, which the clock shows twice on %s, comes the first time', async (schedule, zone, day, expected) => {
  expect(await starts(schedule, zone, `${day}T00:00`, `${day}T23:59`)).toEqual(expected);
});

test('A schedule for every hour goes on through the hour that comes twice', async () => {
  expect(await starts('*/30 * * * *', 'Europe/Berlin', '2026-10-24T23:45', '2026-10-25T02:15')).toEqual([
    '2026-10-25T00:00',
    '2026-10-25T00:30',
    '2026-10-25T01:00',
    '2026-10-25T01:30',
    '2026-10-25T02:00',
  ]);
});

test('Zones that are half an hour or a quarter off count by their own clock', async () => {
  expect(await starts('0 2 * * *', 'Asia/Kolkata', '2026-06-01T00:00', '2026-06-02T00:00')).toEqual([
    '2026-06-01T20:30',
  ]);
  expect(await starts('0 2 * * *', 'Asia/Kathmandu', '2026-06-01T00:00', '2026-06-02T00:00')).toEqual([
    '2026-06-01T20:15',
  ]);
  expect(await starts('0 2 * * *', 'America/St_Johns', '2026-06-01T00:00', '2026-06-02T00:00')).toEqual([
    '2026-06-01T04:30',
  ]);
});

test('Days of the month and of the week are one or the other, as in cron', async () => {
  const found = await starts('0 12 13 * 5', 'UTC', '2026-11-01T00:00', '2026-11-21T00:00');
  expect(found).toEqual(['2026-11-06T12:00', '2026-11-13T12:00', '2026-11-20T12:00']);
});

test('The next start is the first one after an instant, and none counts after the limit', async () => {
  const { next } = await parseSchedule('30 2 * * *', zoneOf('Europe/Berlin'));
  expect(text(next(utc('2026-10-25T00:30'), utc('2026-10-30T00:00')))).toBe('2026-10-26T01:30');
  expect(next(utc('2026-10-25T00:30'), utc('2026-10-26T01:29'))).toBeUndefined();
});

test.each([
  ['0 2 * * *', 24 * 60],
  ['*/10 * * * *', 10],
  ['0 2,5 * * *', 3 * 60],
  ['0 2 * * 1', 7 * 24 * 60],
  ['0 0 1 * *', 28 * 24 * 60],
  ['@hourly', 60],
])('The least time between two starts of %s is %d minutes', async (schedule, minutes) => {
  expect((await parseSchedule(schedule, zoneOf('UTC'))).period()).toBe(minutes * 60_000);
});

test('A window that never ends, and one that never opens, are found out', async () => {
  const levels = await levelsOf(undefined, [allow('* * * * *', '1m')]);
  const [from, limit] = [utc('2026-01-01T00:00'), utc('2027-01-01T00:00')];
  expect(nextClosing(levels, from, limit)).toBe(limit);
  const never = await levelsOf(undefined, [allow('*/2 * * * *', '1m'), deny('*/2 * * * *', '1m')]);
  expect(nextOpening(never, from, limit)).toBeUndefined();
  // A look at each minute of the year would not end in this time.
}, 60_000);

test('A day that no calendar has gives no start, and a 29th of February does', async () => {
  expect((await parseSchedule('0 2 30 2 *', zoneOf('UTC'))).hasStart()).toBe(false);
  expect((await parseSchedule('0 2 29 2 *', zoneOf('UTC'))).hasStart()).toBe(true);
});
