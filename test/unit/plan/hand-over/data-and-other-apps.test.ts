import { describe, expect, test } from '@jest/globals';
import type { DesiredApp, DesiredContainer, DesiredSite } from '../../../../src/model/state.ts';
import { temporaryName } from '../../../../src/plan/facts/temporary-names.ts';
import {
  actualOf,
  app,
  bare,
  but,
  network,
  service,
  settled,
  site,
  volume,
} from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';
import { forward, port } from './sharing.ts';

describe('data', () => {
  const on = (Source: string, Image = 'db:1') => ({
    Image,
    Mounts: [{ Type: 'volume' as const, Source, Target: '/d' }],
  });
  const store = volume('data', { Name: 'data' });

  test('is never open to two: a service that got another name is stopped before its successor starts', () => {
    const before = site(app('shop', service('db', on('data')), store));
    const git = site(app('shop', service('postgres', on('data')), store));
    expect(planLines({ git, memory: settled(before), site: actualOf(before) })).toEqual([
      '1 create shop-postgres-1: no such container',
      '2 stop shop-db-1: db is not in Git (after 1)',
      '3 start shop-postgres-1: new (after 1, 2)',
      '4 remove shop-db-1: db is not in Git (after 2)',
    ]);
  });

  test('may be open to services that Git names side by side, replaced together or not', () => {
    const sides = (Image: string) =>
      site(app('shop', service('a', on('data', Image)), service('b', on('data', Image)), store));
    const actual = {
      ...actualOf(sides('db:1')),
      images: { ...bare(sides('db:1')).images, ...bare(sides('db:2')).images },
    };
    const lines = forward(planLines({ git: sides('db:2'), site: actual }));
    expect(lines).toContain('2 stop shop-a-1: makes way for shop-a-1.new (after 1)');
    expect(lines.find((line) => line.includes('start shop-a-1.new'))).toContain('(after 1, 2)');
  });

  test('goes from one service to another that stays: the first is replaced before the other starts on it', () => {
    const before = site(app('shop', service('a', on('data')), service('b', { Image: 'db:1' }), store));
    const git = site(app('shop', service('a', { Image: 'db:1' }), service('b', on('data')), store));
    const lines = forward(planLines({ git, site: actualOf(before) }));
    const stop = lines.find((line) => line.includes('stop shop-a-1:'))?.split(' ')[0];
    expect(lines.find((line) => line.includes('start shop-b-1.new'))).toMatch(new RegExp(`after.*\\b${stop}\\b`));
  });

  test('is waited for when its app has a new name, and so is the port of that app', () => {
    const spec = { ...on('data'), ...port('80') };
    const before = site(app('old', service('db', spec, { containerName: 'db' }), store));
    const git = site(app('new', service('db', spec, { containerName: 'db' }), store));
    const first = { ...actualOf(before), images: bare(git).images };
    const [starts, rename] = ['start db.new', 'rename db.new'].map((text) =>
      planLines({ git, memory: settled(before), site: first }).find((line) => line.includes(text)),
    );
    expect([starts, rename]).toEqual([
      expect.stringContaining('withheld by handOver'),
      expect.stringContaining('withheld by handOver'),
    ]);
    const stopped = but(first, 'db', { status: 'exited', exitCode: 0 });
    const next = planLines({ git, memory: settled(before), site: stopped });
    expect(next.find((line) => line.includes('start db.new'))).not.toContain('withheld');
    expect(next.find((line) => line.includes('rename db.new'))).toContain('withheld by handOver');
  });
});

describe('two apps that swap', () => {
  test('their host ports: both are stopped once both successors are made, and started at the next look', () => {
    const ports = (a: string, b: string) => site(app('a', service('x', port(a))), app('b', service('x', port(b))));
    const git = ports('81', '80');
    const first = planLines({ git, site: actualOf(ports('80', '81')) });
    expect(forward(first).filter((line) => !line.includes('withheld'))).toEqual([
      '1 create a-x-1.new: replaces a-x-1: ports: 80->80/tcp, wanted 81->80/tcp',
      '2 stop a-x-1: lets go of the host port 80/tcp, which app b needs (after 1)',
      '',
      '1 create b-x-1.new: replaces b-x-1: ports: 81->80/tcp, wanted 80->80/tcp',
      '2 stop b-x-1: lets go of the host port 81/tcp, which app a needs (after 1)',
    ]);
    const down = actualOf(ports('80', '81')).containers.map((each) => ({ ...each, status: 'exited' as const }));
    const made = actualOf(git).containers.map((each) => ({
      ...each,
      id: `new-${each.id}`,
      name: temporaryName(
        (git.apps.find(({ name }) => name === each.identity.app) as DesiredApp).services[0]
          ?.containers[0] as DesiredContainer,
      ),
      status: 'created' as const,
    }));
    const next = planLines({ git, site: { ...actualOf(git), containers: [...down, ...made] } });
    expect(next.filter((line) => line.includes('takes over'))).toHaveLength(2);
    expect(next.join('\n')).not.toContain('withheld');
  });

  test('their names: both step aside, and take them at the next look', () => {
    const names = (a: string, b: string) =>
      site(app('a', service('x', {}, { containerName: a })), app('b', service('x', {}, { containerName: b })));
    const own = (desired: DesiredSite) => ({
      ...desired,
      apps: desired.apps.map((each) => ({
        ...each,
        services: each.services.map((one) => ({
          ...one,
          containers: one.containers.map((c) => ({ ...c, spec: { Image: 'x:1', NetworkMode: 'host' } })),
        })),
      })),
    });
    const lines = planLines({ git: own(names('two', 'one')), site: actualOf(own(names('one', 'two'))) });
    expect(lines.filter((line) => line.includes('rename'))).toEqual([
      '1 rename one to two.new: lets go of one',
      '2 rename one to two: is called one (after 1; withheld by handOver)',
      '1 rename two to one.new: lets go of two',
      '2 rename two to one: is called two (after 1; withheld by handOver)',
    ]);
  });
});

test('a container whose port another app takes over runs on until the image of that app is there', () => {
  const before = site(app('old', service('web', port('80'))));
  const git = site(app('new', service('front', port('80'))));
  const lines = planLines({ git, memory: settled(before), site: actualOf(before) });
  expect(lines.find((line) => line.includes('stop old-web-1'))).toContain('withheld by handOver');
  expect(lines).toContain('2 pull front:1: not on the disk');
});

test('apps that swap addresses both leave the network, and each joins when it sees that the other has left', () => {
  const edge = network('edge', { Name: 'edge' }, true);
  const on = (address: string) => ({ Networks: { edge: { IPv4Address: address } } });
  const both = (a: string, b: string) =>
    site(app('a', edge, service('web', on(a))), app('b', edge, service('web', on(b))));
  const [before, git] = [both('10.0.0.1', '10.0.0.2'), both('10.0.0.2', '10.0.0.1')];
  expect(planLines({ git, memory: settled(before), site: actualOf(before) })).toEqual([
    '1 disconnect a-web-1 from edge: on edge: address 10.0.0.1, wanted 10.0.0.2',
    '2 connect a-web-1 to edge: on edge: address 10.0.0.1, wanted 10.0.0.2 (withheld by handOver)',
    '',
    '1 disconnect b-web-1 from edge: on edge: address 10.0.0.2, wanted 10.0.0.1',
    '2 connect b-web-1 to edge: on edge: address 10.0.0.2, wanted 10.0.0.1 (withheld by handOver)',
  ]);
});

test('a container that takes an address over from another app stays on the network until that one has left', () => {
  const edge = network('edge', { Name: 'edge' }, true);
  const on = (address: string) => ({ Networks: { edge: { IPv4Address: address } } });
  const both = (a: string, b: string) =>
    site(app('a', edge, service('web', on(a))), app('b', edge, service('web', on(b))));
  const [before, git] = [both('10.0.0.1', '10.0.0.2'), both('10.0.0.2', '10.0.0.3')];
  expect(planLines({ git, memory: settled(before), site: actualOf(before) })).toEqual([
    '1 disconnect a-web-1 from edge: on edge: address 10.0.0.1, wanted 10.0.0.2 (withheld by handOver)',
    '2 connect a-web-1 to edge: on edge: address 10.0.0.1, wanted 10.0.0.2 (after 1; withheld by handOver)',
    '',
    '1 disconnect b-web-1 from edge: on edge: address 10.0.0.2, wanted 10.0.0.3',
    '2 connect b-web-1 to edge: on edge: address 10.0.0.2, wanted 10.0.0.3 (after 1)',
  ]);
});
