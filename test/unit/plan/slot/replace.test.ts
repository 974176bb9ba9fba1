import { expect, test } from '@jest/globals';
import type { ActualContainer, ActualSite } from '../../../../src/model/state.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { plan } from '../../../../src/plan/plan.ts';
import { actualOf, app, bare, but, service, settled, site } from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

const before = site(app('shop', service('web')));
const git = site(app('shop', service('web', { Image: 'web:2' })));
const memory = settled(before);
const old = { ...actualOf(before), images: { ...actualOf(before).images, ...bare(git).images } };
const TEMPORARY = 'shop-web-1.0a1b2c3d';

/** The site with the successor beside what is left of the old one. */
const halfway = (previous: Partial<ActualContainer> | undefined, successor: Partial<ActualContainer>): ActualSite => {
  const [made] = but(actualOf(git), 'shop-web-1', { id: 'id-of-new', name: TEMPORARY, ...successor }).containers;
  const left = but(old, 'shop-web-1', previous);
  return { ...left, containers: [...left.containers, made as ActualContainer] };
};

const finish = [
  'stop shop-web-1: makes way for shop-web-1.new',
  'start shop-web-1.new: takes over',
  'remove shop-web-1.new: it did not start',
];

test('a new image: made beside the old one, the old one stopped, the new one started, and the way back', () => {
  expect(planLines({ git, site: old, memory })).toEqual([
    '1 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:2',
    '2 stop shop-web-1: makes way for shop-web-1.new (after 1)',
    '3 start shop-web-1.new: takes over (after 1, 2)',
    '4 remove shop-web-1.new: it did not start (only if 3 fails)',
    '5 start shop-web-1: runs again, since its successor did not start (after 4; only if 3 fails)',
    '6 remove shop-web-1: shop-web-1.new has taken over (after 3)',
    '7 rename shop-web-1.new to shop-web-1: the name that web gets (after 6)',
  ]);
});

test('unnamed volumes of the old one are handed over, whatever the image seems to declare', () => {
  const site = but(old, 'shop-web-1', { anonymousVolumes: { '/data': 'f'.repeat(64) } });
  const [made] = plan(git, site, memory, 0, agentOptions).apps[0]?.operations ?? [];
  expect(made).toMatchObject({ kind: 'createContainer', inherit: { '/data': 'f'.repeat(64) } });
});

test('interrupted after the new one was made: goes on with it', () => {
  expect(planLines({ git, memory, site: halfway({}, { status: 'created', startedAt: '' }) })).toEqual([
    '1 stop shop-web-1: makes way for shop-web-1.new',
    '2 start shop-web-1.new: takes over (after 1)',
    `3 ${finish[2]} (only if 2 fails)`,
    '4 start shop-web-1: runs again, since its successor did not start (after 3; only if 2 fails)',
    '5 remove shop-web-1: shop-web-1.new has taken over (after 2)',
    '6 rename shop-web-1.new to shop-web-1: the name that web gets (after 5)',
  ]);
});

test('interrupted after the old one was stopped: the new one starts', () => {
  const actual = halfway({ status: 'exited', exitCode: 143 }, { status: 'created', startedAt: '' });
  expect(planLines({ git, memory, site: actual })).toEqual([
    '1 start shop-web-1.new: takes over',
    '2 remove shop-web-1.new: it did not start (only if 1 fails)',
    '3 remove shop-web-1: shop-web-1.new has taken over (after 1)',
    '4 rename shop-web-1.new to shop-web-1: the name that web gets (after 3)',
  ]);
});

test('interrupted after the new one was started: the old one goes', () => {
  expect(planLines({ git, memory, site: halfway({ status: 'exited', exitCode: 143 }, {}) })).toEqual([
    '1 remove shop-web-1: shop-web-1.new has taken over',
    '2 rename shop-web-1.new to shop-web-1: the name that web gets (after 1)',
  ]);
});

test('interrupted before the rename: it gets its name', () => {
  expect(planLines({ git, memory, site: halfway(undefined, {}) })).toEqual([
    '1 rename shop-web-1.new to shop-web-1: is called shop-web-1.new',
  ]);
});

test('interrupted, and then a third revision: the leftover goes, and the last good one serves until it can be replaced', () => {
  const third = site(app('shop', service('web', { Image: 'web:3' })));
  const actual = halfway({ status: 'exited', exitCode: 143 }, { status: 'created', startedAt: '' });
  expect(planLines({ git: third, memory, site: actual }).slice(0, 5)).toEqual([
    '1 pull web:3: not on the disk',
    '2 start shop-web-1: exited with 143 (drift); its replacement has to wait',
    '3 remove shop-web-1.new: left over from an interrupted replacement',
    '4 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:3 (after 1, 3)',
    '5 stop shop-web-1: makes way for shop-web-1.new (after 2, 4)',
  ]);
});

test('interrupted, and then taken back: the new one goes and the old one stays', () => {
  const actual = halfway({}, { status: 'created', startedAt: '' });
  expect(planLines({ git: before, memory, site: actual })).toEqual([
    '1 remove shop-web-1.new: shop-web-1 has taken over',
  ]);
});

test('two that run in one place: the right one stays', () => {
  expect(planLines({ git, memory, site: halfway({}, {}) })).toEqual([
    '1 stop shop-web-1: shop-web-1.new has taken over',
    '2 remove shop-web-1: shop-web-1.new has taken over (after 1)',
    '3 rename shop-web-1.new to shop-web-1: the name that web gets (after 2)',
  ]);
});

test('a container that never got its name back is replaced by one with another temporary name', () => {
  const { spec } = actualOf(git).containers[0] as ActualContainer;
  const actual = halfway(undefined, { spec: { ...spec, User: 'x' } });
  expect(planLines({ git, memory: settled(git), site: actual })[0]).toMatch(
    /^1 create shop-web-1\.new: replaces shop-web-1\.new: user: x/,
  );
});

test('anonymous volumes go over to the successor, and configs are copied in before it starts', () => {
  const Files = [{ path: '/c', content: Buffer.from('2'), mode: 0o444, uid: 0, gid: 0 }];
  const next = site(app('shop', service('web', { Files })));
  expect(planLines({ git: next, site: actualOf(before), memory }).slice(0, 4)).toEqual([
    '1 create shop-web-1.new: replaces shop-web-1: the content of a config or secret changed',
    '2 copy files into shop-web-1.new: its config or secret, before it starts (after 1)',
    '3 stop shop-web-1: makes way for shop-web-1.new (after 1, 2)',
    '4 start shop-web-1.new: takes over (after 1, 2, 3)',
  ]);
});

test('a start that fails is tried again later, and the old one serves meanwhile', () => {
  const goal = planGoal();
  const backoffs = { 'converge slot shop/web/1': { goal, failures: 2, until: 9000, error: 'exec format error' } };
  const actual = halfway({ status: 'exited', exitCode: 143 }, { status: 'created', startedAt: '', error: 'exec' });
  expect(planLines({ git, site: actual, memory: settled(before, { backoffs }) })).toEqual([
    '1 start shop-web-1: exited with 143 (drift); its replacement has to wait',
    '2 stop shop-web-1: makes way for shop-web-1.new (after 1; withheld by backoff)',
    '3 start shop-web-1.new: takes over (after 2; withheld by backoff)',
    '4 remove shop-web-1.new: it did not start (only if 3 fails; withheld by backoff)',
    '5 start shop-web-1: runs again, since its successor did not start (after 4; only if 3 fails; withheld by backoff)',
    '6 remove shop-web-1: shop-web-1.new has taken over (after 3; withheld by backoff)',
    '7 rename shop-web-1.new to shop-web-1: the name that web gets (after 6; withheld by backoff)',
  ]);
});

function planGoal(): string {
  return (actualOf(git).containers[0] as ActualContainer).specHash;
}

test('one of three replicas that is gone comes back under its own number', () => {
  const three = site(app('shop', service('web', {}, { replicas: 3 })));
  expect(
    planLines({ git: three, site: but(actualOf(three), 'shop-web-2', undefined), memory: settled(three) }),
  ).toEqual(['1 create shop-web-2: gone (drift)', '2 start shop-web-2: new (after 1)']);
});

test('if two ran in one place, one comes back when their successor does not start', () => {
  const [copy] = but(old, 'shop-web-1', { id: 'id-of-copy', name: 'copy' }).containers;
  const twice = { ...old, containers: [...old.containers, copy as ActualContainer] };
  expect(planLines({ git, memory, site: twice }).filter((line) => line.includes('only if'))).toEqual([
    '5 remove shop-web-1.new: it did not start (only if 4 fails)',
    '6 start shop-web-1: runs again, since its successor did not start (after 5; only if 4 fails)',
  ]);
});
