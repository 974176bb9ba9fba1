import { describe, expect, test } from '@jest/globals';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { plan } from '../../../../src/plan/plan.ts';
import { renderChanges } from '../../../../src/plan/print/render-changes.ts';
import { actualOf, app, bare, but, file, service, site, volume } from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';
import { asBefore, git, HOOKS, made, old, run, shop, withRuns } from './hooked-app.ts';

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
