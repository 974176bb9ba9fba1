import { describe, expect, test } from '@jest/globals';
import { checkRepo } from '../../../src/validate/check-repo.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';

/** Names that are probably mistyped: `validate` says so where selecting goes on without them. */

const document = (kind: string, spec: object = {}, labels?: Record<string, string>): string =>
  JSON.stringify({ apiVersion: 'holdfast/v1', kind, ...(labels && { metadata: { labels } }), spec });

/** A fleet of four sites and one app; `files` replace or add. */
const repo = (spec: object, files: Record<string, string> = {}) => ({
  'fleet.yaml': document('Fleet', { oldestAgent: '0.2.0', syncPolicy: { automated: {} } }),
  'sites/a.yaml': document('Site', {}, { kind: 'shop', ring: 'canary' }),
  'sites/b.yaml': document('Site', {}, { kind: 'shop', ring: 'canary' }),
  'sites/c.yaml': document('Site', {}, { kind: 'shop' }),
  'sites/d.yaml': document('Site', {}, { kind: 'mast' }),
  'apps/pos/app.yaml': document('Application', spec),
  'apps/pos/compose.yaml': 'services: { web: { image: pos } }',
  ...files,
});

/** The file, the message and the hint of each warning and problem. */
async function told(files: Record<string, string>): Promise<string[]> {
  const compile = { filesDir: '/apps', placeholders: true };
  const options = { site: undefined, pinned: undefined, compile, now: 0 };
  const { warnings, problems } = await checkRepo(memorySnapshot(files), options);
  return [...warnings, ...problems].map(
    ({ at, message, hint }) => `${at?.file}: ${message}${hint ? ` (${hint})` : ''}`,
  );
}

const shops = { placement: { matchLabels: { kind: 'shop' } } };
const expression = (key: string, operator: string, ...values: string[]) => ({
  placement: { matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }] },
});

describe('validate', () => {
  test('has nothing to say of names that are right', async () => {
    expect(await told(repo(shops))).toEqual([]);
    expect(await told(repo(expression('kind', 'NotIn', 'warehouse')))).toEqual([]);
    expect(await told(repo(expression('has-camera', 'DoesNotExist')))).toEqual([]);
    // Facts are no labels of a Site.
    expect(await told(repo(expression('holdfast.arch', 'NotIn', 'arm64')))).toEqual([]);
  });

  test.each([
    [expression('kindd', 'NotIn', 'mast'), 'the label kindd, which no site has (did you mean kind?)'],
    [expression('rng', 'DoesNotExist'), 'the label rng, which no site has (did you mean ring?)'],
    [
      expression('kind', 'In', 'shop', 'mst'),
      'the label kind with the value mst, which no site has (did you mean mast?)',
    ],
    [expression('kind', 'NotIn', 'mst'), 'the label kind with the value mst, which no site has (did you mean mast?)'],
  ])('says that a selector goes on without a label that is mistyped: %j', async (spec, message) => {
    expect(await told(repo(spec))).toEqual([`apps/pos/app.yaml: the placement of pos asks for ${message}`]);
  });

  test('says the same of overlays and steps', async () => {
    const selector = { matchExpressions: [{ key: 'ring', operator: 'NotIn', values: ['canry'] }] };
    await expect(
      told(repo({ overlays: [{ selector, compose: ['more.yaml'] }] }, { 'apps/pos/more.yaml': '{}' })),
    ).resolves.toEqual([
      'apps/pos/app.yaml: an overlay of pos asks for the label ring with the value canry, which no site has (did you mean canary?)',
    ]);
    const steps = [{ selector }, { percent: 100 }];
    const fleet = document('Fleet', { oldestAgent: '0.2.0', syncPolicy: {}, rollout: { steps } });
    expect(await told(repo({}, { 'fleet.yaml': fleet }))).toContain(
      'fleet.yaml: step 1 of the rollout of the Fleet asks for the label ring with the value canry, which no site has (did you mean canary?)',
    );
  });

  test('says why a step has no site', async () => {
    const steps = [{ selector: { matchLabels: { rin: 'canary' } } }, { percent: 100 }];
    const fleet = document('Fleet', { oldestAgent: '0.2.0', syncPolicy: {}, rollout: { steps } });
    expect(await told(repo({}, { 'fleet.yaml': fleet }))).toEqual([
      'fleet.yaml: no site is in step 1 of this rollout: no site has the label rin (did you mean ring?)',
    ]);
  });

  test('says that a site has a label, or a value, that is close to one that selectors ask for', async () => {
    const key = { 'sites/e.yaml': document('Site', {}, { knid: 'shop' }) };
    expect(await told(repo(shops, key))).toEqual([
      'sites/e.yaml: no selector asks for the label knid of site e (did you mean kind?)',
    ]);
    const value = { 'sites/e.yaml': document('Site', {}, { kind: 'shp' }) };
    expect(await told(repo(shops, value))).toEqual([
      'sites/e.yaml: site e alone has the label kind with the value shp (did you mean shop?)',
    ]);
    // Labels for people, which no selector asks for, may be close to each other.
    const plain = { 'sites/e.yaml': document('Site', {}, { kind: 'shop', owner: 'anna', owners: 'two' }) };
    expect(await told(repo(shops, plain))).toEqual([]);
    const { at } =
      (
        await checkRepo(memorySnapshot(repo(shops, value)), {
          site: undefined,
          pinned: undefined,
          compile: { filesDir: '/apps', placeholders: true },
          now: 0,
        })
      ).warnings[0] ?? {};
    expect([at?.line, at?.column]).toEqual([1, `${value['sites/e.yaml'].indexOf('"kind":"shp"') + 1}`].map(Number));
  });

  test('a value of its own on each site is no mistake', async () => {
    const sites = Object.fromEntries(
      [1, 2, 3, 4, 5, 6].map((n) => [
        `sites/s${n}.yaml`,
        document('Site', {}, { kind: 'shop', store: `store-10${n}` }),
      ]),
    );
    expect(await told(repo(expression('store', 'In', 'store-101', 'store-102'), sites))).toEqual([]);
  });

  test('says what is there twice, and which names differ by case alone', async () => {
    expect(await told(repo({ placement: { sites: ['a', 'b', 'a'] } }))).toEqual([
      'apps/pos/app.yaml: the placement of pos names the site a twice',
    ]);
    expect(await told(repo(expression('kind', 'In', 'shop', 'shop')))).toEqual([
      'apps/pos/app.yaml: the placement of pos names the value shop of kind twice',
    ]);
    expect(await told(repo(shops, { 'sites/A.yaml': document('Site', {}, { kind: 'shop' }) }))).toEqual([
      'sites/a.yaml: the sites A and a differ by case alone (a clone on macOS or Windows has only one of the two files: rename one)',
    ]);
    expect(
      (
        await told(
          repo(shops, {
            'sites/c.yaml': '{apiVersion: holdfast/v1, kind: Site, metadata: {labels: {kind: shop, kind: mast}}}',
          }),
        )
      )[0],
    ).toMatch(/^sites\/c\.yaml: the key kind is there twice/);
  });

  test('says that a selector matches nothing, and that no site runs an app', async () => {
    expect(await told(repo({ placement: { matchLabels: { knd: 'shop' } } }))).toEqual([
      expect.stringContaining('pos is placed on no site: no site has the label knd (did you mean kind?)'),
    ]);
    const overlays = [{ selector: { matchLabels: { ring: 'canry' } }, compose: ['more.yaml'] }];
    expect(await told(repo({ overlays }, { 'apps/pos/more.yaml': '{}' }))).toEqual([
      'apps/pos/app.yaml: an overlay of pos is for no site: no site has the label ring with the value canry (did you mean canary?)',
    ]);
    expect(await told(repo({ placement: { sites: ['a', 'bb'] } }))).toEqual([
      'apps/pos/app.yaml: placement of pos: there is no site bb (did you mean b?)',
    ]);
  });
});
