import { describe, expect, test } from '@jest/globals';
import { impactMarkdown } from '../../../src/impact/print/markdown.ts';
import { impactText } from '../../../src/impact/print/text.ts';
import { compare, document, type Files, fleet } from './support.ts';

/** A Friday. */
const NOON = Date.parse('2026-11-27T12:00:00Z');
const BUSY = [{ kind: 'deny', schedule: '0 8 * * *', duration: '12h' }];

const compose = (image: string): string => `services: { web: { image: "${image}" } }`;
const zoned = (timeZone: string, more: object = {}): string =>
  document('Site', { timeZone, ...more }, { ring: 'rest' });

/** The fleet before and after, with the same settings. */
function both(spec: object, more: Files = {}): [Files, Files] {
  const settings = {
    'fleet.yaml': document('Fleet', { oldestAgent: '0.2.0', syncPolicy: { automated: {} }, ...spec }),
    ...more,
  };
  return [fleet(compose('pos:1'), settings), fleet(compose('pos:2'), settings)];
}

/** The lines that say when changes begin. */
async function begins(sides: [Files, Files], now = NOON): Promise<string[]> {
  const report = { from: 'old', to: 'new', ...(await compare(...sides, undefined, undefined, { now })) };
  const lines = impactText(report).flatMap(({ sent }) => (sent.includes('begins') ? [sent.trim()] : []));
  const markdown = impactMarkdown(report).replaceAll('\\', '');
  for (const line of lines) expect(markdown).toContain(line);
  return lines;
}

describe('diff --fleet says when sync windows let a change begin', () => {
  test('in the zone of each site, without splitting the group', async () => {
    const zones = { 'sites/a.yaml': zoned('Europe/Berlin'), 'sites/b.yaml': zoned('Asia/Tokyo') };
    const sides = both({ syncWindows: BUSY }, zones);
    expect(await begins(sides)).toEqual([
      'begins: at once on 1 site, from 2026-11-27 20:00 Europe/Berlin on 1 site, from 2026-11-27 20:00 UTC on 1 site (sync windows)',
    ]);
    const { groups } = await compare(...sides, undefined, undefined, { now: NOON });
    expect(groups).toMatchObject([
      {
        sites: ['a', 'b', 'c'],
        openings: [
          {
            apps: ['pos'],
            times: [
              { opens: 'now', sites: 1 },
              { opens: '2026-11-27T19:00:00.000Z', zone: 'Europe/Berlin', sites: 1 },
              { opens: '2026-11-27T20:00:00.000Z', zone: 'UTC', sites: 1 },
            ],
          },
        ],
      },
    ]);
  });

  test('nothing where windows are open, or where there are none', async () => {
    expect(await begins(both({ syncWindows: BUSY }), Date.parse('2026-11-27T22:00:00Z'))).toEqual([]);
    expect(await begins(both({}))).toEqual([]);
  });

  test('not before the step of the change', async () => {
    // Closed when the step comes, although open now; and open then, although closed now.
    const stepped = (wait: string) => ({ syncWindows: BUSY, rollout: { steps: [{ percent: 100, after: wait }] } });
    const night = Date.parse('2026-11-27T04:00:00Z');
    expect(await begins(both(stepped('6h')), night)).toEqual([
      'begins: from 2026-11-27 20:00 UTC on 3 sites (sync windows)',
    ]);
    expect(await begins(both(stepped('10h')))).toEqual([]);
    // Nobody knows when a promotion comes.
    expect(await begins(both(stepped('promotion')))).toEqual([
      'begins: from 2026-11-27 20:00 UTC on 3 sites (sync windows)',
    ]);
  });

  test('for each app by its own windows, also for one that goes', async () => {
    const never = [{ kind: 'deny', schedule: '0 0 * * *', duration: '24h' }];
    const [from, to] = both(
      { syncWindows: [{ kind: 'allow', schedule: '0 1 * * *', duration: '1h' }], pruneThreshold: 100 },
      {
        'apps/pos/app.yaml': document('Application', { syncWindows: never }),
        'apps/kiosk/app.yaml': document('Application'),
        'apps/kiosk/compose.yaml': compose('kiosk:1'),
        'fleet.yaml': document('Fleet', {
          oldestAgent: '0.2.0',
          pruneThreshold: 100,
          syncPolicy: { automated: { prune: true } },
          syncWindows: [{ kind: 'allow', schedule: '0 1 * * *', duration: '1h' }],
        }),
      },
    );
    const gone = Object.fromEntries(Object.entries(to).filter(([path]) => !path.startsWith('apps/kiosk/')));
    expect(await begins([from, gone])).toEqual([
      'kiosk begins: from 2026-11-28 01:00 UTC on 3 sites (sync windows)',
      'pos begins: never within a year on 3 sites (sync windows)',
    ]);
  });

  test('in the hour of the new offset after the clocks change', async () => {
    const nightly = [{ kind: 'allow', schedule: '0 3 * * *', duration: '1h' }];
    const site = {
      'sites/a.yaml': zoned('Europe/Berlin'),
      'sites/b.yaml': zoned('Europe/Berlin'),
      'sites/c.yaml': zoned('Europe/Berlin'),
    };
    // Berlin goes from +1 to +2 on 28 March 2027, and back on 31 October.
    const { groups } = await compare(...both({ syncWindows: nightly }, site), undefined, undefined, {
      now: Date.parse('2027-03-27T12:00:00Z'),
    });
    expect(groups[0]?.openings?.[0]?.times).toEqual([
      { opens: '2027-03-28T01:00:00.000Z', zone: 'Europe/Berlin', sites: 3 },
    ]);
    expect(await begins(both({ syncWindows: nightly }, site), Date.parse('2027-10-30T12:00:00Z'))).toEqual([
      'begins: from 2027-10-31 03:00 Europe/Berlin on 3 sites (sync windows)',
    ]);
  });
});

test('only a few times are named', async () => {
  const zones = ['Asia/Tokyo', 'Asia/Kolkata', 'Europe/Berlin', 'Europe/London', 'America/New_York', 'America/Denver'];
  const sites = Object.fromEntries(zones.map((zone, index) => [`sites/${'defghi'[index]}.yaml`, zoned(zone)]));
  const allow = [{ kind: 'allow', schedule: '30 4 * * *', duration: '1h' }];
  const [line] = await begins(both({ syncWindows: allow }, sites));
  expect(line).toMatch(/^begins: at once on 1 site, from .*, from .*, from .*, later on 5 sites \(sync windows\)$/);
});
