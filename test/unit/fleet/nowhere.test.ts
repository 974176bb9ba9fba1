import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readApplications } from '../../../src/fleet/applications.ts';
import { idleSelectors, nowhere, readSites } from '../../../src/fleet/nowhere.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { formatProblem } from '../../../src/lib/errors.ts';
import type { SiteDocument } from '../../../src/model/fleet.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';

const HEAD = 'apiVersion: holdfast/v1\nkind: ';

/** Two sites, porto in eu and boston in us, and an app with a spec. */
const repo = (spec: object, sites: Record<string, object> = { porto: { region: 'eu' }, boston: { region: 'us' } }) =>
  memorySnapshot({
    'fleet.yaml': `${HEAD}Fleet\nspec: {}\n`,
    ...Object.fromEntries(
      Object.entries(sites).map(([name, labels]) => [
        `sites/${name}.yaml`,
        `${HEAD}Site\nmetadata: ${JSON.stringify({ labels })}\nspec: {}\n`,
      ]),
    ),
    'apps/extra/app.yaml': `${HEAD}Application\nspec: ${JSON.stringify(spec)}\n`,
    'apps/extra/compose.yaml': 'services: { web: { image: nginx } }\n',
    'apps/extra/more.yaml': 'services: {}\n',
  });

async function said(spec: object): Promise<{ error?: string; warnings: string[] }> {
  const snapshot = repo(spec);
  const sites: SiteDocument[] = [];
  for await (const site of readSites(snapshot)) sites.push(site);
  const [found] = await readApplications(snapshot);
  if (!found || 'problems' in found) throw new Error('the app cannot be read');
  const problem = await nowhere(snapshot, found.app);
  return {
    ...(problem && { error: formatProblem(problem) }),
    warnings: idleSelectors(found.app, sites).map(formatProblem),
  };
}

const MEANT = '(if no site should run it, write `placement: { sites: [] }`)';

describe('an app that is placed on no site', () => {
  test.each([
    [{ matchLabels: { regoin: 'eu' } }, 'no site has the label regoin (did you mean region?)'],
    [{ matchLabels: { region: 'euu' } }, 'no site has the label region with the value euu (did you mean eu?)'],
    [{ matchLabels: { constructor: 'x' } }, 'no site has the label constructor'],
    [
      { matchExpressions: [{ key: 'regoin', operator: 'Exists' }] },
      'no site has the label regoin (did you mean region?)',
    ],
    [
      { matchExpressions: [{ key: 'region', operator: 'In', values: ['eux', 'x'] }] },
      'no site has the label region with the value eux or x (did you mean eu?)',
    ],
    [{ matchExpressions: [{ key: 'region', operator: 'DoesNotExist' }] }, 'no site meets all conditions at once'],
    [{ sites: ['portto', 'rome'] }, 'there is no site portto (did you mean porto?), there is no site rome'],
    [{ sites: ['porto'], matchLabels: { region: 'us' } }, 'no site meets all conditions at once'],
  ])('%j: %s', async (placement, why) => {
    const { error, warnings } = await said({ placement });
    expect(error).toBe(`apps/extra/app.yaml:3:20: extra is placed on no site: ${why} ${MEANT}`);
    expect(warnings).toEqual([]);
  });

  test('is no fault where an empty list of sites says so', async () => {
    expect(await said({ placement: { sites: [] } })).toEqual({ warnings: [] });
  });

  test('a name too many and an overlay for no site are warnings', async () => {
    const overlays = [
      { selector: { matchLabels: { regoin: 'eu' } }, compose: 'more.yaml' },
      { selector: { sites: [] }, compose: 'more.yaml' },
      { selector: { sites: ['porto', 'rome'] }, compose: 'more.yaml' },
    ];
    expect(await said({ placement: { sites: ['porto', 'bostn'] }, overlays })).toEqual({
      warnings: [
        'apps/extra/app.yaml:3:20: placement of extra: there is no site bostn (did you mean boston?)',
        expect.stringMatching(
          /^apps\/extra\/app.yaml:3:\d+: an overlay of extra is for no site: no site has the label regoin \(did you mean region\?\)$/,
        ),
        expect.stringMatching(
          /^apps\/extra\/app.yaml:3:\d+: an overlay of extra names a site too many: there is no site rome$/,
        ),
      ],
    });
  });
});

test('for every placement, an app is on a site, meant for no site, or its lack of a site is reported at every site', async () => {
  const value = fc.constantFrom('a', 'b');
  const labels = fc.dictionary(fc.constantFrom('x', 'y'), value);
  const condition = fc.oneof(
    fc.record({
      key: fc.constantFrom('x', 'y', 'z'),
      operator: fc.constantFrom('In', 'NotIn'),
      values: fc.array(value, { minLength: 1 }),
    }),
    fc.record({ key: fc.constantFrom('x', 'y', 'z'), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
  );
  const placement = fc.record(
    {
      matchLabels: labels,
      matchExpressions: fc.array(condition, { maxLength: 2 }),
      sites: fc.subarray(['one', 'two', 'three']),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(placement, labels, labels, async (wanted, one, two) => {
      const snapshot = repo({ placement: wanted }, { one, two });
      const placed = await Promise.all(
        ['one', 'two'].map((site) => placeSite(snapshot, { site, mustBeSomewhere: () => true })),
      );
      const runs = placed.filter(({ apps }) => apps.length > 0).length;
      const isMeant = wanted.sites?.length === 0;
      for (const { apps, broken, elsewhere } of placed) {
        expect(broken.length).toBe(runs === 0 && !isMeant ? 1 : 0);
        expect(apps.length + broken.length + (elsewhere?.length ?? 0)).toBe(1);
      }
    }),
  );
});
