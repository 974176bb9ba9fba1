import { expect, test } from '@jest/globals';
import { placeSite } from '../../../../src/fleet/place-site.ts';
import { APP, brokenBy, FLEET, fleet, refusal, SITE } from './fleets.ts';

const windows = (...entries: string[]): string =>
  `spec:\n  syncWindows:\n${entries.map((each) => `    - ${each}\n`).join('')}`;

test('Windows of the Fleet and the Site come to the site, and those of an Application to its app', async () => {
  const placed = await placeSite(
    fleet({
      'fleet.yaml': `${FLEET}${windows('{kind: deny, schedule: "0 8 * * 1-5", duration: 10h, manualSync: true}')}  onUnknownTime: open\n`,
      'sites/one.yaml': `${SITE}spec:\n  timeZone: Asia/Kolkata\n  suspend: true\n`,
      'apps/web/app.yaml': `${APP}${windows('{kind: allow, schedule: 0 2 * * *, duration: 2h, timeZone: Europe/Lisbon, requireContact: true}')}`,
    }),
    {},
  );
  expect(placed.windows).toEqual({
    fleet: [
      {
        kind: 'deny',
        schedule: '0 8 * * 1-5',
        duration: '10h',
        manualSync: true,
        at: { file: 'fleet.yaml', line: 5, column: 7 },
      },
    ],
    site: [],
    timeZone: 'Asia/Kolkata',
    onUnknownTime: 'open',
  });
  expect(placed.suspend).toBe(true);
  expect(placed.apps[0]?.syncWindows).toEqual([
    {
      kind: 'allow',
      schedule: '0 2 * * *',
      duration: '2h',
      timeZone: 'Europe/Lisbon',
      requireContact: true,
      at: { file: 'apps/web/app.yaml', line: 5, column: 7 },
    },
  ]);
});

test('A site of which nothing is said has no windows and is not suspended', async () => {
  const placed = await placeSite(fleet(), {});
  expect(placed.windows).toBeUndefined();
  expect(placed.suspend).toBeUndefined();
  expect(placed.apps[0]?.syncWindows).toBeUndefined();
});

test('A Site decides what windows do at an unknown time, before the Fleet', async () => {
  const placed = await placeSite(
    fleet({
      'fleet.yaml': `${FLEET}spec: {onUnknownTime: open}\n`,
      'sites/one.yaml': `${SITE}spec: {onUnknownTime: closed}\n`,
    }),
    {},
  );
  expect(placed.windows).toMatchObject({ onUnknownTime: 'closed', timeZone: 'UTC' });
});

test('Each value of a window that cannot be used is an error with its place and a hint', async () => {
  const files = {
    'fleet.yaml': `${FLEET}${windows(
      '{kind: alow, schedule: 0 2 * * *, duration: 2h}',
      '{kind: allow, schedule: 0 25 * * *, duration: 2h}',
      '{kind: allow, schedule: 0 2 * *, duration: 2h}',
      '{kind: allow, schedule: 0 2 30 2 *, duration: 2h}',
      '{kind: allow, schedule: 0 2 * * *, duration: 0h}',
      '{kind: allow, schedule: 0 2 * * *, duration: 2 hours}',
      '{kind: allow, schedule: 0 2 * * *, duration: 25h}',
      '{kind: allow, schedule: 0 2 * * *, duration: 2h, timeZone: Europe/Lisboa}',
      '{kind: allow, schedule: 0 2 * * *}',
    )}`,
  };
  expect(await refusal(placeSite(fleet(files), {}))).toEqual([
    'fleet.yaml:5:14: spec.syncWindows[0].kind must be one of allow, deny, not "alow" (did you mean `allow`?)',
    'fleet.yaml:13:7: `duration` is missing in spec.syncWindows[8]',
    'fleet.yaml:6:31: "0 25 * * *" is not a schedule of cron: Invalid value for hour: 25 (five fields: minute, hour, day of the month, month, day of the week; `0 2 * * 1-5` is 02:00 on weekdays)',
    'fleet.yaml:7:31: "0 2 * *" is not a schedule of cron: it has 4 fields, not five (five fields: minute, hour, day of the month, month, day of the week; `0 2 * * 1-5` is 02:00 on weekdays)',
    'fleet.yaml:8:31: the schedule "0 2 30 2 *" has no start at all (there is no such day in the calendar)',
    'fleet.yaml:9:52: "0h" is not a length of time of at least a minute (for example 2h, 90m, 1h30m or 1d)',
    'fleet.yaml:10:52: "2 hours" is not a length of time of at least a minute (for example 2h, 90m, 1h30m or 1d)',
    'fleet.yaml:11:52: the window is longer (1d1h) than the time between two of its starts (1d) (at most 1d, which is a window that never ends)',
    'fleet.yaml:12:66: "Europe/Lisboa" is not a time zone of the IANA database (did you mean `Europe/Lisbon`?)',
  ]);
});

test('A time zone of a Site that is none is an error, and so is an offset', async () => {
  const zone = async (name: string) =>
    (await refusal(placeSite(fleet({ 'sites/one.yaml': `${SITE}spec:\n  timeZone: ${name}\n` }), {})))[0];
  expect(await zone('Europe/Berlinn')).toBe(
    'sites/one.yaml:4:13: "Europe/Berlinn" is not a time zone of the IANA database (did you mean `Europe/Berlin`?)',
  );
  expect(await zone('"+02:00"')).toMatch(/is not a time zone of the IANA database \(for example/);
});

test('A wrong window of an Application breaks that app alone', async () => {
  const problems = await brokenBy({
    'apps/web/app.yaml': `${APP}${windows('{kind: allow, schedule: 0 2 * * *, duration: -1h}')}`,
  });
  expect(problems).toEqual([expect.stringMatching(/^apps\/web\/app\.yaml:5:52: "-1h" is not a length of time/)]);
});
