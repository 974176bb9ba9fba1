import { expect, test } from '@jest/globals';
import { document } from '../run/whole-agent.ts';
import { compose, DAY, HOUR, MINUTE, repoOf, settled, V1, V2 } from './rollout-site.ts';

test('a change begins when its time has passed since this site first saw it', async () => {
  const { clock, repo, stop, running, log } = await settled();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(DAY - HOUR);
  expect(running()).toEqual(V1);
  expect(log.filter((line) => /the change of web waits/.test(line))).toEqual([
    'the change of web waits for step 1 of 1: it begins in 1 d, once Git has answered again',
  ]);
  // A commit that leaves the app alone restarts no wait.
  repo.commit(repoOf({ image: 'app:2', more: { 'README.md': 'new' } }));
  await clock.advance(HOUR + 30 * MINUTE);
  expect(running()).toEqual(V2);
  expect(log).toContain('the change of web begins');
  await stop();
});

test('a revert that comes while a change waits reaches a site that never had the change', async () => {
  const { clock, repo, stop, running } = await settled();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(DAY / 2);
  repo.commit(repoOf({}));
  await clock.advance(3 * DAY);
  expect(running()).toEqual(V1);
  // The same change once more is a new one.
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(DAY - HOUR);
  expect(running()).toEqual(V1);
  await stop();
});

test('without an answer from Git nothing begins, however long it waited', async () => {
  const { clock, repo, stop, running } = await settled();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(HOUR);
  repo.linkUp = false;
  await clock.advance(5 * DAY);
  expect(running()).toEqual(V1);
  // The commit that takes it back comes with the first answer.
  repo.commit(repoOf({}));
  repo.linkUp = true;
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(V1);
  await stop();
});

test('a site that was away waits from its return', async () => {
  const { clock, repo, stop, start, running } = await settled();
  await stop();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(10 * DAY);
  await start();
  await clock.advance(DAY - HOUR);
  expect(running()).toEqual(V1);
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(V2);
  await stop();
});

test.each([
  ['1970', Date.UTC(1970, 0, 1)],
  ['2099', Date.UTC(2099, 0, 1)],
])('a wall clock that jumps to %s shortens no wait', async (_, wall) => {
  const { clock, repo, stop, start, running } = await settled();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(HOUR);
  clock.setWall(new Date(wall));
  await clock.advance(DAY / 2);
  await stop();
  await start();
  await clock.advance(DAY / 4);
  expect(running()).toEqual(V1);
  await clock.advance(DAY / 2);
  expect(running()).toEqual(V2);
  await stop();
});

test('a running app is healed while its change waits, also after a restart without a network', async () => {
  const { clock, repo, stop, start, running, machine } = await settled();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(HOUR);
  const remove = (): void => {
    for (const [id, { name }] of machine.containers) if (name === 'web-web-1') machine.containers.delete(id);
  };
  remove();
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(V1);
  repo.linkUp = false;
  await stop();
  await start();
  remove();
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(V1);
  await stop();
});

test('the removal of an app waits by the steps that it had, and a new app waits as well', async () => {
  const { clock, repo, stop, running } = await settled({ after: '24h' });
  const next = repoOf({
    more: { 'apps/new/app.yaml': document('Application'), 'apps/new/compose.yaml': compose('app:3') },
  });
  const { 'apps/web/app.yaml': _, 'apps/web/compose.yaml': __, ...without } = next;
  repo.commit(without);
  await clock.advance(DAY - HOUR);
  expect(running()).toEqual(V1);
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(['new-web-1 app:3']);
  await stop();
});

test('suspend takes effect at once, and steps that become shorter do not hurry a change along', async () => {
  const { clock, repo, stop, running, machine } = await settled();
  repo.commit(repoOf({ image: 'app:2', after: '1h', suspend: true }));
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(V1);
  for (const [id, { name }] of machine.containers) if (name === 'web-web-1') machine.containers.delete(id);
  await clock.advance(2 * HOUR);
  expect(running()).toEqual([]);
  await stop();
});

test('a step that waits for a promotion stays closed', async () => {
  const { clock, repo, stop, running, log } = await settled({ after: 'promotion' });
  repo.commit(repoOf({ image: 'app:2', after: 'promotion' }));
  await clock.advance(30 * DAY);
  expect(running()).toEqual(V1);
  expect(log).toContain('the change of web waits for step 1 of 1: it begins when a promotion opens the step');
  await stop();
});

test('a newer change takes the place of one that waits, and begins to wait', async () => {
  const { clock, repo, stop, running } = await settled();
  repo.commit(repoOf({ image: 'app:2' }));
  await clock.advance(DAY - HOUR);
  repo.commit(repoOf({ image: 'app:3' }));
  await clock.advance(DAY - HOUR);
  expect(running()).toEqual(V1);
  await clock.advance(2 * HOUR);
  expect(running()).toEqual(['web-web-1 app:3']);
  await stop();
});
