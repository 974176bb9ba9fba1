import { expect, test } from '@jest/globals';
import { createAskWindows } from '../../../src/windows/site-verdicts.ts';
import type { SiteTime } from '../../../src/windows/verdict.ts';
import { allow, siteWindows, utc } from './support.ts';

const HOUR = 3_600_000;
const at =
  (time: string, more: Partial<SiteTime> = {}) =>
  async (): Promise<SiteTime> => ({
    wall: utc(time),
    now: utc(time) - utc('2026-06-01T00:00'),
    ...more,
  });
const apps = [{ name: 'shop', syncWindows: [allow('0 2 * * *', '2h')] }, { name: 'web' }];

test('A site without windows is not asked for the time', async () => {
  const ask = createAskWindows();
  const never = async (): Promise<never> => {
    throw new Error('asked for the time');
  };
  expect(await ask({ apps: [{ name: 'web' }], windows: siteWindows() }, never)).toBeUndefined();
});

test('Each app has its answer, and an app that Git no longer names that of Fleet and Site', async () => {
  const ask = createAskWindows();
  const found = await ask(
    { apps, windows: siteWindows({ fleet: [allow('0 1 * * *', '6h')] }) },
    at('2026-06-01T01:30'),
  );
  expect([...(found?.apps ?? [])].map(([name, each]) => [name, each?.isOpen])).toEqual([
    ['shop', false],
    ['web', true],
  ]);
  expect(found?.others).toMatchObject({ isOpen: true });
});

test('An answer is the same until it changes, the clock is set, or the time is doubted', async () => {
  const ask = createAskWindows();
  const shop = async (time: ReturnType<typeof at>) => (await ask({ apps }, time))?.apps.get('shop');
  const first = await shop(at('2026-06-01T00:00'));
  expect(await shop(at('2026-06-01T01:59'))).toBe(first);
  expect(await shop(at('2026-06-01T02:00'))).toMatchObject({ isOpen: true });
  expect(await shop(at('2026-06-01T00:00', { wall: utc('2026-06-01T03:00') }))).toMatchObject({
    isOpen: true,
    until: HOUR,
  });
  expect(await shop(at('2026-06-01T03:00', { doubt: 'nobody knows' }))).toMatchObject({
    isOpen: false,
    awaits: 'time',
  });
});

test('Windows that this program cannot read hold their app, and no other one', async () => {
  const ask = createAskWindows();
  const odd = { name: 'odd', syncWindows: [allow('0 2 * * *', '2h', { timeZone: 'Mars/Olympus' })] };
  const found = await ask({ apps: [odd, ...apps] }, at('2026-06-01T03:00'));
  expect(found?.apps.get('odd')).toMatchObject({ isOpen: false, text: expect.stringContaining('cannot be read') });
  expect(found?.apps.get('shop')).toMatchObject({ isOpen: true });
});
