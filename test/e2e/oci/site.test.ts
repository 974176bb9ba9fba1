import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { signedCommit, signedTag } from '../../support/git/signed-repo.ts';
import { holdfast } from '../../support/program/holdfast-process.ts';
import {
  ada,
  bulk,
  compose,
  count,
  dir,
  eve,
  front,
  here,
  live,
  open,
  push,
  pushedRepo,
  registry,
  repo,
  source,
  textOf,
  url,
  useUrl,
} from './pushed-repo.ts';

pushedRepo();

describe('a site', () => {
  test('polls with one HEAD, downloads only layers that are new, and goes on through a restart without the registry', async () => {
    const first = await signedCommit(repo, { ...compose(1), bulk: bulk('a', 65_536) }, { by: ada });
    await push();
    const site = await open();
    await site.poll();
    expect(site.enforced()).toBe(first);
    expect(front.sent()).toBeGreaterThan(65_536);
    front.asked();
    await site.poll();
    expect(front.asked()).toEqual(['HEAD manifests/main']);

    const second = await signedCommit(repo, compose(2), { by: ada });
    await push();
    await site.poll();
    expect(site.enforced()).toBe(second);
    expect(front.asked()).toEqual([
      'HEAD manifests/main',
      expect.stringMatching(/^GET manifests\/sha256:/),
      expect.stringMatching(/^GET blobs\/sha256:/),
    ]);
    expect(front.sent()).toBeLessThan(2500);

    await registry.stop();
    await site.restart();
    expect(site.enforced()).toBe(second);
    await expect(site.poll()).rejects.toMatchObject({ code: 'SOURCE', kind: 'unreachable' });
    expect(site.enforced()).toBe(second);
    await registry.start();
    front.asked();
    await site.poll();
    expect(front.asked()).toEqual(['HEAD manifests/main']);
  });

  test('refuses an older signed state, a rewritten history and an unsigned commit, as of a Git server', async () => {
    const first = await signedCommit(repo, compose(1), { by: ada });
    await push();
    const site = await open();
    await site.poll();
    const second = await signedCommit(repo, compose(2), { by: ada });
    await push();
    await site.poll();
    site.lines();

    await repo.git(['update-ref', 'refs/heads/main', first]);
    const { code, stderr } = await holdfast(['push', repo.dir, url]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: refs\/heads\/main lies there at .*--force/)]);
    await push('--force');
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/is refused: .*does not descend from/)]);

    await signedCommit(repo, compose(3), { by: ada, from: first });
    await push();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/is refused: .*does not descend from/)]);

    await signedCommit(repo, compose(4), { by: eve, from: second });
    await push('--force');
    await site.poll();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/is refused: .*does not name/)]);
    expect(site.enforced()).toBe(second);

    const good = await signedCommit(repo, compose(5), { by: ada, from: second });
    await push('--force');
    await site.poll();
    expect(site.enforced()).toBe(good);
    expect(await site.floor()).toBe(good);
  });

  test('refuses a layer that came damaged, and goes on with one that broke off', async () => {
    const first = await signedCommit(repo, { ...compose(1), bulk: bulk('a', 65_536) }, { by: ada });
    await push();
    const site = await open();
    front.spoil = (blob) => {
      const spoiled = Buffer.from(blob);
      spoiled[30_000] = (spoiled[30_000] ?? 0) ^ 1;
      return spoiled;
    };
    await expect(site.poll()).rejects.toMatchObject({ kind: 'protocol', message: expect.stringMatching(/damaged/) });
    front.spoil = undefined;
    front.breakAfter = 20_000;
    front.sent();
    await site.poll();
    expect(site.enforced()).toBe(first);
    expect(front.sent()).toBeLessThan(70_000);
  });
});

test('a digest is asked for once', async () => {
  const first = await repo.commit(compose(1));
  const digest = await push();
  await repo.commit(compose(2));
  await push();
  useUrl(url.replace(/:main$/, `@${digest}`));
  const pinned = source();
  expect(await pinned.poll(live)).toMatchObject({ commit: first });
  front.asked();
  expect(await pinned.poll(live)).toMatchObject({ commit: first });
  pinned.close();
  const again = source();
  expect(await again.poll(live)).toMatchObject({ commit: first });
  expect(await textOf(again, first, 'compose.yaml')).toContain('shop:1');
  expect(front.asked()).toEqual([]);
});

test('branches, tags, ranges of versions and beacons are found as on a Git server', async () => {
  const one = await repo.commit(compose(1));
  await signedTag(repo, 'v1.1.0', one, ada);
  const tag = await repo.git(['rev-parse', 'refs/tags/v1.1.0']);
  const two = await repo.commit(compose(2));
  await repo.git(['tag', 'v2.0.0', two]);
  await repo.git(['update-ref', 'refs/heads/next', two]);
  await repo.git(['update-ref', 'refs/holdfast/beacon/next', tag]);
  await push('--revision', 'main', '--revision', 'next', '--tags');
  expect(await source().poll(live)).toEqual({ commit: two, ref: 'HEAD' });
  expect(await source({ revision: '^1', beside: 'refs/holdfast/beacon/next' }).poll(live)).toMatchObject({
    commit: one,
    tag,
    beside: tag,
  });
  const next = source({ revision: 'next' });
  expect(await next.poll(live)).toEqual({ commit: two, ref: 'refs/heads/next' });
  expect(Buffer.from(await next.object(tag, 'tag', live)).toString()).toContain('tag v1.1.0');
  await expect(source({ revision: 'none' }).poll(live)).rejects.toMatchObject({ kind: 'notFound' });
  expect((await next.history(two, [], live)).map(({ oid }) => oid)).toEqual([two, one]);
});

test('a Git bundle in a file is a repo', async () => {
  const first = await repo.commit(compose(1));
  const file = join(dir, `fleet-${count}.bundle`);
  await repo.git(['bundle', 'create', '-q', file, 'main', 'HEAD']);
  const site = source({ url: file });
  expect(await site.poll(live)).toMatchObject({ commit: first });
  const second = await repo.commit(compose(2));
  await repo.git(['bundle', 'create', '-q', file, 'main', 'HEAD', `^${first}`]);
  expect(await site.poll(live)).toMatchObject({ commit: second });
  expect(await textOf(site, second, 'compose.yaml')).toContain('shop:2');
  await expect(source({ url: file, dir: join(dir, `other-${count}`) }).poll(live)).rejects.toMatchObject({
    kind: 'protocol',
    message: expect.stringMatching(/goes on from commits/),
  });
});

test('push says what it cannot send', async () => {
  const said = async (...args: string[]) => (await here('push', ...args)).stderr;
  expect(await said(dir, url)).toMatch(/is no clone of a Git repo/);
  await repo.commit(compose(1));
  await repo.commit(compose(2));
  expect(await said(repo.dir, url, '--revision', 'nope')).toMatch(/has no branch and no tag "nope"/);
  const shallow = join(dir, `shallow-${count}`);
  await repo.git(['clone', '-q', '--depth', '1', `file://${repo.dir}`, shallow]);
  expect(await said(shallow, url)).toMatch(/is a shallow clone: .*unshallow/);
  expect(await said(repo.dir, `oci://user:secret@${front.address}/fleet:main`)).not.toContain('secret');
  expect(await said(repo.dir, 'oci://127.0.0.1:1/fleet:main')).toMatch(/127.0.0.1:1 refuses connections/);
  expect(await said(repo.dir, 'https://example.org/fleet')).toMatch(/oci:\/\/REGISTRY\/NAME:TAG/);
});
