import { describe, expect, test } from '@jest/globals';
import type { ContainerSpec } from '../../../../src/model/spec.ts';
import {
  actualOf,
  app,
  automated,
  bare,
  but,
  network,
  type Part,
  service,
  settled,
  site,
  volume,
} from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';
import { forward, port, unpruned } from './sharing.ts';

test('a name that somebody else’s container holds is an error on that service alone', () => {
  const git = site(app('shop', service('web'), service('db')));
  const actual = { ...bare(git), foreignNames: { 'shop-web-1': '0123456789abcdef' } };
  expect(planLines({ git, site: actual })).toEqual([
    'error: web: the name shop-web-1 is held by container 0123456789ab, which is not ours',
    '1 create network shop_default: no such network',
    '2 create shop-db-1: no such container (after 1)',
    '3 start shop-db-1: new (after 2)',
  ]);
});

test('one that lost its name to somebody else runs on, and is started, under the name it has', () => {
  const git = site(app('shop', service('web')));
  const actual = { ...actualOf(git), foreignNames: { 'shop-web-1': '0123456789abcdef' } };
  const renamed = but(actual, 'shop-web-1', { name: 'w', status: 'exited', exitCode: 1 });
  expect(planLines({ git, memory: settled(git), site: renamed })).toEqual([
    'error: web: the name shop-web-1 is held by container 0123456789ab, which is not ours',
    '1 start w: exited with 1 (drift)',
  ]);
});

test('two services that swap their names: one steps aside', () => {
  const named = (a: string, b: string) =>
    site(
      app(
        'shop',
        service('a', { NetworkMode: 'host' }, { containerName: a }),
        service('b', { NetworkMode: 'host' }, { containerName: b }),
      ),
    );
  expect(planLines({ git: named('two', 'one'), site: actualOf(named('one', 'two')) })).toEqual([
    '1 rename one to two.new: lets go of one',
    '2 rename two to one: is called two (after 1)',
    '3 rename one to two: is called one (after 1, 2)',
  ]);
});

test('a name goes from one that is pruned to one that is new, which runs before', () => {
  const before = site(app('shop', service('old', { NetworkMode: 'host' }, { containerName: 'web' })));
  const git = site(app('shop', service('new', { NetworkMode: 'host' }, { containerName: 'web' })));
  const actual = { ...actualOf(before), images: bare(git).images };
  expect(planLines({ git, memory: settled(before), site: actual })).toEqual([
    '1 create web.new: no such container',
    '2 start web.new: new (after 1)',
    '3 stop web: old is not in Git',
    '4 remove web: old is not in Git (after 3)',
    '5 rename web.new to web: the name that new gets (after 2, 4)',
  ]);
});

test('two services that swap host ports: both are made before either is stopped', () => {
  const ports = (a: string, b: string) => site(app('shop', service('a', port(a)), service('b', port(b))));
  expect(forward(planLines({ git: ports('81', '80'), site: actualOf(ports('80', '81')) }))).toEqual([
    '1 create shop-a-1.new: replaces shop-a-1: ports: 80->80/tcp, wanted 81->80/tcp',
    '2 create shop-b-1.new: replaces shop-b-1: ports: 81->80/tcp, wanted 80->80/tcp',
    '3 stop shop-b-1: makes way for shop-b-1.new (after 1, 2)',
    '4 stop shop-a-1: makes way for shop-a-1.new (after 1, 2, 3)',
    '5 start shop-a-1.new: takes over (after 1, 3, 4)',
    '8 remove shop-a-1: shop-a-1.new has taken over (after 5)',
    '9 rename shop-a-1.new to shop-a-1: the name that a gets (after 8)',
    '10 start shop-b-1.new: takes over (after 2, 3, 4)',
    '13 remove shop-b-1: shop-b-1.new has taken over (after 10)',
    '14 rename shop-b-1.new to shop-b-1: the name that b gets (after 13)',
  ]);
});

test('a service that got another name serves until its successor has its image', () => {
  const before = site(app('shop', service('web', port('80'))));
  const git = site(app('shop', service('front', port('80'))));
  expect(planLines({ git, memory: settled(before), site: actualOf(before) })).toEqual([
    '1 pull front:1: not on the disk',
    '2 create shop-front-1: no such container (after 1)',
    '3 stop shop-web-1: web is not in Git (after 2)',
    '4 start shop-front-1: new (after 2, 3)',
    '5 remove shop-web-1: web is not in Git (after 3)',
  ]);
});

test('a port of a container that prune off leaves alone is an error, and the one that asks for it runs on as it is', () => {
  const before = site(app('shop', service('api', port('80')), service('web', port('81'))));
  const git = unpruned(app('shop', service('web', port('80'))));
  const lines = planLines({ git, memory: settled(before), site: actualOf(before) });
  expect(lines.filter((line) => !line.includes('withheld'))).toEqual([
    'error: web: the host port 80/tcp is held by container shop-api-1 (Git no longer names the service api), which is not stopped: syncPolicy.automated.prune is not set',
  ]);
});

test('ports that the engine chooses are not handed over', () => {
  const git = site(app('shop', service('a', port('')), service('b', { ...port(''), Image: 'b:2' })));
  const before = site(app('shop', service('a', port('')), service('b', port(''))));
  const actual = but({ ...actualOf(before), images: bare(git).images }, 'shop-a-1', undefined);
  expect(planLines({ git, site: actual })[1]).toBe('2 start shop-a-1: new (after 1)');
});

test('a container that is being removed is waited for, since its name is free only then', () => {
  const git = site(app('shop', service('web')));
  expect(
    planLines({ git, memory: settled(git), site: but(actualOf(git), 'shop-web-1', { status: 'removing' }) }),
  ).toEqual([
    '1 wait until shop-web-1 is gone: it is being removed',
    '2 create shop-web-1: gone (drift) (after 1)',
    '3 start shop-web-1: new (after 2)',
  ]);
});

test('a port goes to one that its holder depends on: the holder lets go before its own successor is made', () => {
  const before = site(app('shop', service('web', port('80'))));
  const git = site(
    app('shop', service('proxy', port('80')), service('web', { Image: 'web:2' }, { dependsOn: ['proxy'] })),
  );
  const actual = { ...actualOf(before), images: { ...actualOf(before).images, 'proxy:1': { id: 'p', config: {} } } };
  expect(planLines({ git, memory: settled(before), site: actual })).toEqual([
    '1 create shop-proxy-1: no such container',
    '2 pull web:2: not on the disk',
    '3 stop shop-web-1: lets go of the host port 80/tcp, which shop-proxy-1 needs (after 1, 2)',
    '4 start shop-proxy-1: new (after 1, 3)',
    '5 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:2; ports: 80->80/tcp, wanted none (after 2, 4)',
    '6 stop shop-web-1: makes way for shop-web-1.new (after 3, 5)',
    '7 start shop-web-1.new: takes over (after 5, 6)',
    '8 remove shop-web-1.new: it did not start (only if 7 fails)',
    '9 start shop-web-1: runs again, since its successor did not start (after 8; only if 7 fails)',
    '10 remove shop-web-1: shop-web-1.new has taken over (after 7)',
    '11 rename shop-web-1.new to shop-web-1: the name that web gets (after 10)',
    '12 start shop-web-1: runs again, since shop-proxy-1 did not start (after 3; only if 4 fails)',
  ]);
});

const at = (IPv4Address: string, more: Partial<ContainerSpec> = {}) => ({
  Networks: { shop_net: { IPv4Address } },
  ...more,
});
const addressed = (a: Partial<ContainerSpec>, b: Partial<ContainerSpec>, c?: Partial<ContainerSpec>) =>
  site(app('shop', network('net'), service('a', a), service('b', b), ...(c ? [service('c', c)] : [])));

test('two services that swap their addresses both leave the network before either joins it', () => {
  const [before, git] = [addressed(at('10.0.0.1'), at('10.0.0.2')), addressed(at('10.0.0.2'), at('10.0.0.1'))];
  expect(planLines({ git, site: actualOf(before) })).toEqual([
    '1 disconnect shop-b-1 from shop_net: on shop_net: address 10.0.0.2, wanted 10.0.0.1',
    '2 disconnect shop-a-1 from shop_net: on shop_net: address 10.0.0.1, wanted 10.0.0.2 (after 1)',
    '3 connect shop-a-1 to shop_net: on shop_net: address 10.0.0.1, wanted 10.0.0.2 (after 1, 2)',
    '4 connect shop-b-1 to shop_net: on shop_net: address 10.0.0.2, wanted 10.0.0.1 (after 1, 2)',
  ]);
});

test('a container that takes over an address stays on the network until it is free, in any spelling', () => {
  const v6 = (IPv6Address: string) => ({ Networks: { shop_net: { IPv6Address } } });
  const [before, git] = [addressed(v6('fd00::1'), v6('fd00::2')), addressed(v6('FD00:0::2'), v6('fd00::3'))];
  expect(planLines({ git, site: actualOf(before) })).toEqual([
    '1 disconnect shop-b-1 from shop_net: on shop_net: IPv6 address fd00::2, wanted fd00::3',
    '2 disconnect shop-a-1 from shop_net: on shop_net: IPv6 address fd00::1, wanted FD00:0::2 (after 1)',
    '3 connect shop-a-1 to shop_net: on shop_net: IPv6 address fd00::1, wanted FD00:0::2 (after 1, 2)',
    '4 connect shop-b-1 to shop_net: on shop_net: IPv6 address fd00::2, wanted fd00::3 (after 1)',
  ]);
});

test('one that is replaced and one that stays swap addresses: the one that stays lets go once the new one is made', () => {
  const before = addressed(at('10.0.0.1'), at('10.0.0.2'));
  const git = addressed(at('10.0.0.2', { Image: 'a:2' }), at('10.0.0.1'));
  const actual = { ...actualOf(before), images: { ...actualOf(before).images, ...bare(git).images } };
  expect(forward(planLines({ git, site: actual }))).toEqual([
    '1 create shop-a-1.new: replaces shop-a-1: image: a:1, wanted a:2',
    '2 disconnect shop-b-1 from shop_net: on shop_net: address 10.0.0.2, wanted 10.0.0.1 (after 1)',
    '3 stop shop-a-1: makes way for shop-a-1.new (after 1, 2)',
    '4 start shop-a-1.new: takes over (after 1, 2, 3)',
    '7 remove shop-a-1: shop-a-1.new has taken over (after 4)',
    '8 rename shop-a-1.new to shop-a-1: the name that a gets (after 7)',
    '9 connect shop-b-1 to shop_net: on shop_net: address 10.0.0.2, wanted 10.0.0.1 (after 2, 3)',
  ]);
});

test('an address goes from a service that Git has dropped to one that stays', () => {
  const before = addressed(at('10.0.0.1'), at('10.0.0.2'), at('10.0.0.3'));
  const git = addressed(at('10.0.0.1'), at('10.0.0.3'));
  expect(planLines({ git, memory: settled(before), site: actualOf(before) })).toEqual([
    '1 stop shop-c-1: c is not in Git',
    '2 disconnect shop-b-1 from shop_net: on shop_net: address 10.0.0.2, wanted 10.0.0.3 (after 1)',
    '3 connect shop-b-1 to shop_net: on shop_net: address 10.0.0.2, wanted 10.0.0.3 (after 1, 2)',
    '4 remove shop-c-1: c is not in Git (after 1)',
  ]);
});

test('no container leaves a network for an address that its holder may keep', () => {
  const before = addressed(at('10.0.0.1'), at('10.0.0.2'), at('10.0.0.3'));
  const wanted = addressed(at('10.0.0.1'), at('10.0.0.3'));
  const git = site({ ...(wanted.apps[0] as (typeof wanted.apps)[0]), sync: automated({ prune: false }) });
  const lines = planLines({ git, memory: settled(before), site: actualOf(before) });
  expect(lines.filter((line) => !line.includes('withheld by prune'))).toEqual([]);
});

describe('prune is off', () => {
  const data = (ReadOnly = false) => ({
    Mounts: [{ Type: 'volume' as const, Source: 'data', Target: '/d', ReadOnly }],
  });
  const store = volume('data', { Name: 'data' });
  const serial = (PathOnHost: string) => ({
    Devices: [{ PathOnHost, PathInContainer: PathOnHost, CgroupPermissions: 'rwm' }],
  });
  const bound = (Source: string) => ({ Mounts: [{ Type: 'bind' as const, Source, Target: '/d' }] });
  const onAddress = { Networks: { shop_default: { IPv4Address: '10.0.0.9' } } };
  /** `old` was in Git, `next` is now; the plan of the new service, and whether it starts. */
  const lines = (old: Part, next: Part, ...stay: Part[]) => {
    const before = site(app('shop', old, store, ...stay));
    const git = unpruned(app('shop', next, store, ...stay));
    const actual = { ...actualOf(before), images: { ...actualOf(before).images, ...bare(git).images } };
    const found = planLines({ git, memory: settled(before), site: actual });
    return { errors: found.filter((line) => line.startsWith('error')), starts: found.filter(isStart) };
  };
  const isStart = (line: string) => line.includes(' start shop-new-1') && !line.includes('withheld');

  test.each([
    ['a name', {}, {}, { containerName: 'web' }, 'the name web'],
    ['a port', port('80'), port('80'), {}, 'the host port 80/tcp'],
    ['a device', serial('/dev/ttyUSB0'), serial('/dev/ttyUSB0'), {}, 'the device /dev/ttyUSB0'],
    ['a device as a path', bound('/dev/ttyUSB0'), serial('/dev/ttyUSB0'), {}, 'the device /dev/ttyUSB0'],
    ['an address', onAddress, onAddress, {}, 'the address 10.0.0.9 on shop_default'],
  ])('%s of a container that stays is an error that names it', (_, has, wants, options, thing) => {
    const { errors, starts } = lines(service('old', has, options), service('new', wants, options));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(
      `${thing} is held by container ${'containerName' in options ? options.containerName : 'shop-old-1'}`,
    );
    expect(starts).toEqual([]);
  });

  test.each([
    ['a device that many open', serial('/dev/dri/card0'), serial('/dev/dri/card0')],
    ['a port of another address', port('80'), { PortBindings: [{ Container: '80/tcp', HostIp: '', HostPort: '81' }] }],
    ['a volume that both read', data(true), data(true)],
    ['a socket of the host', bound('/var/run/docker.sock'), bound('/var/run/docker.sock')],
  ])('%s is no reason to wait', (_, has, wants) => {
    const { errors, starts } = lines(service('old', has), service('new', wants));
    expect([errors, starts.length]).toEqual([[], 1]);
  });

  test.each([
    ['a volume', data()],
    ['a path of the host', bound('/srv/data')],
  ])('%s is waited for, and no error', (_, spec) => {
    const { errors, starts } = lines(service('old', spec), service('new', spec));
    expect([errors, starts]).toEqual([[], []]);
  });

  test('unless a service that stays mounts that volume, too', () => {
    const { starts } = lines(service('old', data()), service('new', data()), service('stays', data()));
    expect(starts).toHaveLength(1);
  });
});
