import { expect, test } from '@jest/globals';
import type { ActualSite, DesiredSite } from '../../../src/model/state.ts';
import {
  actualOf,
  app,
  bare,
  but,
  type ServiceOptions,
  service,
  settled,
  site,
} from '../../support/site/site-builder.ts';
import { planLines } from '../../support/values/plan-lines.ts';

const Healthcheck = { Test: ['CMD', 'true'] };
const gitWith = (
  dependsOn: NonNullable<ServiceOptions['dependsOn']>,
  images = { db: 'db:1', web: 'web:1' },
): DesiredSite =>
  site(
    app('shop', service('db', { Image: images.db, Healthcheck }), service('web', { Image: images.web }, { dependsOn })),
  );

const onlyDb = (git: DesiredSite, changes = {}): ActualSite =>
  but(but(actualOf(git), 'shop-web-1', undefined), 'shop-db-1', changes);

test('healthy: waits until it is, and not when it is already', () => {
  const git = gitWith({ db: 'healthy' });
  expect(planLines({ git, site: bare(git) }).slice(2)).toEqual([
    '3 start shop-db-1: new (after 2)',
    '4 wait until shop-db-1 is healthy: web depends on it (after 3)',
    '5 create shop-web-1: no such container (after 1, 4)',
    '6 start shop-web-1: new (after 5)',
  ]);
  expect(planLines({ git, site: onlyDb(git, { health: 'starting' }) })).toEqual([
    '1 wait until shop-db-1 is healthy: web depends on it',
    '2 create shop-web-1: no such container (after 1)',
    '3 start shop-web-1: new (after 2)',
  ]);
  expect(planLines({ git, site: onlyDb(git) })).toEqual([
    '1 create shop-web-1: no such container',
    '2 start shop-web-1: new (after 1)',
  ]);
});

test('completed: waits for the end of the job, and not when it has ended well', () => {
  const git = gitWith({ db: 'completed' });
  expect(planLines({ git, site: onlyDb(git) })[0]).toBe('1 wait until shop-db-1 has completed: web depends on it');
  expect(planLines({ git, site: onlyDb(git, { status: 'exited', exitCode: 0 }) })).toEqual([
    '1 create shop-web-1: no such container',
    '2 start shop-web-1: new (after 1)',
  ]);
});

test('a job that was pruned by hand has completed all the same', () => {
  const git = gitWith({ db: 'completed' });
  const goal = (actualOf(git).containers.find(({ name }) => name === 'shop-db-1') as { specHash: string }).specHash;
  const actual = { ...actualOf(git), containers: [] };
  expect(planLines({ git, site: actual, memory: settled(git, { completed: { 'shop/db/1': goal } }) })).toEqual([
    '1 create shop-web-1: gone (drift)',
    '2 start shop-web-1: new (after 1)',
  ]);
});

test('a running service is not stopped for an unhealthy dependency, and a stopped one starts in order without waiting for health', () => {
  const git = gitWith({ db: 'healthy' });
  const memory = settled(git);
  expect(planLines({ git, memory, site: but(actualOf(git), 'shop-db-1', { health: 'unhealthy' }) })).toEqual([
    '1 stop shop-db-1: unhealthy (drift)',
    '2 start shop-db-1: unhealthy (drift) (after 1)',
  ]);
  const down = but(but(actualOf(git), 'shop-db-1', { status: 'exited', exitCode: 1 }), 'shop-web-1', {
    status: 'exited',
    exitCode: 1,
  });
  expect(planLines({ git, memory, site: down })).toEqual([
    '1 start shop-db-1: exited with 1 (drift)',
    '2 start shop-web-1: exited with 1 (drift) (after 1)',
  ]);
});

test('an unchanged container that does not run waits for a dependency that must have completed', () => {
  const git = gitWith({ db: 'completed' });
  const memory = settled(git);
  expect(planLines({ git, memory, site: but(actualOf(git), 'shop-web-1', { status: 'exited', exitCode: 1 }) })).toEqual(
    ['1 wait until shop-db-1 has completed: web depends on it', '2 start shop-web-1: exited with 1 (drift) (after 1)'],
  );
});

test('both replaced: the dependent keeps running until the other is there', () => {
  const git = gitWith({ db: 'healthy' }, { db: 'db:2', web: 'web:2' });
  const actual = { ...actualOf(gitWith({ db: 'healthy' })), images: bare(git).images };
  const lines = planLines({ git, site: actual });
  expect(lines.filter((line) => !line.includes('only if'))).toEqual([
    '1 create shop-db-1.new: replaces shop-db-1: image: db:1, wanted db:2',
    '2 stop shop-db-1: makes way for shop-db-1.new (after 1)',
    '3 start shop-db-1.new: takes over (after 1, 2)',
    '6 remove shop-db-1: shop-db-1.new has taken over (after 3)',
    '7 rename shop-db-1.new to shop-db-1: the name that db gets (after 6)',
    '8 wait until shop-db-1.new is healthy: web depends on it (after 3)',
    '9 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:2 (after 8)',
    '10 stop shop-web-1: makes way for shop-web-1.new (after 9)',
    '11 start shop-web-1.new: takes over (after 9, 10)',
    '14 remove shop-web-1: shop-web-1.new has taken over (after 11)',
    '15 rename shop-web-1.new to shop-web-1: the name that web gets (after 14)',
  ]);
});

test('a service that cannot be brought about holds up only those that need it, with its reason', () => {
  const git = site(
    app('shop', service('db', {}, { pullPolicy: 'never' }), service('web', {}, { dependsOn: ['db'] }), service('cron')),
  );
  const actual = bare(git);
  delete actual.images['db:1'];
  expect(planLines({ git, site: actual })).toEqual([
    'error: db: image db:1 is not on the disk, and pull_policy is never',
    'error: web: web waits for db: image db:1 is not on the disk, and pull_policy is never',
    '1 create network shop_default: no such network',
    '2 create shop-cron-1: no such container (after 1)',
    '3 start shop-cron-1: new (after 2)',
  ]);
});

test('required: false waits as long as there is hope, and no longer', () => {
  const git = gitWith({ db: { condition: 'healthy', required: false } });
  expect(planLines({ git, site: onlyDb(git, { health: 'starting' }) })[0]).toBe(
    '1 wait until shop-db-1 is healthy: web depends on it',
  );
  expect(planLines({ git, site: onlyDb(git, { health: 'unhealthy' }) })).toEqual([
    'warning: web: goes on without db, which it depends on but does not require',
    '1 stop shop-db-1: unhealthy (drift)',
    '2 start shop-db-1: unhealthy (drift) (after 1)',
    '3 create shop-web-1: no such container',
    '4 start shop-web-1: new (after 3)',
  ]);
});

test('required: false goes on without what cannot be made', () => {
  const git = site(
    app(
      'shop',
      service('db', {}, { pullPolicy: 'never' }),
      service('web', {}, { dependsOn: { db: { required: false } } }),
    ),
  );
  const actual = bare(git);
  delete actual.images['db:1'];
  expect(planLines({ git, site: actual })).toEqual([
    'error: db: image db:1 is not on the disk, and pull_policy is never',
    'warning: web: goes on without db, which it depends on but does not require',
    '1 create network shop_default: no such network',
    '2 create shop-web-1: no such container (after 1)',
    '3 start shop-web-1: new (after 2)',
  ]);
});

test('restart: true: stopped before the other is replaced, started after', () => {
  const git = gitWith({ db: { restart: true } }, { db: 'db:2', web: 'web:1' });
  const actual = { ...actualOf(gitWith({ db: { restart: true } })), images: bare(git).images };
  expect(planLines({ git, site: actual })).toEqual([
    '1 create shop-db-1.new: replaces shop-db-1: image: db:1, wanted db:2',
    '2 stop shop-web-1: depends on db, which gets a new container (restart: true) (after 1)',
    '3 stop shop-db-1: makes way for shop-db-1.new (after 1, 2)',
    '4 start shop-db-1.new: takes over (after 1, 3)',
    '5 remove shop-db-1.new: it did not start (only if 4 fails)',
    '6 start shop-db-1: runs again, since its successor did not start (after 5; only if 4 fails)',
    '7 remove shop-db-1: shop-db-1.new has taken over (after 4)',
    '8 rename shop-db-1.new to shop-db-1: the name that db gets (after 7)',
    '9 start shop-web-1: depends on db, which gets a new container (restart: true) (after 2, 4)',
    '10 start shop-web-1: runs again, since db did not get its new container (after 2, 6; only if 4 fails)',
  ]);
});

test('restart: true runs no job again that has completed', () => {
  const parts = (image: string) =>
    site(app('shop', service('db', { Image: image }), service('job', {}, { dependsOn: { db: { restart: true } } })));
  const git = parts('db:2');
  const done = but(actualOf(parts('db:1')), 'shop-job-1', { status: 'exited', exitCode: 0 });
  const lines = planLines({ git, site: { ...done, images: bare(git).images } });
  expect(lines.filter((line) => line.includes('job'))).toEqual([]);
});

test('restart: true: a dependency that is sick is restarted together with what depends on it so', () => {
  const parts = [service('db', { Image: 'web:1' }), service('cache')];
  const git = site(
    app('shop', ...parts, service('web', {}, { dependsOn: { db: { restart: true }, cache: { restart: true } } })),
  );
  const sick = but(actualOf(git), 'shop-db-1', { health: 'unhealthy' });
  expect(planLines({ git, memory: settled(git), site: sick })).toEqual([
    '1 stop shop-web-1: depends on db, which is restarted (restart: true)',
    '2 stop shop-db-1: unhealthy (drift) (after 1)',
    '3 start shop-db-1: unhealthy (drift) (after 2)',
    '4 start shop-web-1: depends on db, which is restarted (restart: true) (after 1, 3)',
    '5 start shop-web-1: runs again, since db did not come up again (after 1; only if 3 fails)',
  ]);
});

test('restart: true: while the restart of the sick one has to wait, what depends on it runs on', () => {
  const git = site(app('shop', service('db'), service('web', {}, { dependsOn: { db: { restart: true } } })));
  const sick = but(actualOf(git), 'shop-db-1', { health: 'unhealthy' });
  const goal = sick.containers.find(({ name }) => name === 'shop-db-1')?.specHash ?? '';
  const backoffs = { 'converge slot shop/db/1': { goal, failures: 2, until: 9000, error: '' } };
  const lines = planLines({ git, memory: settled(git, { backoffs }), site: sick });
  expect(lines).toHaveLength(5);
  for (const line of lines) expect(line).toContain('withheld by backoff');
});
