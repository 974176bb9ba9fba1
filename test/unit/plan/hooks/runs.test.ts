import { describe, expect, test } from '@jest/globals';
import type { ActualContainer } from '../../../../src/model/state.ts';
import { isConverged } from '../../../../src/plan/draft/withhold.ts';
import { changeDigest } from '../../../../src/plan/facts/goals.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { noteSyncHooks, rememberMade } from '../../../../src/plan/memory/sync-hooks.ts';
import { rememberConverged, updateFromOutcome, updateFromState } from '../../../../src/plan/memory/update.ts';
import { plan } from '../../../../src/plan/plan.ts';
import { actualOf, app, automated, bare, but, service, site } from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';
import { asBefore, begun, git, made, old, only, run, shop, withRuns } from './hooked-app.ts';

describe('a run', () => {
  const memory = begun(made(old), git);

  test('is followed, and the old version is healed meanwhile', () => {
    const here = withRuns(
      but(asBefore(), 'shop-web-1', { status: 'exited', exitCode: 1 }),
      run(git, 'migrate', { status: 'running' }),
    );
    expect(planLines({ git, site: here, memory }).slice(0, 3)).toEqual([
      '1 start shop-web-1: exited with 1 (drift); its replacement has to wait',
      '2 wait until shop-migrate-1 has completed: PreSync hook, before the app changes',
      '3 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:2 (after 2)',
    ]);
  });

  test('that failed is told once, and then run again in a new container, after its backoff', () => {
    const here = withRuns(asBefore(), run(git, 'migrate', { exitCode: 3 }));
    expect(planLines({ git, site: here, memory })[0]).toMatch(/^1 wait until shop-migrate-1 has completed/);
    const told = begun(made(old), git, { failed: { migrate: 'id-of-shop-migrate-1' } });
    expect(planLines({ git, site: here, memory: told }).slice(0, 3)).toEqual([
      '1 remove shop-migrate-1: an earlier run',
      '2 create shop-migrate-1: PreSync hook, before the app changes (after 1)',
      '3 start shop-migrate-1: PreSync hook, before the app changes (after 2)',
    ]);
    const backoffs = {
      'converge slot shop/migrate/1': {
        goal: changeDigest(only(git)),
        failures: 1,
        until: 5_000,
        error: 'exited with 3',
      },
    };
    const waiting = planLines({ git, site: here, memory: { ...told, backoffs } });
    const held = waiting.filter((line) => !line.includes('only if') && !/tell/.test(line));
    expect(held.every((line) => line.includes('withheld by backoff'))).toBe(true);
    expect(waiting.filter((line) => /tell/.test(line))[0]).toBe(
      `${waiting.length - 2} create shop-tell-1: SyncFail hook, since the PreSync hook migrate failed`,
    );
  });

  test('for an earlier change is not cut off, and counts for nothing', () => {
    const busy = withRuns(asBefore(), run(old, 'migrate', { status: 'running' }));
    const lines = planLines({ git, site: busy, memory: made(old) });
    expect(lines[0]).toBe('1 stop shop-migrate-1: an earlier run (withheld by syncHook)');
    const over = withRuns(asBefore(), run(git, 'migrate'));
    // The memory knows that another change came between.
    expect(planLines({ git, site: over, memory: begun(made(old), old) })[0]).toBe(
      '1 remove shop-migrate-1: an earlier run',
    );
  });

  test('that was cut off by a reboot is made again, also where the engine says that it never started', () => {
    const here = withRuns(asBefore(), run(git, 'migrate', { status: 'created' }));
    expect(planLines({ git, site: here, memory }).slice(0, 2)).toEqual([
      '1 remove shop-migrate-1: an earlier run',
      '2 create shop-migrate-1: PreSync hook, before the app changes (after 1)',
    ]);
    const parked = withRuns(asBefore(), run(git, 'migrate', { status: 'exited', exitCode: 0, startedAt: 'then' }));
    const stopped = { ...memory, parked: { 'shop/migrate/1': 'id-of-shop-migrate-1@then' } };
    expect(planLines({ git, site: parked, memory: stopped })[0]).toBe('1 remove shop-migrate-1: an earlier run');
  });

  test('that takes too long is stopped', () => {
    const here = withRuns(asBefore(), run(git, 'migrate', { status: 'running' }));
    const seen = updateFromState(memory, git, here, 1000);
    expect(planLines({ git, site: here, memory: seen, now: 600_999 })[0]).toMatch(/^1 wait/);
    expect(planLines({ git, site: here, memory: seen, now: 601_000 })[0]).toBe(
      '1 stop shop-migrate-1: it has run for 10 min (x-holdfast.hookTimeout)',
    );
  });

  test('is no service: it is neither pruned, healed, nor counted by the guard, and it holds nothing', () => {
    const here = withRuns(actualOf(git), run(git, 'migrate'), run(git, 'warm'));
    expect(planLines({ git, site: here, memory: made(git) })).toEqual([]);
    const gone = planLines({ git: shop('web:2'), site: here, memory: made(shop('web:2')) });
    expect(gone).toEqual([
      '1 remove shop-migrate-1: migrate is not in Git',
      '2 remove shop-warm-1: warm is not in Git',
    ]);
  });

  test('goes with its app, by the policy of removed apps', () => {
    const here = withRuns(actualOf(git), run(git, 'migrate', { status: 'running' }));
    const lines = planLines({ git: { ...site(), allowEmpty: true }, site: here, memory: made(git) });
    expect(lines).toContain('1 stop shop-migrate-1: migrate is not in Git');
  });
});

describe('PostSync', () => {
  const memory = begun(made(old), git, { done: ['migrate'] });

  test('waits for a service that is not ready, and runs once it is', () => {
    const checked = (health: ActualContainer['health']) => but(actualOf(git), 'shop-web-1', { health });
    expect(planLines({ git, site: checked('starting'), memory })).toEqual([
      '1 create shop-warm-1: PostSync hook, once the app is as Git says and ready (withheld by syncHook)',
      '2 start shop-warm-1: PostSync hook, once the app is as Git says and ready (after 1; withheld by syncHook)',
      '3 wait until shop-warm-1 has completed: PostSync hook, once the app is as Git says and ready (after 2; withheld by syncHook)',
    ]);
    expect(planLines({ git, site: checked('healthy'), memory })[0]).toBe(
      '1 create shop-warm-1: PostSync hook, once the app is as Git says and ready',
    );
  });

  test('runs although the engine had to restart a service, once that runs', () => {
    const restarted = (status: ActualContainer['status']) =>
      but(actualOf(git), 'shop-web-1', { status, restartCount: 2, exitCode: 1 });
    expect(planLines({ git, site: restarted('running'), memory })[0]).not.toContain('withheld');
    expect(planLines({ git, site: restarted('restarting'), memory })[0]).toContain('withheld by syncHook');
  });

  test('does not keep the app from having converged, nor from being healed as drift', () => {
    const [planned] = plan(git, actualOf(git), memory, 0, agentOptions).apps;
    expect(planned && isConverged(planned)).toBe(true);
    const healed = rememberConverged(memory, only(git));
    expect(rememberMade(healed, only(git), actualOf(git))).toBe(healed);
    const here = but(actualOf(git), 'shop-web-1', { status: 'exited', exitCode: 1 });
    expect(planLines({ git, site: here, memory: healed })[0]).toBe('1 start shop-web-1: exited with 1 (drift)');
  });

  test('is not kept waiting by what no policy prunes', () => {
    const keeps = { ...git, apps: git.apps.map((each) => ({ ...each, sync: automated({ prune: false }) })) };
    const here = actualOf(site(app('shop', service('web', { Image: 'web:2' }), service('gone'))));
    const images = { ...here.images, ...bare(git).images };
    const lines = planLines({ git: keeps, site: { ...here, images }, memory });
    expect(lines).toContain('3 create shop-warm-1: PostSync hook, once the app is as Git says and ready');
  });
});

describe('the memory', () => {
  const operations = plan(git, asBefore(), made(old), 0, agentOptions).apps.flatMap((each) => each.operations);

  test('notes a change before its first hook begins, and knows the old one until a hook has passed', () => {
    const noted = noteSyncHooks(made(old), git, operations);
    expect(noted.changes.shop).toMatchObject({
      made: { digest: changeDigest(only(old)) },
      hooks: { done: [], failed: {} },
    });
    expect(noteSyncHooks(noted, git, operations)).toBe(noted);
    const end = operations.find(({ kind, syncHook }) => kind === 'await' && syncHook === 'PreSync');
    if (!end) throw new Error('no end');
    const failed = updateFromOutcome(
      noted,
      only(git),
      {
        app: 'shop',
        results: [
          {
            operation: { ...end, container: { name: 'shop-migrate-1', id: 'c1' } } as never,
            status: 'failed',
            error: new Error('x') as never,
          },
        ],
      },
      0,
      () => 0,
    );
    expect(failed.changes.shop).toMatchObject({
      made: { digest: changeDigest(only(old)) },
      hooks: { failed: { migrate: 'c1' } },
    });
    expect(failed.backoffs['converge slot shop/migrate/1']).toMatchObject({ failures: 1 });
    const done = updateFromOutcome(
      failed,
      only(git),
      { app: 'shop', results: [{ operation: end, status: 'done' }] },
      0,
      () => 0,
    );
    expect(done.changes.shop).toMatchObject({ hooks: { done: ['migrate'], failed: {} } });
    expect(done.changes.shop?.made).toBeUndefined();
  });

  test('forgets the changes of apps that are gone', () => {
    expect(updateFromState(made(old), site(), actualOf(site()), 0).changes).toEqual({});
  });
});
