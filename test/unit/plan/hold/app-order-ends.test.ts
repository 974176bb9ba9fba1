import { describe, expect, test } from '@jest/globals';
import { emptyMemory } from '../../../../src/model/memory.ts';
import type { DesiredApp } from '../../../../src/model/state.ts';
import type { PlanOptions } from '../../../../src/plan/facts/policy.ts';
import { rememberConverged, updateFromState } from '../../../../src/plan/memory/update.ts';
import {
  actualOf,
  app,
  automated,
  bare,
  but,
  dependent,
  network,
  ON,
  service,
  site,
  volume,
} from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';
import { port } from '../hand-over/sharing.ts';
import { CHECKED, changed, converged, db, done, pos, waits, withImages } from './ordered-apps.ts';

describe('an app that is held back counts as it runs now', () => {
  const LOST = { parked: new Map([['db', { reason: 'needs /dev/ttyUSB0', stops: false }]]) };
  const closed = { isOpen: false, text: 'closed until Monday', byHand: false };
  const rows: [string, Partial<DesiredApp>, Partial<PlanOptions>, string][] = [
    ['parked', {}, LOST, 'db is parked: needs /dev/ttyUSB0'],
    ['suspended', { suspend: true }, {}, 'the app is suspended'],
    ['not automated', { sync: {} }, {}, 'syncPolicy.automated is not set'],
    [
      'in its closed window',
      {},
      { windows: { apps: new Map([['db', closed]]), others: undefined } },
      'closed until Monday',
    ],
    [
      'refused by the policy of the site',
      { forbidden: { problems: [{ message: 'the image is not allowed' }], isStopped: false } },
      {},
      'the image is not allowed',
    ],
  ];
  const given = (changes: Partial<DesiredApp>, options: Partial<PlanOptions>) => ({
    ...changed(site(db(), pos()), site({ ...db('db:2'), ...changes }, pos('till:2'))),
    options,
  });

  test.each(rows)('%s: the dependant goes on while it runs', (_, changes, options) => {
    expect(waits(given(changes, options))).toBeUndefined();
    expect(done(given(changes, options)).join()).toContain('create pos-till-1.new');
  });

  test.each(rows)('%s: if it never ran here, a first start waits and says what for', (_, changes, options, why) => {
    const { git } = given(changes, options);
    expect(waits({ git, site: bare(git), options })).toBe(`it waits for app db: nothing of it runs here, and ${why}`);
  });

  test('an app of which nothing is known here yet: its own change waits for its step, or only a fact keeps it away', () => {
    const git = site(pos());
    expect(waits({ git, site: bare(git) })).toBe('it waits for app db: nothing of it runs here');
    const left = { ...git, leftByFact: { db: 'its placement does not take holdfast.arch arm64' } };
    expect(waits({ git: left, site: bare(git) })).toBe(
      'it waits for app db: nothing of it runs here, and its placement does not take holdfast.arch arm64',
    );
    const stopped = but({ ...actualOf(site(db())), images: bare(git).images }, 'db-db-1', {
      status: 'exited',
      exitCode: 143,
    });
    expect(waits({ git: left, site: stopped })).toMatch(/^it waits for app db: db-db-1 exited with 143, and its place/);
  });

  test('an app that is broken in Git counts by its containers', () => {
    const git = { ...site(pos()), broken: [{ name: 'db', problems: [{ message: 'no' }] }] };
    expect(waits({ git, site: bare(git) })).toMatch(/nothing of it runs here, and it cannot be used as it is in Git$/);
    expect(waits({ git, site: { ...actualOf(site(db())), images: bare(git).images } })).toBeUndefined();
  });

  test('an app that cannot be brought about is waited for', () => {
    const git = site(db(), pos());
    const foreign = { ...bare(git), foreignNames: { 'db-db-1': 'x' } };
    expect(waits({ git, site: foreign })).toMatch(/^it waits for app db: the name db-db-1 is/);
  });
});

describe('an app that is not placed here', () => {
  const git = { ...site(pos()), absent: ['db'] };

  test('is a warning with its place, and the app goes on', () => {
    const [first, ...lines] = planLines({ git, site: bare(git) });
    expect(first).toBe('warning: depends on db, which is not placed on this site, and goes on without it');
    expect(lines.join()).not.toContain('withheld');
  });
});

describe('nobody waits for ever', () => {
  test('apps that depend on each other do not wait for each other', () => {
    const git = site(dependent(db(), 'pos'), pos(), dependent(app('web', service('web')), 'pos'));
    expect(waits({ git, site: bare(git) })).toBeUndefined();
    expect(waits({ git, site: bare(git) }, 'db')).toBeUndefined();
    expect(waits({ git, site: bare(git) }, 'web')).toBe('it waits for app pos: its change is not done yet');
  });

  test('an app lets go of a port that the app needs which it depends on', () => {
    const before = site(db(), dependent(app('pos', service('till', port('80'))), 'db'));
    const git = site(
      app('db', service('db', { ...CHECKED, ...port('80') })),
      dependent(app('pos', service('till')), 'db'),
    );
    expect(done(changed(before, git)).join()).toContain('stop pos-till-1');
  });

  test('an app gives up a service, its name and its data to the app that it depends on', () => {
    const on = { Mounts: [{ Type: 'volume' as const, Source: 'data', Target: '/d' }] };
    const store = volume('data', { Name: 'data' });
    const before = site(
      app('db', service('other')),
      dependent(app('pos', service('till', on, { containerName: 'till' }), service('web'), store), 'db'),
    );
    const git = site(
      app('db', service('other'), service('till', on, { containerName: 'till' }), store),
      dependent(app('pos', service('web')), 'db'),
    );
    expect(done(changed(before, git)).join()).toContain('stop till: till is not in Git');
  });

  test('an app makes the network that the app uses which it depends on, and gives up one that this makes', () => {
    const shared = network('shared', { Name: 'shared' });
    const outer = network('shared', { Name: 'shared' }, true);
    const git = site(app('db', service('db'), outer), dependent(app('pos', service('till'), shared), 'db'));
    expect(done({ git, site: bare(git) }).join()).toContain('create network shared');
    const before = site(app('db', service('db')), dependent(app('pos', service('till'), shared), 'db'));
    const moved = site(app('db', service('db'), shared), dependent(app('pos', service('till')), 'db'));
    expect(done(changed(before, moved)).join()).toContain('remove network shared');
  });

  test('an app runs whose container the app joins which it depends on', () => {
    const joining = service('db', { NetworkMode: 'container:vpn' });
    const vpn = service('vpn', {}, { containerName: 'vpn' });
    const git = site(app('db', joining), dependent(app('pos', vpn), 'db'));
    expect(done({ git, site: bare(git) }).join()).toContain('start vpn');
  });

  test('an app does not keep a port from another one: that one waits, and it is no error', () => {
    const before = site(db(), dependent(app('pos', service('till', port('80'))), 'db'));
    const git = site(db('db:2'), dependent(app('pos', service('till')), 'db'), app('web', service('web', port('80'))));
    const lines = planLines(changed(before, git));
    expect(lines.join()).not.toContain('error');
    expect(lines.join()).toMatch(/start web-web-1: new .*withheld by handOver/);
  });
});

describe('removal goes the other way round', () => {
  const before = site(app('db', service('db')), dependent(app('pos', service('till')), 'db'));
  const memory = { ...converged(before), dependsOn: { pos: ['db'] } };
  const git = { ...site(app('web', service('web'))), vanished: ON };
  const given = { git, site: withImages(actualOf(before), git), memory };

  test('an app that is removed goes before the app that it depended on', () => {
    expect(done(given).filter((line) => /db|pos/.test(line))).toEqual([
      '1 stop pos-till-1: till is not in Git',
      '2 remove pos-till-1: till is not in Git (after 1)',
      '3 remove network pos_default: not in Git (after 2)',
    ]);
    expect(waits(given, 'db')).toBe('it waits until app pos, which depends on it, is removed');
    const next = { ...given, site: but(given.site, 'pos-till-1', undefined) };
    expect(done(next).join()).toContain('remove db-db-1');
  });

  test('the memory keeps the order while containers of the app are here', () => {
    const now = updateFromState(emptyMemory(), before, actualOf(before), 0);
    expect(now.dependsOn).toEqual({ pos: ['db'] });
    expect(updateFromState(now, git, given.site, 0).dependsOn).toEqual({ pos: ['db'] });
    expect(updateFromState(now, git, bare(git), 0).dependsOn).toEqual({});
  });

  test('also by hand with down', () => {
    const freely = automated({ allowEmpty: true });
    const nothing = site(
      ...before.apps.map((each) => ({ ...each, services: [], networks: [], dependsOn: undefined, sync: freely })),
    );
    const options = { down: true, byHand: true, prune: true };
    const known = updateFromState(memory, nothing, actualOf(before), 0);
    const lines = done({ git: { ...nothing, allowEmpty: true }, site: actualOf(before), memory: known, options });
    expect(lines.join()).toContain('remove pos-till-1');
    expect(lines.join()).not.toContain('db-db-1');
  });

  test('an app that only a fact keeps away is stopped and stays: nobody waits for its removal', () => {
    const left = { ...git, leftByFact: { pos: 'its placement does not take holdfast.arch arm64' } };
    expect(done({ ...given, git: left }).join()).toContain('remove db-db-1');
  });

  test('an app that is not removed, or may not be, is left; one that stays does not keep the other', () => {
    const unpruned = { ...git, vanished: automated({ prune: false }) };
    expect(done({ ...given, git: unpruned }).filter((line) => /db|pos/.test(line))).toEqual([]);
    const stays = { ...site({ ...pos(), dependsOn: undefined }), vanished: ON };
    expect(done({ ...given, git: stays }).join()).toContain('remove db-db-1');
  });

  test('an app goes once the change of the one is done that depended on it, and waits for no change that a policy holds', () => {
    const next = { ...pos('till:2'), dependsOn: undefined };
    const without = { ...site(next), vanished: ON };
    const here = withImages(actualOf(before), without);
    const now = updateFromState(memory, without, here, 0);
    expect(now.dependsOn).toEqual({ pos: ['db'] });
    const changing = { git: without, site: here, memory: now };
    expect(done(changing).join()).not.toContain('db-db-1');
    expect(waits(changing, 'db')).toBe('it waits until the change of app pos, which depended on it, is done');
    const replaced = withImages(actualOf(site(...before.apps.slice(0, 1), next)), without);
    expect(done({ ...changing, site: replaced }).join()).toContain('remove db-db-1');
    expect(updateFromState(rememberConverged(now, next), without, replaced, 0).dependsOn).toEqual({});
    const suspended = { ...site({ ...next, suspend: true }), vanished: ON };
    expect(done({ ...changing, git: suspended }).join()).toContain('remove db-db-1');
  });
});
