import { expect, test } from '@jest/globals';
import { actualOf, app, bare, service, settled, site } from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

const before = site(app('shop', service('db'), service('web', {}, { dependsOn: ['db'] })));
const after = site(app('shop', service('db', { Image: 'db:2' }), service('web', {}, { dependsOn: ['db'] })));

const failedPull = { 'converge image db:2': { goal: '', failures: 1, until: 9000, error: 'no such host' } };

/** The memory after an image of the app could not be pulled. */
const offline = (git: typeof after) => {
  const [goal = ''] = Object.values(settled(git).applied);
  return settled(before, { backoffs: { 'converge image db:2': { ...failedPull['converge image db:2'], goal } } });
};

test('operations that wait for a pull in its backoff are withheld with it, and running containers go on', () => {
  const actual = { ...actualOf(before) };
  expect(planLines({ git: after, site: actual, memory: offline(after) })).toEqual([
    '1 pull db:2: not on the disk (withheld by backoff)',
    '2 create shop-db-1.new: replaces shop-db-1: image: db:1, wanted db:2 (after 1; withheld by backoff)',
    '3 stop shop-db-1: makes way for shop-db-1.new (after 2; withheld by backoff)',
    '4 start shop-db-1.new: takes over (after 2, 3; withheld by backoff)',
    '5 remove shop-db-1.new: it did not start (only if 4 fails; withheld by backoff)',
    '6 start shop-db-1: runs again, since its successor did not start (after 5; only if 4 fails; withheld by backoff)',
    '7 remove shop-db-1: shop-db-1.new has taken over (after 4; withheld by backoff)',
    '8 rename shop-db-1.new to shop-db-1: the name that db gets (after 7; withheld by backoff)',
  ]);
});

test('an operation that depends on a withheld one is withheld; the others go on', () => {
  const git = site(
    app('shop', service('db', { Image: 'db:2' }), service('web', {}, { dependsOn: ['db'] }), service('cron')),
  );
  const actual = bare(git);
  delete actual.images['db:2'];
  expect(planLines({ git, site: actual, memory: offline(git) })).toEqual([
    '1 create network shop_default: no such network',
    '2 create shop-cron-1: no such container (after 1)',
    '3 start shop-cron-1: new (after 2)',
    '4 pull db:2: not on the disk (withheld by backoff)',
    '5 create shop-db-1: no such container (after 1, 4; withheld by backoff)',
    '6 start shop-db-1: new (after 5; withheld by backoff)',
    '7 create shop-web-1: no such container (after 1, 6; withheld by backoff)',
    '8 start shop-web-1: new (after 7; withheld by backoff)',
  ]);
});
