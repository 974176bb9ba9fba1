import { describe, expect, test } from '@jest/globals';
import { emptyMemory, type Memory } from '../../../../src/model/memory.ts';
import type { ActualContainer, ActualSite, DesiredApp, DesiredSite } from '../../../../src/model/state.ts';
import { isConverged } from '../../../../src/plan/draft/withhold.ts';
import { changeDigest } from '../../../../src/plan/facts/goals.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { noteSyncHooks, rememberMade } from '../../../../src/plan/memory/sync-hooks.ts';
import { rememberConverged, updateFromOutcome, updateFromState } from '../../../../src/plan/memory/update.ts';
import { plan } from '../../../../src/plan/plan.ts';
import { renderChanges } from '../../../../src/plan/print/render-changes.ts';
import {
  actualOf,
  app,
  automated,
  bare,
  but,
  file,
  running,
  service,
  site,
  volume,
} from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

const HOOKS = [
  service('migrate', {}, { hook: 'PreSync' }),
  service('warm', {}, { hook: 'PostSync' }),
  service('tell', {}, { hook: 'SyncFail' }),
];
const shop = (image: string, ...parts: Parameters<typeof app>[1][]): DesiredSite =>
  site(app('shop', service('web', { Image: image }), ...parts));

const [old, git] = [shop('web:1', ...HOOKS), shop('web:2', ...HOOKS)];
const only = (desired: DesiredSite): DesiredApp => desired.apps[0] as DesiredApp;

/** The memory of an agent that brought the change about. */
const made = (desired: DesiredSite): Memory =>
  rememberMade(rememberConverged(emptyMemory(), only(desired)), only(desired), actualOf(desired));

/** The site as it was under the old revision, with all images. */
const asBefore = (desired = old, wanted = git): ActualSite => ({ ...actualOf(desired), images: bare(wanted).images });

/** A run of a hook. */
function run(desired: DesiredSite, name: string, changes: Partial<ActualContainer> = {}): ActualContainer {
  const hook = only(desired).syncHooks?.find((each) => each.service.name === name);
  const [wanted] = hook?.service.containers ?? [];
  if (!hook || !wanted) throw new Error(`no hook ${name}`);
  const syncHook = { phase: hook.phase, change: changeDigest(only(desired)) };
  return running(only(desired), name, wanted, { status: 'exited', exitCode: 0, syncHook, ...changes });
}

const withRuns = (actual: ActualSite, ...runs: ActualContainer[]): ActualSite => ({
  ...actual,
  containers: [...actual.containers, ...runs],
});

/** The memory of an agent that has begun the hooks of the change. */
const begun = (
  memory: Memory,
  desired: DesiredSite,
  changes: { done?: string[]; failed?: Record<string, string> } = {},
) => ({
  ...memory,
  changes: {
    shop: {
      ...memory.changes.shop,
      hooks: { digest: changeDigest(only(desired)), revision: 'r1', program: 'p', done: [], failed: {}, ...changes },
    },
  },
});

describe('a change', () => {
  test('runs PreSync hooks after all images and before anything is stopped, and PostSync hooks once all is ready', () => {
    const actual = { ...asBefore(), images: {} };
    expect(planLines({ git, site: actual, memory: made(old) })).toEqual([
      '1 pull web:2: not on the disk',
      '2 pull migrate:1: not on the disk',
      '3 pull warm:1: not on the disk',
      '4 pull tell:1: not on the disk',
      '5 create shop-migrate-1: PreSync hook, before the app changes (after 1, 2, 3, 4)',
      '6 start shop-migrate-1: PreSync hook, before the app changes (after 5)',
      '7 wait until shop-migrate-1 has completed: PreSync hook, before the app changes (after 6)',
      '8 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:2 (after 1, 7)',
      '9 stop shop-web-1: makes way for shop-web-1.new (after 7, 8)',
      '10 start shop-web-1.new: takes over (after 7, 8, 9)',
      '11 remove shop-web-1.new: it did not start (only if 10 fails)',
      '12 start shop-web-1: runs again, since its successor did not start (after 11; only if 10 fails)',
      '13 remove shop-web-1: shop-web-1.new has taken over (after 7, 10)',
      '14 rename shop-web-1.new to shop-web-1: the name that web gets (after 7, 13)',
      '15 wait until shop-web-1.new is steady: only then the PostSync hooks run (after 10)',
      '16 create shop-warm-1: PostSync hook, once the app is as Git says and ready (after 3, 14, 15)',
      '17 start shop-warm-1: PostSync hook, once the app is as Git says and ready (after 16)',
      '18 wait until shop-warm-1 has completed: PostSync hook, once the app is as Git says and ready (after 17)',
    ]);
  });

  test('has a line for each hook in a diff', () => {
    const text = renderChanges(plan(git, asBefore(), made(old), 0, agentOptions)).map(({ sent }) => sent);
    expect(text).toEqual([
      'shop',
      '  + hook migrate  run      PreSync hook, before the app changes',
      '  ~ shop-web-1    replace  image: web:1 -> web:2',
      '  + hook warm     run      PostSync hook, once the app is as Git says and ready',
      '',
      'shop-17 at r1: 1 container replaced; 2 hooks run (1 app)',
    ]);
  });

  test('that was made runs nothing, and neither does an app that runs as Git says for an agent without a memory', () => {
    expect(planLines({ git, site: actualOf(git), memory: made(git) })).toEqual([]);
    expect(planLines({ git, site: actualOf(git) })).toEqual([]);
    expect(planLines({ git, site: but(actualOf(git), 'shop-web-1', { status: 'exited', exitCode: 1 }) })).toEqual([
      '1 start shop-web-1: exited with 1 (drift)',
    ]);
  });

  test('in which only hooks are new is one, too', () => {
    const lines = planLines({ git: old, site: actualOf(shop('web:1')), memory: made(shop('web:1')) });
    expect(lines.filter((line) => /create|stop|replace/.test(line))).toEqual([
      expect.stringContaining('create shop-migrate-1'),
      expect.stringContaining('create shop-warm-1'),
    ]);
  });

  test('is none if another version of Holdfast has another digest of the same revision', () => {
    const memory = made(git);
    const mark = { digest: 'other', revision: 'r1', program: '0.0.1' };
    const changed = (marks: object) => ({ ...memory, changes: { shop: marks } });
    expect(planLines({ git, site: actualOf(git), memory: changed({ made: mark }) })).toEqual([]);
    const later = { ...mark, revision: 'r0' };
    expect(planLines({ git, site: actualOf(git), memory: changed({ made: later }) }).join()).toContain('migrate');
    // In the middle of a change, its runs keep the digest that they began with.
    const here = withRuns(
      asBefore(),
      run(git, 'migrate', { status: 'running', syncHook: { phase: 'PreSync', change: 'other' } }),
    );
    const middle = { ...made(old), changes: { shop: { hooks: { ...mark, done: [], failed: {} } } } };
    expect(planLines({ git, site: here, memory: middle })[0]).toMatch(/^1 wait until shop-migrate-1 has completed/);
  });

  test('writes no file, makes no network and removes nothing before its PreSync hooks', () => {
    const now = site(app('shop', service('web'), service('gone'), file('/apps/shop/a', 'old')));
    const next = site(
      app(
        'shop',
        service('web', { Networks: { shop_side: {} } }),
        volume('data'),
        file('/apps/shop/a', 'new'),
        ...HOOKS,
      ),
    );
    const lines = planLines({ git: next, site: asBefore(now, next), memory: made(now) });
    const first = lines.findIndex((line) => line.includes('wait until shop-migrate-1'));
    expect(lines.slice(0, first).filter((line) => !line.includes('migrate'))).toEqual([]);
    expect(lines.filter((line) => /write|remove shop-gone-1|create volume/.test(line))).toHaveLength(3);
  });

  test('lets a service that a PreSync hook depends on start first, where it has no container yet', () => {
    const parts = [
      service('db', { Healthcheck: { Test: ['CMD', 'true'] } }),
      service('migrate', {}, { hook: 'PreSync', dependsOn: { db: 'healthy' } }),
    ];
    const fresh = shop('web:1', ...parts);
    expect(planLines({ git: fresh, site: bare(fresh) })).toEqual([
      '1 create network shop_default: no such network',
      '2 create shop-db-1: no such container (after 1)',
      '3 start shop-db-1: new (after 2)',
      '4 wait until shop-db-1 is healthy: migrate depends on it (after 3)',
      '5 create shop-migrate-1: PreSync hook, before the app changes (after 1, 4)',
      '6 start shop-migrate-1: PreSync hook, before the app changes (after 5)',
      '7 wait until shop-migrate-1 has completed: PreSync hook, before the app changes (after 6)',
      '8 create shop-web-1: no such container (after 1, 7)',
      '9 start shop-web-1: new (after 7, 8)',
    ]);
    const next = site(
      app('shop', service('web', { Image: 'web:1' }), service('db', { Image: 'db:2' }), parts[1] as never),
    );
    const lines = planLines({ git: next, site: asBefore(fresh, next), memory: made(fresh) });
    // The database that runs is left as it is until then.
    expect(lines[0]).toBe('1 create shop-migrate-1: PreSync hook, before the app changes');
    expect(lines.findIndex((line) => line.includes('stop shop-db-1'))).toBeGreaterThan(2);
  });

  test('lets hooks of a kind run in the order that they ask for', () => {
    const second = service('second', {}, { hook: 'PreSync', dependsOn: { migrate: 'completed' } });
    const wanted = shop('web:2', ...HOOKS, second);
    const lines = planLines({ git: wanted, site: asBefore(old, wanted), memory: made(old) });
    expect(lines[3]).toBe('4 create shop-second-1: PreSync hook, before the app changes (after 3)');
  });

  test('does not begin while a part of it cannot be brought about', () => {
    const broken = shop('web:2', ...HOOKS, service('side', { Image: 'side:1' }, { pullPolicy: 'never' }));
    const actual = asBefore(old, git);
    const lines = planLines({ git: broken, site: actual, memory: made(old) });
    expect(
      lines.filter((line) => /migrate|web-1/.test(line)).every((line) => line.includes('withheld by syncHook')),
    ).toBe(true);
    expect(lines[0]).toBe('error: side: image side:1 is not on the disk, and pull_policy is never');
  });

  test('is held as a whole by all that holds it', () => {
    for (const [options, by] of [
      [{ byHand: false }, 'automated'],
      [
        { windows: { apps: new Map([['shop', { isOpen: false, text: 'closed', byHand: false }]]) } as never },
        'syncWindow',
      ],
    ] as const) {
      const wanted = by === 'automated' ? { ...git, apps: git.apps.map((each) => ({ ...each, sync: {} })) } : git;
      const lines = planLines({ git: wanted, site: asBefore(), memory: made(old), options });
      expect(lines.filter((line) => !line.includes(`withheld by ${by}`) && !line.includes('only if'))).toEqual([]);
    }
  });
});

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
