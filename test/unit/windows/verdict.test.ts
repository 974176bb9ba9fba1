import { expect, test } from '@jest/globals';
import type { SiteWindows, SyncWindow, WindowVerdict } from '../../../src/model/sync-window.ts';
import { type SiteTime, verdictOf } from '../../../src/windows/verdict.ts';
import { levelsOf } from '../../../src/windows/windows.ts';
import { allow, deny, siteWindows, utc } from './support.ts';

const HOUR = 3_600_000;

interface Asked {
  at: string;
  site?: Partial<SiteWindows>;
  app?: SyncWindow[];
  time?: Partial<SiteTime>;
}

async function verdict({ at, site = {}, app = [], time = {} }: Asked): Promise<WindowVerdict | undefined> {
  const windows = siteWindows(site);
  const known = { wall: utc(at), now: 1_000, ...time };
  return verdictOf(await levelsOf(windows, app), known, windows.onUnknownTime);
}

const night = allow('0 2 * * *', '2h');

test('An app without windows is not asked about', async () => {
  expect(await verdict({ at: '2026-06-01T12:00' })).toBeUndefined();
});

test('Outside of an allow it is closed, and the next opening is told in the zone of the site', async () => {
  expect(await verdict({ at: '2026-06-01T12:00', site: { timeZone: 'Europe/Lisbon', fleet: [night] } })).toEqual({
    isOpen: false,
    text: 'no sync window is open of allow "0 2 * * *" for 2h (Europe/Lisbon); next opening 2026-06-02 02:00 Europe/Lisbon',
    byHand: false,
    opens: '2026-06-02T01:00:00.000Z',
    until: 1_000 + 13 * HOUR,
  });
});

test('Within an allow it is open until its end', async () => {
  const found = await verdict({ at: '2026-06-01T03:00', app: [night] });
  expect(found).toMatchObject({ isOpen: true, text: 'open by allow "0 2 * * *" for 2h (UTC)', until: 1_000 + HOUR });
});

test("A window's own zone comes before that of the site", async () => {
  const tokyo = allow('0 2 * * *', '2h', { timeZone: 'Asia/Tokyo' });
  const site = { timeZone: 'Europe/Lisbon' };
  expect(await verdict({ at: '2026-06-01T17:30', site, app: [tokyo] })).toMatchObject({ isOpen: true });
});

test('An active deny wins over an allow, at any level', async () => {
  const found = await verdict({ at: '2026-06-01T02:30', site: { fleet: [deny('0 0 * * *', '3h')] }, app: [night] });
  expect(found).toMatchObject({
    isOpen: false,
    text: 'the sync window deny "0 0 * * *" for 3h (UTC) is active; next opening 2026-06-01 03:00 UTC',
  });
});

test('Without an allow it is open wherever no deny is active', async () => {
  const found = await verdict({ at: '2026-06-01T12:00', app: [deny('0 0 * * *', '3h')] });
  expect(found).toMatchObject({ isOpen: true, text: 'no sync window denies it', until: 1_000 + 12 * HOUR });
});

test('Each level that has an allow must have one active', async () => {
  const site = { fleet: [allow('0 0 * * *', '6h')], site: [allow('0 4 * * *', '4h'), allow('0 12 * * *', '1h')] };
  expect(await verdict({ at: '2026-06-01T02:00', site })).toMatchObject({
    isOpen: false,
    opens: '2026-06-01T04:00:00.000Z',
  });
  expect(await verdict({ at: '2026-06-01T05:00', site })).toMatchObject({ isOpen: true, until: 1_000 + HOUR });
  expect(await verdict({ at: '2026-06-01T12:30', site })).toMatchObject({ isOpen: false });
});

test('Windows that never open together say so', async () => {
  const found = await verdict({ at: '2026-06-01T02:30', site: { fleet: [deny('0 1 * * *', '4h')] }, app: [night] });
  expect(found).toMatchObject({ isOpen: false, text: expect.stringContaining('they do not open within a year') });
  // It is looked at again a day later.
  expect(found).toMatchObject({ until: 1_000 + 24 * HOUR });
  expect(found).not.toHaveProperty('opens');
});

test('By hand, a person may change what windows with manualSync keep closed, and nothing else', async () => {
  const manual = { manualSync: true } as const;
  const at = '2026-06-01T12:00';
  expect(await verdict({ at, app: [allow('0 2 * * *', '2h', manual)] })).toMatchObject({ isOpen: false, byHand: true });
  expect(await verdict({ at, app: [allow('0 2 * * *', '2h', manual), night] })).toMatchObject({ byHand: false });
  const denied = [deny('0 11 * * *', '2h', manual)];
  expect(await verdict({ at, app: denied })).toMatchObject({ isOpen: false, byHand: true });
  expect(await verdict({ at, app: denied, site: { site: [deny('0 10 * * *', '5h')] } })).toMatchObject({
    byHand: false,
  });
});

test('While the time is not known, windows are closed, or open where Git says so', async () => {
  const time = { doubt: 'the clock is not trusted' };
  const at = '2026-06-01T03:00';
  expect(await verdict({ at, app: [night], time })).toEqual({
    isOpen: false,
    text: 'sync windows count as closed, as the clock is not trusted',
    byHand: false,
    awaits: 'time',
  });
  expect(await verdict({ at, app: [night], time, site: { onUnknownTime: 'open' } })).toMatchObject({ isOpen: true });
  expect(await verdict({ at, time })).toBeUndefined();
});

test('With requireContact, Git has to answer after the window opened', async () => {
  const app = [allow('0 2 * * *', '2h', { requireContact: true })];
  const now = 10 * HOUR;
  const asked = (contact?: number) =>
    verdict({ at: '2026-06-01T03:00', app, time: { now, ...(contact && { contact }) } });
  const waits = { isOpen: false, text: 'the sync window is open and asks for contact with Git first' };
  expect(await asked()).toMatchObject(waits);
  expect(await asked(now - HOUR - 1)).toMatchObject(waits);
  expect(await asked(now - HOUR)).toMatchObject({ isOpen: true });
});

test('With requireContact on a deny, Git has to answer after it ended', async () => {
  const app = [deny('0 2 * * *', '2h', { requireContact: true })];
  const now = 100 * HOUR;
  const asked = (contact: number) => verdict({ at: '2026-06-01T12:00', app, time: { now, contact } });
  expect(await asked(now - 8 * HOUR - 1)).toMatchObject({ isOpen: false });
  expect(await asked(now - 8 * HOUR)).toMatchObject({ isOpen: true });
});
