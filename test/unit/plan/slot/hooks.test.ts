import { describe, expect, test } from '@jest/globals';
import { emptyMemory, type Memory } from '../../../../src/model/memory.ts';
import type { Operation } from '../../../../src/model/plan.ts';
import type { ActualSite, DesiredSite } from '../../../../src/model/state.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { notePendingHooks } from '../../../../src/plan/memory/pending-hooks.ts';
import { updateFromOutcome, updateFromState } from '../../../../src/plan/memory/update.ts';
import { plan } from '../../../../src/plan/plan.ts';
import { actualOf, app, bare, but, service, settled, site } from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

const gitWith = (Image = 'web:1', postStart = ['warm', 'tell'], preStop = ['drain']): DesiredSite =>
  site(app('shop', service('web', { Image }, { postStart, preStop })));
const git = gitWith();

test('hooks follow the first start one by one, and dependents follow them', () => {
  const both = site(
    app('shop', service('db', {}, { postStart: ['warm', 'tell'] }), service('web', {}, { dependsOn: ['db'] })),
  );
  const there = { ...bare(both), networks: actualOf(both).networks };
  expect(planLines({ git: both, site: there })).toEqual([
    '1 create shop-db-1: no such container',
    '2 start shop-db-1: new (after 1)',
    '3 run post_start[0] in shop-db-1: it has been started (after 2)',
    '4 run post_start[1] in shop-db-1: it has been started (after 3)',
    '5 create shop-web-1: no such container (after 2, 4)',
    '6 start shop-web-1: new (after 5)',
  ]);
});

test('a replacement tells the old one before its stop, and once more the hooks of whichever runs', () => {
  const next = gitWith('web:2');
  const actual = { ...actualOf(git), images: { ...actualOf(git).images, ...bare(next).images } };
  expect(planLines({ git: next, site: actual, memory: settled(git) })).toEqual([
    '1 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:2',
    '2 run pre_stop[0] in shop-web-1: makes way for shop-web-1.new (after 1)',
    '3 stop shop-web-1: makes way for shop-web-1.new (after 2)',
    '4 start shop-web-1.new: takes over (after 1, 3)',
    '5 run post_start[0] in shop-web-1.new: it has been started (after 4)',
    '6 run post_start[1] in shop-web-1.new: it has been started (after 5)',
    '7 remove shop-web-1.new: it did not start (only if 4 fails)',
    '8 start shop-web-1: runs again, since its successor did not start (after 7; only if 4 fails)',
    '9 run post_start[0] in shop-web-1: runs again, since its successor did not start (after 8; only if 4 fails)',
    '10 run post_start[1] in shop-web-1: runs again, since its successor did not start (after 9; only if 4 fails)',
    '11 remove shop-web-1: shop-web-1.new has taken over (after 4)',
    '12 rename shop-web-1.new to shop-web-1: the name that web gets (after 11)',
  ]);
});

test('other hooks after a start ask for another container, other ones before a stop do not', () => {
  const memory = settled(git);
  expect(planLines({ git: gitWith('web:1', ['warm']), site: actualOf(git), memory })[0]).toContain(
    'its post_start hooks changed in Git',
  );
  expect(planLines({ git: gitWith('web:1', ['warm', 'tell'], ['other']), site: actualOf(git), memory })).toEqual([]);
});

test('a service that Git dropped is told by the hooks that it had last', () => {
  const actual = actualOf(git);
  const memory = updateFromState(emptyMemory(), git, actual, 0);
  const without = site(app('shop', service('other')));
  const lines = planLines({ git: without, site: actual, memory: updateFromState(memory, without, actual, 0) });
  expect(lines.filter((line) => line.includes('shop-web-1'))).toEqual([
    expect.stringContaining('run pre_stop[0] in shop-web-1: web is not in Git'),
    expect.stringContaining('stop shop-web-1: web is not in Git'),
    expect.stringContaining('remove shop-web-1: web is not in Git'),
  ]);
});

test('a container that does not run is told nothing', () => {
  const paused = but(actualOf(git), 'shop-web-1', { status: 'paused' });
  const none = site({ ...app('shop'), sync: { automated: { prune: true, selfHeal: true, allowEmpty: true } } });
  const memory = updateFromState(emptyMemory(), git, paused, 0);
  expect(planLines({ git: none, site: paused, memory }).join()).not.toContain('pre_stop');
});

describe('a start that was begun', () => {
  const stopped = but(actualOf(git), 'shop-web-1', { status: 'exited', exitCode: 1 });
  const operationsOf = (actual: ActualSite, memory: Memory): Operation[] =>
    plan(git, actual, memory, 0, agentOptions).apps[0]?.operations ?? [];
  const owing = notePendingHooks(settled(git), git, operationsOf(stopped, settled(git)), stopped);
  const startedSince = but(stopped, 'shop-web-1', {
    status: 'running',
    exitCode: 0,
    startedAt: '2026-01-01T00:01:00Z',
  });

  test('owes its hooks, also to the next life of the agent', () => {
    expect(planLines({ git, site: startedSince, memory: owing })).toEqual([
      '1 run post_start[0] in shop-web-1: it was started and has yet to have it',
      '2 run post_start[1] in shop-web-1: it was started and has yet to have it (after 1)',
    ]);
  });

  test('owes nothing as long as it has not come about', () => {
    expect(planLines({ git, site: but(stopped, 'shop-web-1', { status: 'running' }), memory: owing })).toEqual([]);
  });

  test('owes the rest when some have run, and nothing when all have', () => {
    const [first, second] = operationsOf(startedSince, owing) as [Operation, Operation];
    const learn = (memory: Memory, operation: Operation): Memory =>
      updateFromOutcome(
        memory,
        git.apps[0] as (typeof git.apps)[0],
        { app: 'shop', results: [{ operation, status: 'done' }] },
        0,
        () => 0,
      );
    const half = learn(owing, first);
    expect(planLines({ git, site: startedSince, memory: half })).toEqual([
      '1 run post_start[1] in shop-web-1: it was started and has yet to have it',
    ]);
    expect(learn(half, second).pendingHooks).toEqual({});
  });
});

test('one that is sick is stopped whatever its hooks say', () => {
  const sick = but(actualOf(git), 'shop-web-1', { health: 'unhealthy' });
  const [hook] = plan(git, sick, settled(git), 0, agentOptions).apps[0]?.operations ?? [];
  expect(hook).toMatchObject({ kind: 'runHook', phase: 'pre_stop', mayFail: true });
});
