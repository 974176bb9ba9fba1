import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { shortRevision } from '../../../src/lib/text/revision.ts';
import { signedCommit, signedTag } from '../../support/git/signed-repo.ts';
import {
  ada,
  app,
  commit,
  dir,
  first,
  head,
  open,
  pin,
  pinning,
  repo,
  running,
  server,
  setBranch,
  trusting,
} from './pinning.ts';

pinning();

describe.each([
  ['on a server with filters', 'true'],
  ['on a server without', 'false'],
])('a pinned site, %s,', (_, filters) => {
  test('is held at a tag, its own document apart, and goes on when the pin is lifted', async () => {
    await repo.git(['config', 'uploadpack.allowFilter', filters]);
    const begin = await first();
    await repo.git(['update-ref', 'refs/tags/v1.0.0', begin]);
    const site = await open();
    await site.poll();
    const held = await commit({ ...app(2), ...pin('v1.0.0') });
    await site.poll();
    expect(running(site)).toBe('web:1 small');
    expect(site.lines().at(-1)).toBe(
      `info accepted ${shortRevision(held)}, pinned to v1.0.0 at ${shortRevision(begin)}`,
    );
    expect(site.desired()?.apps[0]?.revision).toBe(begin);

    const third = await commit(app(3));
    await site.poll();
    expect(running(site)).toBe('web:1 small');
    expect(await site.floor()).toBe(third);
    await commit(pin('^1.0', 'big'));
    await site.poll();
    expect(running(site)).toBe('web:1 big');

    const before = server.traffic.length;
    const { disk } = site;
    site.disk = { ...disk, write: () => Promise.reject(new Error('nothing changed')) };
    await site.restart();
    await site.poll();
    await site.poll();
    const polls = server.traffic.slice(before);
    expect(polls).toHaveLength(2);
    for (const { up, down } of polls) expect(up + down).toBeLessThan(1024);
    site.disk = disk;
    await site.restart();

    await commit(pin(undefined));
    await site.poll();
    expect(running(site)).toBe('web:3 small');
  });

  test('follows a branch without a new commit of its own, forward and back, as far as the history goes', async () => {
    await repo.git(['config', 'uploadpack.allowFilter', filters]);
    const begin = await first();
    const second = await signedCommit(repo, app(2));
    await commit({ ...app(3), ...pin('release') });
    await setBranch('release', begin);
    const site = await open();
    await site.poll();
    expect(running(site)).toBe('web:1 small');
    await setBranch('release', second);
    await site.poll();
    expect(running(site)).toBe('web:2 small');
    await setBranch('release', begin);
    await site.poll();
    expect(running(site)).toBe('web:1 small');
    site.lines();
    await repo.git(['update-ref', '-d', 'refs/heads/release']);
    await site.poll();
    await site.poll();
    expect(running(site)).toBe('web:1 small');
    expect(site.lines()).toEqual([
      'error the commit that the site pins, release, is refused: sites/eu/a.yaml:5:19: targetRevision: The Git repo has no branch and no tag "release"; the site enforces its accepted state meanwhile',
    ]);
    await setBranch('release', second);
    await site.poll();
    expect(running(site)).toBe('web:2 small');
  });
});

test('it is enforced after a restart without a network', async () => {
  const begin = await first();
  await commit({ ...app(2), ...pin(begin) });
  const site = await open();
  await site.poll();
  await server.stop();
  try {
    site.lines();
    await site.restart();
    expect(running(site)).toBe('web:1 small');
    expect(site.lines()).toEqual([expect.stringMatching(`, pinned to ${shortRevision(begin)}, accepted before$`)]);
    await expect(site.poll()).rejects.toThrow();
    expect(running(site)).toBe('web:1 small');
  } finally {
    await server.start();
  }
});

test('a pinned commit that is not there yet is said once, and found when it is', async () => {
  const begin = await first();
  const site = await open('');
  await site.poll();
  const later = await signedCommit(repo, app('later'), { aside: true, from: begin });
  const object = await repo.git(['rev-parse', '--git-path', `objects/${later.slice(0, 2)}/${later.slice(2)}`]);
  const { rename } = await import('node:fs/promises');
  const [here, away] = [join(repo.dir, object), join(dir, 'away')];
  await rename(here, away);
  await commit(pin(later));
  site.lines();
  await site.poll();
  await site.poll();
  expect(site.lines()).toEqual([
    expect.stringMatching(/targetRevision [0-9a-f]{40} cannot be read: .*not our ref.*; the site enforces/),
  ]);
  await rename(away, here);
  site.later(15 * 60_000);
  await site.poll();
  expect(running(site)).toBe('web:later small');

  await signedTag(repo, 'v1', begin, ada);
  for (const trust of ['', trusting()]) {
    site.trust = trust;
    await commit(pin(await repo.git(['rev-parse', 'refs/tags/v1'])));
    site.lines();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/cannot be read: .* a tag and not a commit/)]);
  }
  expect(running(site)).toBe('web:later small');
});

test('an error at the pinned revision is reported with the revision, and holds nothing else up', async () => {
  const begin = await commit({ 'compose.yaml': 'services: { web: { image: "web:bare" } }\n' });
  const site = await open();
  const main = await commit({ 'compose.yaml': null, 'fleet.yaml': head('Fleet'), ...pin(begin) });
  await site.poll();
  expect(site.lines()).toEqual([
    expect.stringMatching(
      `is refused: sites/eu/a.yaml:5:19: targetRevision ${begin} is commit .*, which has no fleet.yaml`,
    ),
  ]);
  expect(await site.floor()).toBe(main);
  const broken = await commit({
    'apps/bad/app.yaml': head('Application'),
    'apps/bad/compose.yaml': 'services: { a: { imagee: a } }',
  });
  await commit(pin(broken));
  site.lines();
  await site.poll();
  expect(site.lines()[0]).toMatch(`error ${shortRevision(broken)}: apps/bad/compose.yaml:1:13: `);
  // An error on main does not matter to a site that is pinned.
  const good = await commit({ 'apps/web/app.yaml': head('Application'), ...app(2) });
  await commit({ 'fleet.yaml': 'nonsense', ...pin(good) });
  await site.poll();
  expect(running(site)).toBe('web:2 small');
});
