import { describe, expect, test } from '@jest/globals';
import type { Memory } from '../../../../src/model/memory.ts';
import type { ActualSite, DesiredSite } from '../../../../src/model/state.ts';
import { retryKey } from '../../../../src/model/subject.ts';
import { goalOf } from '../../../../src/plan/facts/goals.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { plan } from '../../../../src/plan/plan.ts';
import {
  actualOf,
  app,
  bare,
  but,
  butSpec,
  running,
  service,
  settled,
  site,
} from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

/** An app that sends all its traffic through another service. */
const gitWith = (vpn: string) =>
  site(
    app(
      'shop',
      service('vpn', { Image: vpn }),
      service('torrent', { NetworkMode: 'service:vpn' }, { dependsOn: { vpn: { restart: true } } }),
    ),
  );
const git = gitWith('vpn:1');
const forward = (lines: string[]): string[] => lines.filter((line) => !line.includes('only if'));

test('one that joins the network of another is made after that one runs', () => {
  expect(planLines({ git, site: bare(git) }).slice(1)).toEqual([
    '2 create shop-vpn-1: no such container (after 1)',
    '3 start shop-vpn-1: new (after 2)',
    '4 create shop-torrent-1: no such container (after 3)',
    '5 start shop-torrent-1: new (after 4)',
  ]);
});

test('a new container takes a new one of those that joined it', () => {
  const next = gitWith('vpn:2');
  const actual = { ...actualOf(git), images: { ...bare(git).images, ...bare(next).images } };
  expect(forward(planLines({ git: next, memory: settled(git), site: actual }))).toEqual([
    '1 create shop-vpn-1.new: replaces shop-vpn-1: image: vpn:1, wanted vpn:2',
    '2 stop shop-vpn-1: makes way for shop-vpn-1.new (after 1)',
    '3 start shop-vpn-1.new: takes over (after 1, 2)',
    '6 remove shop-vpn-1: shop-vpn-1.new has taken over (after 3)',
    '7 rename shop-vpn-1.new to shop-vpn-1: the name that vpn gets (after 6)',
    '8 create shop-torrent-1.new: replaces shop-torrent-1: service:vpn gets a new container (after 3)',
    '9 stop shop-torrent-1: makes way for shop-torrent-1.new (after 8)',
    '10 start shop-torrent-1.new: takes over (after 8, 9)',
    '13 remove shop-torrent-1: shop-torrent-1.new has taken over (after 10)',
    '14 rename shop-torrent-1.new to shop-torrent-1: the name that torrent gets (after 13)',
  ]);
});

test('one whose other was restarted since has lost its network, and is replaced', () => {
  const restarted = but(actualOf(git), 'shop-vpn-1', { startedAt: '2026-01-01T00:00:00.5Z' });
  expect(planLines({ git, memory: settled(git), site: restarted })[0]).toBe(
    '1 create shop-torrent-1.new: replaces shop-torrent-1: service:vpn was started after it, and has another namespace now (drift)',
  );
  const both = but(restarted, 'shop-torrent-1', { startedAt: '2026-01-01T00:00:00.500001Z' });
  expect(planLines({ git, memory: settled(git), site: both })).toEqual([]);
});

test('a start that seems to lie in the future was before the clock was set back, and replaces nothing', () => {
  const restarted = but(actualOf(git), 'shop-vpn-1', { startedAt: '2099-01-01T00:00:00.5Z' });
  expect(planLines({ git, memory: settled(git), site: { ...restarted, at: '2026-11-21T12:00:00.000Z' } })).toEqual([]);
});

test('a job that has completed is not run again because what it joined is new', () => {
  const next = gitWith('vpn:2');
  const done = but(actualOf(git), 'shop-torrent-1', { status: 'exited', exitCode: 0 });
  const actual = { ...done, images: { ...bare(git).images, ...bare(next).images } };
  const lines = planLines({ git: next, memory: settled(git), site: actual });
  expect(lines.filter((line) => line.includes('torrent'))).toEqual([]);
});

describe('a container of another app', () => {
  const both = (vpn: string) =>
    site(
      app('gate', service('vpn', { Image: vpn }, { containerName: 'gate' })),
      app('shop', service('torrent', { NetworkMode: 'container:gate' })),
    );
  const before = both('vpn:1');
  const memory = settled(before);
  const joined = (actual: ActualSite, reference: string) =>
    butSpec(actual, 'shop-torrent-1', { NetworkMode: `container:${reference}` });

  test('is waited for until it runs', () => {
    const alone = but(actualOf(before), 'gate', { status: 'exited', exitCode: 1 });
    expect(planLines({ git: before, memory, site: but(alone, 'shop-torrent-1', undefined) }).slice(2)).toEqual([
      '1 create shop-torrent-1: gone (drift) (withheld by handOver)',
      '2 start shop-torrent-1: new (after 1; withheld by handOver)',
    ]);
  });

  test('that was started since takes a new one of those that joined it', () => {
    const restarted = but(actualOf(before), 'gate', { startedAt: '2026-01-01T00:00:00.5Z' });
    expect(planLines({ git: before, memory, site: restarted })[0]).toBe(
      '1 create shop-torrent-1.new: replaces shop-torrent-1: container:gate was started after it, and has another namespace now (drift)',
    );
  });

  test('that a commit replaced is joined again at once, however often the one that joins it was healed before', () => {
    const git = both('vpn:2');
    const tried = (of: DesiredSite): Memory => {
      const outcome = plan(of, joined(actualOf(of), '0123'), settled(of), 0, agentOptions).apps[1];
      const [create] = outcome?.operations ?? [];
      if (!create?.retry) throw new Error('nothing is tried');
      const { purpose, goal } = create.retry;
      return settled(of, {
        backoffs: { [retryKey(create.subject, purpose)]: { goal, failures: 2, until: 60_000, error: '' } },
      });
    };
    const now = joined(actualOf(git), '0123');
    expect(planLines({ git, memory: tried(git), site: now })[0]).toContain('withheld by backoff');
    expect(planLines({ git, memory: tried(before), site: now })[0]).not.toContain('withheld');
  });
});

test('one that shares the memory of another is replaced after that one was started again', () => {
  const sharing = site(app('shop', service('vpn'), service('torrent', { IpcMode: 'service:vpn' })));
  const restarted = but(actualOf(sharing), 'shop-vpn-1', { startedAt: '2026-01-01T00:00:00.5Z' });
  expect(planLines({ git: sharing, memory: settled(sharing), site: restarted })[0]).toContain(
    'service:vpn was started',
  );
});

test('a one-shot that has done its work lets go of a container that an engine does not remove while it is joined', () => {
  const withJob = (vpn: string) =>
    site(
      app(
        'shop',
        service('vpn', { Image: vpn, NetworkMode: 'none' }),
        service('probe', { NetworkMode: 'service:vpn' }, { dependsOn: ['vpn'] }),
      ),
    );
  const [before, next] = [withJob('vpn:1'), withJob('vpn:2')];
  const images = { ...bare(before).images, ...bare(next).images };
  const ended = but(actualOf(before, { removesJoined: false }), 'shop-probe-1', { status: 'exited', exitCode: 0 });
  const [probe] = before.apps.flatMap((each) => each.services.filter(({ name }) => name === 'probe'));
  const [wanted] = probe?.containers ?? [];
  if (!wanted) throw new Error('no probe');
  const completed = { 'shop/probe/1': goalOf(wanted) };
  const planned = (memory: Memory) => forward(planLines({ git: next, memory, site: { ...ended, images } }));
  expect(planned(settled(before, { completed })).slice(-3)).toEqual([
    '6 remove shop-probe-1: it has completed, and the engine removes nothing that it has joined',
    '7 remove shop-vpn-1: shop-vpn-1.new has taken over (after 3, 6)',
    '8 rename shop-vpn-1.new to shop-vpn-1: the name that vpn gets (after 7)',
  ]);
  // Nobody remembers that it has done its work: without its container it would be run again.
  expect(planned(settled(before)).join()).not.toContain('remove shop-probe-1: it has completed');
});

test('one that another one joined, and that an interrupted replacement left, goes after that one, where the engine asks for it', () => {
  const next = gitWith('vpn:3');
  const half = gitWith('vpn:2');
  const [shop] = half.apps;
  const wanted = shop?.services.find(({ name }) => name === 'vpn')?.containers[0];
  if (!shop || !wanted) throw new Error('no vpn');
  const successor = running(shop, 'vpn', wanted, {
    id: 'next',
    name: 'shop-vpn-1.half',
    startedAt: '2026-02-01T00:00:00Z',
  });
  const before = but(actualOf(git, { removesJoined: false }), 'shop-vpn-1', { status: 'exited', exitCode: 137 });
  const images = { ...bare(git).images, ...bare(half).images, ...bare(next).images };
  const actual = { ...before, images, containers: [...before.containers, successor] };
  const lines = forward(planLines({ git: next, memory: settled(git), site: actual }));
  const at = (words: string): number => lines.findIndex((line) => line.includes(words));
  expect(at('remove shop-torrent-1: ')).toBeGreaterThan(-1);
  expect(at('remove shop-vpn-1: left over from an interrupted replacement')).toBeGreaterThan(
    at('remove shop-torrent-1: '),
  );
  expect(at('to shop-vpn-1: the name that vpn gets')).toBeGreaterThan(at('remove shop-vpn-1: left over'));
});

test('one that joins another is started after it, although it does not require it', () => {
  const loose = site(
    app(
      'shop',
      service('vpn'),
      service('torrent', { NetworkMode: 'service:vpn' }, { dependsOn: { vpn: { required: false } } }),
    ),
  );
  const ended = { status: 'exited', exitCode: 143 } as const;
  const actual = but(but(actualOf(loose), 'shop-vpn-1', ended), 'shop-torrent-1', ended);
  expect(planLines({ git: loose, memory: settled(loose), site: actual })).toEqual([
    '1 start shop-vpn-1: exited with 143 (drift)',
    '2 start shop-torrent-1: exited with 143 (drift) (after 1)',
  ]);
});
