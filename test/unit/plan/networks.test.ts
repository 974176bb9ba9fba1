import { describe, expect, test } from '@jest/globals';
import { specHash } from '../../../src/container/labels/hash.ts';
import type { ActualNetwork, ActualSite, DesiredSite } from '../../../src/model/state.ts';
import {
  actualOf,
  app,
  automated,
  bare,
  but,
  network,
  SITE,
  service,
  settled,
  site,
  volume,
} from '../../support/site/site-builder.ts';
import { planLines } from '../../support/values/plan-lines.ts';

const git = site(app('shop', service('web')));
const memory = settled(git);

const withNetwork = (actual: ActualSite, name: string, changes: Partial<ActualNetwork>): ActualSite => ({
  ...actual,
  networks: { ...actual.networks, [name]: { ...(actual.networks[name] as ActualNetwork), ...changes } },
});

test('a network that a person made again under the same name leads nowhere: its users join it', () => {
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

test('options that changed: all leave, it is made again, all join again; and back to the old one if that fails', () => {
  const next = site(app('shop', network('default', { Internal: true }), service('web')));
  expect(planLines({ git: next, memory, site: actualOf(git) })).toEqual([
    '1 disconnect shop-web-1 from shop_default: shop_default is made again',
    '2 remove network shop_default: internal: false, wanted true (after 1)',
    '3 create network shop_default: made again as Git says (after 2)',
    '4 create network shop_default: as it was, since it could not be made as Git says (after 2; only if 3 fails)',
    '5 connect shop-web-1 to shop_default: back on the new one (after 3)',
    '6 connect shop-web-1 to shop_default: it could not be removed (after 1; only if 2 fails)',
    '7 connect shop-web-1 to shop_default: back on the old one (after 4; only if 3 fails)',
  ]);
});

test('while a network waits to be made again, the old one serves', () => {
  const next = site(app('shop', network('default', { Internal: true }), service('web'), service('new')));
  const made = planLines({ git: next, site: bare(next) });
  expect(made[0]).toBe('1 create network shop_default: no such network');
  const goal = goalOfNetwork(next);
  const backoffs = { 'converge network shop_default': { goal, failures: 1, until: 9000, error: 'pool overlaps' } };
  const actual = { ...actualOf(git), images: bare(next).images };
  expect(
    planLines({ git: next, memory: settled(git, { backoffs }), site: actual }).filter(
      (line) => !line.includes('withheld'),
    ),
  ).toEqual(['8 create shop-new-1: no such container', '9 start shop-new-1: new (after 8)']);
});

const goalOfNetwork = (desired: DesiredSite): string => specHash(actualOf(desired).networks.shop_default?.spec ?? {});

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
  expect(planLines({ git: { ...data, vanished: undefined }, site: actual })).toEqual([
    'error: volume shop_data belongs to app other of site shop-17',
  ]);
});

test('a volume that differs is left as it is, and said', () => {
  const data = site(app('shop', volume('data', { Driver: 'local', DriverOpts: { type: 'nfs' } })));
  const actual = actualOf(data);
  actual.volumes.shop_data = { ...actual.volumes.shop_data, spec: { Name: 'shop_data' } } as never;
  expect(planLines({ git: { ...data, vanished: undefined }, site: actual })).toEqual([
    'warning: volume shop_data differs (driver_opts: type is missing) and is left as it is, since its data would go with it',
  ]);
});

describe('a network with a name of its own, of an app that has another name from now on', () => {
  const edge = network('edge', { Name: 'edge' });
  const on = { Networks: { edge: {} } };
  const before = site(app('old', service('web', on), edge));
  const renamed = (changes: Partial<DesiredSite> = {}) => ({
    ...site(app('new', service('web', on), edge)),
    ...changes,
  });
  const lines = (desired: DesiredSite) =>
    planLines({ git: desired, memory: settled(before), site: { ...actualOf(before), images: bare(desired).images } });

  test('is waited for until the old app has removed it', () => {
    expect(lines(renamed())).toEqual([
      '1 create network edge: in place of that of app old (withheld by handOver)',
      '2 create new-web-1: no such container (after 1; withheld by handOver)',
      '3 start new-web-1: new (after 2; withheld by handOver)',
      '',
      '1 stop old-web-1: web is not in Git',
      '2 remove old-web-1: web is not in Git (after 1)',
      '3 remove network edge: not in Git (after 2)',
    ]);
  });

  test('is an error where prune is off', () => {
    expect(lines(renamed({ vanished: automated({ prune: false }) }))[0]).toBe(
      'error: network edge belongs to app old of site shop-17, which no longer names it and does not remove it: syncPolicy.automated.prune is not set',
    );
  });

  test('is an error while the old app is broken', () => {
    const broken = { broken: [{ name: 'old', problems: [] }] };
    expect(lines(renamed(broken))[0]).toBe('error: network edge belongs to app old of site shop-17');
  });
});

describe('a volume with a name of its own that another app made', () => {
  const data = volume('data', { Name: 'data' });
  const on = { Mounts: [{ Type: 'volume' as const, Source: 'data', Target: '/d' }] };
  const before = site(app('old', service('db', on), data));
  const here = { ...actualOf(before), containers: [] };

  test('goes to the app that names it now, once the old one does not', () => {
    const git = site(app('new', service('db', on), data));
    const lines = planLines({ git, memory: settled(before), site: { ...here, images: bare(git).images } });
    expect(lines.filter((line) => line.includes('volume') || line.startsWith('error'))).toEqual([]);
    expect(lines).toContain('3 start new-db-1: new (after 2)');
  });

  test('is an error while the old one names it', () => {
    const git = site(...before.apps, app('new', service('db', on), data));
    expect(planLines({ git, memory: settled(before), site: { ...here, images: bare(git).images } })[0]).toBe(
      'error: volume data belongs to app old of site shop-17',
    );
  });

  test('is not removed by the old one, whatever its pruneVolumes says', () => {
    const old = { ...app('old', service('other')), pruneVolumes: true };
    const git = site(old, app('new', service('db', on), data));
    const actual = { ...here, images: bare(git).images };
    expect(planLines({ git, memory: settled(before), site: actual }).join('\n')).not.toContain('remove volume');
    const without = site(old);
    expect(planLines({ git: without, memory: settled(before), site: actual }).join('\n')).toContain(
      'remove volume data',
    );
  });
});

describe('a container that is not ours on a network of ours', () => {
  const changed = site(app('shop', network('default', { Internal: true }), service('web')));
  const on = (actual: ActualSite, ...names: string[]) => ({ ...actual, strangersOn: { shop_default: names } });

  test('keeps it from being made again: nothing is touched, and it is named', () => {
    const lines = planLines({ git: changed, memory, site: on(actualOf(git), 'nosy') });
    expect(lines.filter((line) => !line.includes('withheld by handOver'))).toEqual([
      expect.stringMatching(
        /^error: network shop_default cannot be made again as Git says \(internal: .*\): container nosy, which is not ours, is on it$/,
      ),
    ]);
  });

  test('keeps no other service from what Git says', () => {
    const more = site(app('shop', network('default', { Internal: true }), service('web'), service('api')));
    const actual = { ...on(actualOf(git), 'a', 'b'), images: bare(more).images };
    const lines = planLines({ git: more, memory, site: actual }).filter(
      (line) => !line.includes('withheld by handOver'),
    );
    expect(lines).toEqual([
      expect.stringContaining('containers a, b, which are not ours, are on it'),
      expect.stringMatching(/create shop-api-1: no such container$/),
      expect.stringMatching(/start shop-api-1: new \(after \d+\)$/),
    ]);
  });

  test('keeps our containers on it if they need an address of the new network, and no others', () => {
    const pool = (subnet: string, address: string) =>
      site(
        app(
          'shop',
          network('default', { IPAM: { Config: [{ Subnet: subnet }] } }),
          service('web', { Networks: { shop_default: { IPv4Address: address } } }),
        ),
      );
    const [old, next] = [pool('10.1.0.0/24', '10.1.0.5'), pool('10.2.0.0/24', '10.2.0.5')];
    const lines = planLines({ git: next, memory: settled(old), site: on(actualOf(old), 'nosy') });
    expect(lines.filter((line) => !line.startsWith('error') && !line.includes('withheld'))).toEqual([]);
    const within = pool('10.1.0.0/16', '10.1.0.6');
    const moved = planLines({ git: within, memory: settled(old), site: on(actualOf(old), 'nosy') });
    expect(moved.filter((line) => !line.startsWith('error') && !line.includes('withheld'))).toEqual([
      expect.stringContaining(
        'disconnect shop-web-1 from shop_default: on shop_default: address 10.1.0.5, wanted 10.1.0.6',
      ),
      expect.stringContaining('connect shop-web-1 to shop_default'),
    ]);
  });

  test('keeps one that Git no longer names', () => {
    const without = site(app('shop', service('web', { NetworkMode: 'host' })));
    const lines = planLines({ git: without, memory, site: on(actualOf(git), 'nosy') });
    expect(lines[0]).toBe('warning: network shop_default stays: container nosy, which is not ours, is on it');
    expect(lines.join('\n')).not.toContain('remove network');
  });
});
