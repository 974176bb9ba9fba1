import { expect, test } from '@jest/globals';
import type { ActualSite, DesiredSite } from '../../../src/model/state.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import {
  actualOf,
  app,
  automated,
  bare,
  network,
  service,
  settled,
  site,
  volume,
} from '../../support/site/site-builder.ts';
import { planLines } from '../../support/values/plan-lines.ts';

const before = site(app('shop', service('web'), service('db')), app('till', service('pos')));
const [shop, till] = before.apps as [(typeof before.apps)[0], (typeof before.apps)[0]];
const shopWith = (sync = automated({})) => ({ ...app('shop', service('web')), sync });
const both = (git: DesiredSite): ActualSite => ({ ...actualOf(before), images: actualOf(git).images });
const lines = (git: DesiredSite, options = {}) => planLines({ git, site: both(git), memory: settled(before), options });

test('a service that is not in Git any more goes, if the policy says so', () => {
  expect(lines(site(shopWith(), till))).toEqual([
    '1 stop shop-db-1: db is not in Git',
    '2 remove shop-db-1: db is not in Git (after 1)',
  ]);
  const kept = site(shopWith(automated({ prune: false })), till);
  expect(lines(kept)).toEqual([
    '1 stop shop-db-1: db is not in Git (withheld by prune)',
    '2 remove shop-db-1: db is not in Git (after 1; withheld by prune)',
  ]);
  expect(lines(kept, { byHand: true, prune: true }).join()).not.toContain('withheld');
  expect(lines(kept, { byHand: true, prune: true, down: true })[0]).toBe('1 stop shop-db-1: taken down');
});

test('replicas that Git took away go without asking, since Git names the service', () => {
  const three = site(app('shop', service('web', {}, { replicas: 3 })));
  const one = site({ ...app('shop', service('web')), sync: automated({ prune: false }) });
  expect(planLines({ git: one, site: actualOf(three), memory: settled(three) })).toEqual([
    '1 stop shop-web-2: web has 1 replica now',
    '2 remove shop-web-2: web has 1 replica now (after 1)',
    '3 stop shop-web-3: web has 1 replica now',
    '4 remove shop-web-3: web has 1 replica now (after 3)',
  ]);
});

test('an app that vanished goes with its networks, by the Fleet’s policy; its volumes stay', () => {
  const withData = site(shop, app('till', volume('data'), service('pos')));
  const gone = { ...site(shop), vanished: automated({}) };
  expect(planLines({ git: gone, site: actualOf(withData), memory: settled(withData) })).toEqual([
    '1 stop till-pos-1: pos is not in Git',
    '2 remove till-pos-1: pos is not in Git (after 1)',
    '3 remove network till_default: not in Git (after 2)',
  ]);
  expect(
    planLines({ git: { ...gone, elsewhere: ['till'] }, site: actualOf(withData), memory: settled(withData) }),
  ).toEqual([
    '1 stop till-pos-1: not placed on this site',
    '2 remove till-pos-1: not placed on this site (after 1)',
    '3 remove network till_default: not placed on this site (after 2)',
  ]);
  const reported = lines({ ...site(shop), vanished: {} });
  expect(reported).toHaveLength(3);
  for (const line of reported) expect(line).toContain('withheld by automated');
  expect(lines({ ...site(shop), vanished: undefined })).toEqual([]);
});

test('an app that cannot be read is left as it is', () => {
  expect(lines({ ...site(shop), broken: [{ name: 'till', problems: [] }] })).toEqual([]);
});

test('no apps at all are not believed, unless the Site says so', () => {
  for (const line of lines(site()).filter(Boolean)) expect(line).toContain('withheld by allowEmpty');
  expect(lines({ ...site(), allowEmpty: true }).join()).not.toContain('withheld');
});

test('an app without services is not believed, unless its policy says so', () => {
  const empty = (allowEmpty: boolean) => site({ ...app('shop'), sync: automated({ allowEmpty }) }, till);
  for (const line of lines(empty(false))) expect(line).toContain('withheld by allowEmpty');
  expect(lines(empty(true)).join()).not.toContain('withheld');
});

test('too much at once is withheld until Git confirms it; what is not pruned goes on', () => {
  const git = { ...site({ ...till, services: [...till.services] }), pruneThreshold: 50 };
  const held = lines(git);
  expect(held).toHaveLength(5);
  for (const line of held) expect(line).toContain('withheld by pruneThreshold');
  expect(lines({ ...git, confirmPrune: ['shop'] }).join()).not.toContain('withheld');
  expect(lines({ ...git, pruneThreshold: 67 }).join()).not.toContain('withheld');
  const [guarded] = plan(git, both(git), settled(before), 0, { ...agentOptions, byHand: true, prune: true }).apps;
  expect(guarded?.operations[0]?.withheld?.text).toBe(
    "it would take away 2 of the site's 3 containers; add shop to the Site's confirmPrune if that is meant",
  );
});

test('a service that is renamed is no loss to its site', () => {
  const git = { ...site(app('shop', service('api')), till), pruneThreshold: 10 };
  const actual = actualOf(site(app('shop', service('web')), till));
  expect(
    planLines({ git, site: { ...actual, images: { ...actual.images, ...bare(git).images } } }).join(),
  ).not.toContain('withheld');
});

test('volumes go only where the app says so, after what used them', () => {
  const Mounts = [{ Type: 'volume' as const, Source: 'shop_data', Target: '/data' }];
  const withData = site(app('shop', volume('data'), service('web'), service('db', { Mounts })));
  const without = app('shop', service('web'));
  expect(planLines({ git: site(without), site: actualOf(withData), memory: settled(withData) })).toEqual([
    '1 stop shop-db-1: db is not in Git',
    '2 remove shop-db-1: db is not in Git (after 1)',
  ]);
  const git = site({ ...without, pruneVolumes: true });
  expect(planLines({ git, site: actualOf(withData), memory: settled(withData) })).toEqual([
    '1 stop shop-db-1: db is not in Git',
    '2 remove shop-db-1: db is not in Git (after 1)',
    '3 remove volume shop_data: not in Git, and pruneVolumes is set (after 2)',
  ]);
});

test('a network that a service cannot leave yet stays without a word', () => {
  const old = site(app('shop', network('a'), service('web', { Networks: { shop_a: {} } })));
  const git = site(app('shop', service('web', { Image: 'web:2' }, { pullPolicy: 'never' })));
  expect(planLines({ git, site: actualOf(old), memory: settled(old) })).toEqual([
    'error: web: image web:2 is not on the disk, and pull_policy is never',
    '1 create network shop_default: no such network',
  ]);
});

test('things of another site on the same engine are never touched', () => {
  const { networks } = actualOf({ ...before, site: 'other-site' });
  const git = { ...site(app('kiosk')), vanished: automated({}) };
  expect(planLines({ git, site: { ...both(before), containers: [], networks } })).toEqual([]);
});

test('a service that goes stops before its dependencies, although Git no longer names them', () => {
  const chain = site(
    shop,
    app(
      'till',
      service('cache', {}, { dependsOn: ['db'] }),
      service('db'),
      service('ui', {}, { dependsOn: ['cache', 'db'] }),
    ),
  );
  const gone = { ...site(shop), vanished: automated({}) };
  const found = planLines({ git: gone, site: actualOf(chain), memory: settled(chain) });
  const at = (text: string): number => found.findIndex((line) => line.includes(text));
  expect(at('stop till-ui-1')).toBeLessThan(at('stop till-cache-1'));
  expect(at('stop till-cache-1')).toBeLessThan(at('stop till-db-1'));
  // Each stop waits for the one before it, so that no two of them happen at once.
  expect(found[at('stop till-db-1')]).toMatch(/after \d/);
});

test('services that depend on each other in a circle still go', () => {
  const circle = site(
    shop,
    app('till', service('a', {}, { dependsOn: ['b'] }), service('b', {}, { dependsOn: ['a'] })),
  );
  const gone = { ...site(shop), vanished: automated({}) };
  const found = planLines({ git: gone, site: actualOf(circle), memory: settled(circle) });
  expect(found.filter((line) => line.includes('remove till-'))).toHaveLength(2);
});
