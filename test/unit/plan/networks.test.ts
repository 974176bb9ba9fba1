import { expect, test } from '@jest/globals';
import type { ActualNetwork, ActualSite, DesiredSite } from '../../../src/model/state.ts';
import { planLines } from '../../support/plan-lines.ts';
import { actualOf, app, bare, but, network, SITE, service, settled, site, volume } from '../../support/site-builder.ts';

const git = site(app('shop', service('web')));
const memory = settled(git);

const withNetwork = (actual: ActualSite, name: string, changes: Partial<ActualNetwork>): ActualSite => ({
  ...actual,
  networks: { ...actual.networks, [name]: { ...(actual.networks[name] as ActualNetwork), ...changes } },
});

test('a network made anew by hand under the same name leads nowhere: its users join it', () => {
  expect(planLines({ git, memory, site: withNetwork(actualOf(git), 'shop_default', { id: 'another' }) })).toEqual([
    '1 disconnect shop-web-1 from shop_default: shop_default is another network than the one it was connected to',
    '2 connect shop-web-1 to shop_default: shop_default is another network than the one it was connected to (after 1)',
  ]);
});

test('a network deleted while its users stood still is made, joined, and only then they start', () => {
  const stopped = but(actualOf(git), 'shop-web-1', { status: 'exited', exitCode: 137 });
  expect(planLines({ git, memory, site: { ...stopped, networks: {} } })).toEqual([
    '1 create network shop_default: gone (drift)',
    '2 disconnect shop-web-1 from shop_default: shop_default is another network than the one it was connected to (after 1)',
    '3 connect shop-web-1 to shop_default: shop_default is another network than the one it was connected to (after 1, 2)',
    '4 start shop-web-1: exited with 137 (drift) (after 2, 3)',
  ]);
});

test('options that changed: all leave, it is made anew, all join again; and back to the old one if that fails', () => {
  const next = site(app('shop', network('default', { Internal: true }), service('web')));
  expect(planLines({ git: next, memory, site: actualOf(git) })).toEqual([
    '1 disconnect shop-web-1 from shop_default: shop_default is made anew',
    '2 remove network shop_default: internal: false, wanted true (after 1)',
    '3 create network shop_default: made anew with what Git says (after 2)',
    '4 create network shop_default: as it was, since it could not be made as Git says (after 2; only if 3 fails)',
    '5 connect shop-web-1 to shop_default: back on the new one (after 3)',
    '6 connect shop-web-1 to shop_default: it could not be removed (after 1; only if 2 fails)',
    '7 connect shop-web-1 to shop_default: back on the old one (after 4; only if 3 fails)',
  ]);
});

test('while a network waits to be made anew, the old one serves', () => {
  const next = site(app('shop', network('default', { Internal: true }), service('web'), service('new')));
  const made = planLines({ git: next, site: bare(next) });
  expect(made[0]).toBe('1 create network shop_default: no such network');
  const goal = goalOfNetwork(next);
  const backoffs = { 'network shop_default': { goal, failures: 1, until: 9000, error: 'pool overlaps' } };
  const actual = { ...actualOf(git), images: bare(next).images };
  expect(
    planLines({ git: next, memory: settled(git, { backoffs }), site: actual }).filter(
      (line) => !line.includes('withheld'),
    ),
  ).toEqual(['8 create shop-new-1: no such container', '9 start shop-new-1: new (after 8)']);
});

const goalOfNetwork = (desired: DesiredSite): string => actualOf(desired).networks.shop_default?.specHash ?? '';

test('a container that another revision takes off the network leaves it for good', () => {
  const before = site(
    app('shop', network('a'), network('b'), service('web', { Networks: { shop_a: {}, shop_b: {} } })),
  );
  const next = site(app('shop', network('a'), service('web', { Networks: { shop_a: {} } })));
  expect(planLines({ git: next, memory: settled(before), site: actualOf(before) })).toEqual([
    '1 disconnect shop-web-1 from shop_b: connected to shop_b, which it should not be',
    '2 remove network shop_b: not in Git (after 1)',
  ]);
});

test('an external network that is missing is an error with what to do, and nothing else is held up', () => {
  const outside = site(app('shop', network('lan', {}, true), service('web', { Networks: { lan: {} } }), service('db')));
  expect(planLines({ git: outside, site: bare(outside) })).toEqual([
    'error: network lan is external and does not exist',
    '1 create network shop_default: no such network',
    '2 create shop-db-1: no such container (after 1)',
    '3 start shop-db-1: new (after 2)',
  ]);
});

test('an external volume that is missing is an error', () => {
  const Mounts = [{ Type: 'volume' as const, Source: 'data', Target: '/data' }];
  const outside = site(app('shop', volume('data', {}, true), service('web', { Mounts, NetworkMode: 'host' })));
  expect(planLines({ git: outside, site: bare(outside) })).toEqual([
    'error: volume data is external and does not exist',
  ]);
});

test('a network without our labels is used where it is just so, and an error where it differs', () => {
  const unlabelled = withNetwork(actualOf(git), 'shop_default', { owner: undefined });
  expect(planLines({ git, memory, site: unlabelled })).toEqual([]);
  const other = withNetwork(bare(git), 'shop_default', {
    id: 'x',
    spec: { Name: 'shop_default', Driver: 'macvlan' },
    owner: undefined,
    specHash: '',
  });
  expect(planLines({ git, site: other })).toEqual([
    'error: network shop_default exists, is not ours and differs (driver: macvlan, wanted bridge)',
  ]);
});

test('a network or volume of another app is never taken over', () => {
  const owner = { site: SITE, app: 'other', key: 'default' };
  const alone = { ...git, vanished: undefined };
  expect(
    planLines({
      git: alone,
      site: withNetwork(bare(git), 'shop_default', { id: 'x', spec: { Name: 'shop_default' }, owner }),
    })[0],
  ).toBe('error: network shop_default belongs to app other of site shop-17');
  const data = site(app('shop', volume('data'), service('web', { NetworkMode: 'host' })));
  const actual = { ...actualOf(data), volumes: { shop_data: { spec: { Name: 'shop_data' }, owner } } };
  expect(planLines({ git: data, site: actual })).toEqual([
    'error: volume shop_data belongs to app other of site shop-17',
  ]);
});

test('a volume that differs is left as it is, and said', () => {
  const data = site(app('shop', volume('data', { Driver: 'local', DriverOpts: { type: 'nfs' } })));
  const actual = actualOf(data);
  actual.volumes.shop_data = { ...actual.volumes.shop_data, spec: { Name: 'shop_data' } } as never;
  expect(planLines({ git: data, site: actual })).toEqual([
    'warning: volume shop_data differs (driver_opts: type is missing) and is left as it is, since its data would go with it',
  ]);
});
