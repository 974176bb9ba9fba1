import { expect, test } from '@jest/globals';
import { EngineError } from '../../../../src/lib/errors.ts';
import type { Memory } from '../../../../src/model/memory.ts';
import type { OperationResult } from '../../../../src/model/outcome.ts';
import type { ContainerSpec } from '../../../../src/model/spec.ts';
import type { ActualContainer, ActualSite, DesiredSite, UpdatePolicy } from '../../../../src/model/state.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { updateFromOutcome } from '../../../../src/plan/memory/update.ts';
import { plan } from '../../../../src/plan/plan.ts';
import { actualOf, app, bare, but, service, settled, site } from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

const update: UpdatePolicy = {
  parallelism: 0,
  delayMs: 0,
  monitorMs: 5000,
  failureAction: 'pause',
  maxFailureRatio: 0,
  order: 'start-first',
};
const Healthcheck = { Test: ['CMD', 'ready'] };

const gitWith = (Image: string, spec: Partial<ContainerSpec> = { Healthcheck }, changes: Partial<UpdatePolicy> = {}) =>
  site(app('shop', service('web', { Image, ...spec }, { update: { ...update, ...changes } })));

const before = gitWith('web:1');
const git = gitWith('web:2');
const memory = settled(before);
const withImages = (actual: ActualSite, ...more: DesiredSite[]): ActualSite => ({
  ...actual,
  images: { ...actual.images, ...Object.assign({}, ...more.map((each) => bare(each).images)) },
});
const old = withImages(actualOf(before), git);
const TEMPORARY = 'shop-web-1.0a1b2c3d';

/** The site with the successor beside what is left of the old one. */
const trial = (
  successor: Partial<ActualContainer>,
  previous: Partial<ActualContainer> = {},
  wanted = git,
): ActualSite => {
  const [made] = but(actualOf(wanted), 'shop-web-1', { id: 'id-of-new', name: TEMPORARY, ...successor }).containers;
  const left = withImages(but(old, 'shop-web-1', previous), wanted);
  return { ...left, containers: [...left.containers, made as ActualContainer] };
};

const GOES_ON = [
  '1 wait until shop-web-1.new is steady: only then it takes over from shop-web-1',
  '2 stop shop-web-1.new: it is not steady (only if 1 fails)',
  '3 remove shop-web-1.new: it is not steady (after 2; only if 1 fails)',
  '4 stop shop-web-1: shop-web-1.new has taken over (after 1)',
  '5 remove shop-web-1: shop-web-1.new has taken over (after 4)',
  '6 rename shop-web-1.new to shop-web-1: the name that web gets (after 5)',
];

test('the new one runs and is steady before the old one is stopped, and goes when it is not', () => {
  expect(planLines({ git, site: old, memory })).toEqual([
    '1 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:2',
    '2 start shop-web-1.new: starts beside shop-web-1 (after 1)',
    '3 remove shop-web-1.new: it did not start (only if 2 fails)',
    '4 wait until shop-web-1.new is steady: only then it takes over from shop-web-1 (after 2)',
    '5 stop shop-web-1.new: it is not steady (only if 4 fails)',
    '6 remove shop-web-1.new: it is not steady (after 5; only if 4 fails)',
    '7 stop shop-web-1: shop-web-1.new has taken over (after 4)',
    '8 remove shop-web-1: shop-web-1.new has taken over (after 7)',
    '9 rename shop-web-1.new to shop-web-1: the name that web gets (after 8)',
  ]);
});

test('without a health check the old one runs on while the new one is watched', () => {
  const [unchecked, next] = [gitWith('web:1', {}), gitWith('web:2', {})];
  const lines = planLines({ git: next, site: withImages(actualOf(unchecked), next), memory: settled(unchecked) });
  expect(lines[3]).toBe('4 wait until shop-web-1.new is steady: only then it takes over from shop-web-1 (after 2)');
  expect(lines.slice(6)).toEqual([
    '7 stop shop-web-1: shop-web-1.new has taken over (after 4; withheld by updateConfig)',
    '8 remove shop-web-1: shop-web-1.new has taken over (after 7; withheld by updateConfig)',
    '9 rename shop-web-1.new to shop-web-1: the name that web gets (after 8; withheld by updateConfig)',
  ]);
  const at = (seconds: number): ActualSite => ({
    ...trial({ startedAt: '2026-01-01T00:00:10.5Z', health: 'none' }, {}, next),
    at: `2026-01-01T00:00:${10 + seconds}.5Z`,
  });
  const held = (site: ActualSite): boolean => planLines({ git: next, site, memory }).join().includes('withheld');
  expect([held(at(1)), held(at(4)), held(at(5))]).toEqual([true, true, false]);
});

test('no watch where monitor is 0', () => {
  const [unchecked, next] = [gitWith('web:1', {}, { monitorMs: 0 }), gitWith('web:2', {}, { monitorMs: 0 })];
  const lines = planLines({ git: next, site: withImages(actualOf(unchecked), next), memory: settled(unchecked) });
  expect(lines[6]).toBe('7 stop shop-web-1: shop-web-1.new has taken over (after 4)');
});

test('interrupted before the new one was started: it is started now', () => {
  expect(planLines({ git, memory, site: trial({ status: 'created', startedAt: '' }) })).toEqual([
    '1 start shop-web-1.new: starts beside shop-web-1',
    '2 remove shop-web-1.new: it did not start (only if 1 fails)',
    '3 wait until shop-web-1.new is steady: only then it takes over from shop-web-1 (after 1)',
    '4 stop shop-web-1.new: it is not steady (only if 3 fails)',
    '5 remove shop-web-1.new: it is not steady (after 4; only if 3 fails)',
    '6 stop shop-web-1: shop-web-1.new has taken over (after 3)',
    '7 remove shop-web-1: shop-web-1.new has taken over (after 6)',
    '8 rename shop-web-1.new to shop-web-1: the name that web gets (after 7)',
  ]);
});

test('interrupted while both run: the trial goes on, however the new one does', () => {
  expect(planLines({ git, memory, site: trial({ health: 'starting' }) })).toEqual(GOES_ON);
  expect(planLines({ git, memory, site: trial({ health: 'healthy' }) })).toEqual(GOES_ON);
  expect(planLines({ git, memory, site: trial({ health: 'unhealthy' }) })).toEqual(GOES_ON);
  expect(planLines({ git, memory, site: trial({ status: 'exited', exitCode: 1 }) })).toEqual(GOES_ON);
});

test('interrupted after the old one was stopped, or removed: nothing is left to wait for', () => {
  const finish = ['1 remove shop-web-1: shop-web-1.new has taken over'];
  const stopped = trial({ health: 'starting' }, { status: 'exited', exitCode: 143 });
  expect(planLines({ git, memory, site: stopped }).slice(0, 1)).toEqual(finish);
  expect(planLines({ git, memory, site: but(stopped, 'shop-web-1', undefined) })).toEqual([
    '1 rename shop-web-1.new to shop-web-1: is called shop-web-1.new',
  ]);
});

test('one that failed and was left behind goes at once, and the old one runs on until the next try', () => {
  const goal = actualOf(git).containers[0]?.specHash ?? '';
  const backoffs = { 'converge slot shop/web/1': { goal, failures: 2, until: 9000, error: 'is unhealthy' } };
  const lines = planLines({ git, memory: { ...memory, backoffs }, site: trial({ health: 'unhealthy' }) });
  expect(lines.filter((line) => !line.includes('withheld'))).toEqual([
    '1 stop shop-web-1.new: it was not steady',
    '2 remove shop-web-1.new: it was not steady (after 1)',
  ]);
  // A new container that is healthy by now, or has taken over since, is no failure.
  const well = planLines({ git, memory: { ...memory, backoffs }, site: trial({ health: 'healthy' }) });
  expect(well).toHaveLength(GOES_ON.length);
  for (const line of well) expect(line).toContain('withheld by backoff');
});

test('taken back in Git: the new one goes and the old one stays', () => {
  expect(planLines({ git: before, memory, site: trial({ health: 'healthy' }) })).toEqual([
    '1 stop shop-web-1.new: shop-web-1 has taken over',
    '2 remove shop-web-1.new: shop-web-1 has taken over (after 1)',
  ]);
});

test('a third revision: no three of them ever run', () => {
  const third = gitWith('web:3');
  const actual = withImages(trial({ health: 'starting' }), third);
  expect(planLines({ git: third, memory, site: actual }).slice(0, 4)).toEqual([
    '1 stop shop-web-1.new: left over from an interrupted replacement',
    '2 remove shop-web-1.new: left over from an interrupted replacement (after 1)',
    '3 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:3 (after 2)',
    '4 start shop-web-1.new: starts beside shop-web-1 (after 3)',
  ]);
});

test('a third revision, while a person has renamed the old one: that one still runs on until the newest is well', () => {
  const third = gitWith('web:3');
  const actual = but(withImages(trial({ health: 'starting' }), third), 'shop-web-1', { name: 'renamed', id: 'zz' });
  const lines = planLines({ git: third, memory, site: actual });
  expect(lines[0]).toBe('1 stop shop-web-1.new: left over from an interrupted replacement');
  const at = (words: string): number => lines.findIndex((line) => line.includes(words));
  expect(at('stop renamed')).toBeGreaterThan(at('starts beside renamed'));
});

test('a container that does not run is replaced at once', () => {
  const down = but(old, 'shop-web-1', { status: 'exited', exitCode: 1 });
  expect(planLines({ git, memory, site: down }).filter((line) => line.includes('wait until'))).toEqual([]);
});

test('its dependents are restarted when the new one takes over, and not before', () => {
  const parts = (Image: string) =>
    site(
      app(
        'shop',
        service('web', { Image, Healthcheck }, { update }),
        service('proxy', {}, { dependsOn: { web: { restart: true } } }),
      ),
    );
  const [was, is] = [parts('web:1'), parts('web:2')];
  const lines = planLines({ git: is, memory: settled(was), site: withImages(actualOf(was), is) });
  expect(lines.filter((line) => !line.includes('only if'))).toEqual([
    '1 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:2',
    '2 start shop-web-1.new: starts beside shop-web-1 (after 1)',
    '4 wait until shop-web-1.new is steady: only then it takes over from shop-web-1 (after 2)',
    '7 stop shop-proxy-1: depends on web, which gets a new container (restart: true) (after 4)',
    '8 stop shop-web-1: shop-web-1.new has taken over (after 4, 7)',
    '9 remove shop-web-1: shop-web-1.new has taken over (after 8)',
    '10 rename shop-web-1.new to shop-web-1: the name that web gets (after 9)',
    '11 start shop-proxy-1: depends on web, which gets a new container (restart: true) (after 4, 7, 8)',
  ]);
});

test('a range of host ports is shared by the two', () => {
  const PortBindings = [{ Container: '80/tcp', HostIp: '', HostPort: '8000-8009' }];
  const [was, is] = [gitWith('web:1', { Healthcheck, PortBindings }), gitWith('web:2', { Healthcheck, PortBindings })];
  const lines = planLines({ git: is, memory: settled(was), site: withImages(actualOf(was), is) });
  expect(lines[6]).toBe('7 stop shop-web-1: shop-web-1.new has taken over (after 4)');
});

test('an attempt that has begun well does not make the earlier failures forgotten', () => {
  const [planned] = plan(git, old, memory, 0, agentOptions).apps;
  const goal = planned?.operations[0]?.retry?.goal ?? '';
  const known: Memory = {
    ...memory,
    backoffs: { 'converge slot shop/web/1': { goal, failures: 3, until: 0, error: 'x' } },
  };
  const learn = (gate: 'waiting' | 'done' | 'failed'): number | undefined => {
    const results = (planned?.operations ?? []).flatMap((operation): OperationResult[] => {
      if (operation.onlyIfFailed !== undefined) return [];
      if (operation.kind !== 'await' || gate === 'done') return [{ operation, status: 'done' }];
      if (gate === 'waiting') return [{ operation, status: gate, reason: 'is not healthy yet' }];
      return [{ operation, status: gate, error: new EngineError('failed', 'is unhealthy') }];
    });
    const [wanted] = git.apps;
    if (!wanted) throw new Error('no app');
    const learnt = updateFromOutcome(known, wanted, { app: 'shop', results }, 0, () => 0);
    return learnt.backoffs['converge slot shop/web/1']?.failures;
  };
  expect([learn('waiting'), learn('failed'), learn('done')]).toEqual([3, 4, undefined]);
});
