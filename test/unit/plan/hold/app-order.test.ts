import { describe, expect, test } from '@jest/globals';
import { emptyMemory } from '../../../../src/model/memory.ts';
import type { ActualSite, DesiredApp } from '../../../../src/model/state.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { noteBegun } from '../../../../src/plan/memory/begun.ts';
import { rememberMade } from '../../../../src/plan/memory/sync-hooks.ts';
import { updateFromState } from '../../../../src/plan/memory/update.ts';
import { plan } from '../../../../src/plan/plan.ts';
import {
  actualOf,
  app,
  bare,
  but,
  dependent,
  network,
  service,
  site,
  volume,
} from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';
import { CHECKED, changed, converged, db, done, pos, waits, withImages } from './ordered-apps.ts';

describe('an app begins with its change after the app that it depends on', () => {
  test('on a new site: its image is fetched, and nothing else is done until the other one is healthy', () => {
    const git = site(db(), pos());
    const fresh = { git, site: { ...bare(git), images: {} } };
    expect(planLines(fresh)).toEqual([
      '1 create network db_default: no such network',
      '2 pull db:1: not on the disk',
      '3 create db-db-1: no such container (after 1, 2)',
      '4 start db-db-1: new (after 3)',
      '',
      '1 create network pos_default: no such network (withheld by dependsOn)',
      '2 pull till:1: not on the disk',
      '3 create pos-till-1: no such container (after 1, 2; withheld by dependsOn)',
      '4 start pos-till-1: new (after 3; withheld by dependsOn)',
    ]);
    expect(waits(fresh)).toBe('it waits for app db: its change is not done yet');
    const here = { git, site: { ...actualOf(site(db())), images: bare(git).images } };
    const starting = { ...here, site: but(here.site, 'db-db-1', { health: 'starting' }) };
    expect(waits(starting)).toBe('it waits for app db: db-db-1 is not healthy yet');
    expect(done(here)).toContain('3 start pos-till-1: new (after 2)');
  });

  test('in a commit that changes both', () => {
    const before = site(db(), pos());
    const git = site(db('db:2'), pos('till:2'));
    const given = changed(before, git);
    expect(done(given).join()).toContain('create db-db-1.new');
    expect(done(given).join()).not.toContain('pos');
    const next = { ...given, site: withImages(actualOf(site(db('db:2'), pos())), git) };
    expect(done(next).join()).toContain('create pos-till-1.new');
  });

  test('also where its change is only a file, a limit, a network or one replica less', () => {
    const before = site(db(), dependent(app('pos', service('till', {}, { replicas: 2 }), network('a')), 'db'));
    const less = site(db('db:2'), dependent(app('pos', service('till', { Memory: 9 }), network('b')), 'db'));
    expect(done(changed(before, less)).filter((line) => line.includes('pos'))).toEqual([]);
  });

  test('and is finished once it has begun, whatever becomes of the other one', () => {
    const before = site(db(), pos());
    const git = site(db(), pos('till:2'));
    const given = changed(before, git);
    const made = plan(git, given.site, given.memory, 0, agentOptions);
    const memory = noteBegun(given.memory, git, made.apps, agentOptions);
    expect(Object.keys(memory.begun)).toEqual(['pos']);
    const sick = but(given.site, 'db-db-1', { health: 'unhealthy' });
    expect(waits({ ...given, site: sick })).toBe('it waits for app db: db-db-1 is unhealthy');
    expect(done({ ...given, site: sick, memory }).join()).toContain('create pos-till-1.new');
  });

  test('a change that waits has not begun, though something of the app is healed', () => {
    const both = (Image: string) => dependent(app('pos', service('till', { Image }), service('web')), 'db');
    const given = changed(site(db(), both('till:1')), site(db('db:2'), both('till:2')));
    const hurt = but(given.site, 'pos-web-1', undefined);
    const made = plan(given.git, hurt, given.memory, 0, agentOptions);
    expect(done({ ...given, site: hurt }).join()).toContain('create pos-web-1');
    expect(noteBegun(given.memory, given.git, made.apps, agentOptions).begun).toEqual({});
  });

  test('order goes on from app to app, and an app waits for all that it depends on', () => {
    const web = dependent(app('web', service('web')), 'pos', 'db');
    const git = site(db(), pos(), web);
    expect(waits({ git, site: bare(git) }, 'web')).toBe('it waits for app pos: its change is not done yet');
    const here = { ...actualOf(site(pos())), images: bare(git).images };
    expect(waits({ git, site: here }, 'web')).toBe('it waits for app db: its change is not done yet');
  });

  test('an app whose change failed is waited for, without the time of its next try', () => {
    const git = site(db('db:2'), pos('till:2'));
    const given = changed(site(db(), pos()), git);
    const goal = plan(git, given.site, given.memory, 0, agentOptions).apps[0]?.operations.find(
      ({ kind }) => kind === 'createContainer',
    )?.retry?.goal as string;
    const backoffs = { 'converge slot db/db/1': { goal, failures: 3, until: 9_000, error: 'no room' } };
    expect(waits({ ...given, memory: { ...given.memory, backoffs } })).toBe(
      'it waits for app db: its change has failed, and is tried again',
    );
  });

  test('its PreSync hook waits as well, and it waits for the PostSync hook of the other one', () => {
    const withHook = (image: string) =>
      dependent(app('pos', service('till', { Image: image }), service('migrate', {}, { hook: 'PreSync' })), 'db');
    const given = changed(site(db(), withHook('till:1')), site(db('db:2'), withHook('till:2')));
    expect(done(given).join()).not.toContain('migrate');
    const next = { ...given, git: site(db(), withHook('till:2')) };
    expect(done(next).join()).toContain('start pos-migrate-1');

    const checked = (image: string) =>
      app('db', service('db', { Image: image, ...CHECKED }), service('check', {}, { hook: 'PostSync' }));
    const after = changed(site(checked('db:1'), pos()), site(checked('db:2'), pos('till:2')));
    const replaced = withImages(actualOf(site(checked('db:2'), pos())), after.git);
    const memory = rememberMade(after.memory, checked('db:1'), after.site);
    expect(done({ ...after, site: replaced, memory }).join()).toContain('start db-check-1');
    expect(waits({ ...after, site: replaced, memory })).toBe('it waits for app db: its change is not done yet');
    const told = rememberMade(emptyMemory(), checked('db:2'), replaced);
    expect(waits({ ...after, site: replaced, memory: told })).toBeUndefined();
  });

  test('nobody waits in a plan that is to show all at once', () => {
    const git = site(db(), pos());
    expect(planLines({ git, site: bare(git), options: { atOnce: true } }).join()).not.toContain('withheld');
  });
});

describe('an app runs', () => {
  const git = (dependency: DesiredApp) => site(dependency, pos());
  const here = (dependency: DesiredApp) => ({ ...actualOf(site(dependency)), images: bare(git(dependency)).images });

  test.each([
    ['a container without a health check runs', app('db', service('db')), {}, undefined],
    ['it ended', app('db', service('db')), { status: 'exited', exitCode: 1 }, 'its change is not done yet'],
    ['it is in a crash loop', db(), { status: 'restarting', health: 'none' }, 'db-db-1 is restarting'],
    ['it is unhealthy', db(), { health: 'unhealthy' }, 'db-db-1 is unhealthy'],
  ] as const)('%s', (_, dependency, changes, why) => {
    const given = { git: git(dependency), site: but(here(dependency), 'db-db-1', changes as object) };
    const told = waits({ ...given, memory: converged(site(dependency)) });
    expect(told).toBe(
      why && `it waits for app db: ${why === 'its change is not done yet' ? 'db-db-1 exited with 1' : why}`,
    );
  });

  test('a job that others of its app wait for has completed, and one that was pruned since still has', () => {
    const job = service('setup', { RestartPolicy: { Name: 'no' } });
    const dependency = app('db', job, service('db', {}, { dependsOn: { setup: 'completed' } }));
    const at = here(dependency);
    const memory = converged(site(dependency));
    expect(waits({ git: git(dependency), site: at, memory })).toBe('it waits for app db: db-setup-1 has not completed');
    const ended = but(at, 'db-setup-1', { status: 'exited', exitCode: 0 });
    expect(waits({ git: git(dependency), site: ended, memory })).toBeUndefined();
    const remembered = updateFromState(memory, git(dependency), ended, 0);
    const pruned = but(ended, 'db-setup-1', undefined);
    expect(waits({ git: git(dependency), site: pruned, memory: remembered })).toBeUndefined();
  });

  test('a service with restart: "no" is a job, unless it has a health check', () => {
    const RestartPolicy = { Name: 'no' as const };
    const once = app('db', service('db', { RestartPolicy }));
    const memory = converged(site(once));
    expect(waits({ git: git(once), site: here(once), memory })).toBe('it waits for app db: db-db-1 has not completed');
    const ended = (exitCode: number) => but(here(once), 'db-db-1', { status: 'exited', exitCode });
    expect(waits({ git: git(once), site: ended(0), memory })).toBeUndefined();
    expect(waits({ git: git(once), site: ended(3), memory })).toBe('it waits for app db: db-db-1 exited with 3');
    const stays = app('db', service('db', { RestartPolicy, ...CHECKED }));
    expect(waits({ git: git(stays), site: here(stays), memory: converged(site(stays)) })).toBeUndefined();
  });

  test('an app that wants no container is there', () => {
    const nothing = app('db', volume('data'));
    expect(waits({ git: git(nothing), site: here(nothing) })).toBeUndefined();
  });
});

describe('a running app is never touched for a sick one', () => {
  const git = site(db(), pos());
  const sick = (actual: ActualSite): ActualSite => but(actual, 'db-db-1', { health: 'unhealthy' });

  test('it is healed: a container that ended, is gone or drifted', () => {
    const memory = converged(git);
    for (const change of [{ status: 'exited', exitCode: 137 } as const, undefined]) {
      const lines = done({ git, site: but(sick(actualOf(git)), 'pos-till-1', change), memory });
      expect(lines.join()).toContain('start pos-till-1');
    }
  });

  test('it comes back as it was while its change waits: nobody stops it, and a reboot is no reason to wait', () => {
    const next = site(db(), pos('till:2'));
    const given = changed(git, next);
    expect(done({ ...given, site: sick(given.site) }).filter((line) => line.includes('pos'))).toEqual([]);
    const rebooted = but(sick(given.site), 'pos-till-1', { status: 'exited', exitCode: 137 });
    expect(done({ ...given, site: rebooted }).join()).toContain('start pos-till-1: exited with 137 (drift)');
  });

  test('a container that is in a network which its change is to leave is started there', () => {
    const before = site(db(), dependent(app('pos', service('till'), network('a')), 'db'));
    const moved = { Networks: { pos_default: { Aliases: ['pos-till-1', 'till'] }, pos_b: {} } };
    const next = site(db('db:2'), dependent(app('pos', service('till', moved), network('b')), 'db'));
    const given = changed(before, next);
    const hurt = but(given.site, 'pos-till-1', { status: 'exited', exitCode: 1 });
    expect(done({ ...given, site: hurt }).join()).toContain('start pos-till-1');
  });
});
