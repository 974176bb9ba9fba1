import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SourceError } from '../../../src/lib/errors.ts';
import { shortRevision } from '../../../src/lib/text/revision.ts';
import {
  cache,
  failure,
  followedRepo,
  live,
  open,
  repo,
  server,
  text,
  unfinished,
} from '../../support/git/followed-repo.ts';

// Each test runs Git many times; a busy machine takes a while for that.
jest.setTimeout(60_000);

followedRepo('edge');

describe('polling', () => {
  test('costs one request of less than 1 KB both ways, on a connection that is kept', async () => {
    const commit = await repo.commit({ a: '1' });
    const pulls = Array.from({ length: 100 }, (_, i) => `create refs/pull/${i}/head ${commit}\n`);
    await repo.git(['update-ref', '--stdin'], pulls.join(''));
    const source = open();
    const first = await source.poll(live);
    const second = await source.poll(live);
    expect([first, second]).toEqual([1, 1].map(() => ({ commit, ref: 'HEAD' })));
    expect(server.traffic.map(({ method, path, connection }) => ({ method, path, connection }))).toEqual(
      [1, 1].map((connection) => ({ method: 'POST', path: '/edge.git/git-upload-pack', connection })),
    );
    for (const { up, down } of server.traffic) {
      expect(up + down).toBeGreaterThan(300);
      expect(up + down).toBeLessThan(1024);
    }
  });

  test('sees a new commit, and a rewritten branch', async () => {
    const source = open();
    const first = await repo.commit({ a: '1' });
    expect((await source.poll(live)).commit).toBe(first);
    const second = await repo.commit({ a: '2' });
    expect((await source.poll(live)).commit).toBe(second);
    const rewritten = await repo.commit({ a: '3' }, { from: null });
    expect((await source.poll(live)).commit).toBe(rewritten);
    expect(await text(await source.fetch(rewritten, live), 'a')).toBe('3');
  });

  test('follows a branch, a tag, an annotated tag, a full ref and a commit', async () => {
    const old = await repo.commit({ a: '1' });
    await repo.git(['tag', 'v1', old]);
    await repo.git(['tag', '-a', '-m', 'One', 'v1-signed', old]);
    await repo.commit({ a: '2' });
    const stable = await repo.commit({ a: 'stable' }, { branch: 'release/stable' });
    await repo.commit({ a: 'not this one' }, { branch: 'release/stable-2' });
    const polled = async (revision: string) => (await open({ revision }).poll(live)).commit;
    expect(await polled('release/stable')).toBe(stable);
    expect(await polled('refs/heads/release/stable')).toBe(stable);
    expect(await polled('v1')).toBe(old);
    expect(await polled('v1-signed')).toBe(old);
    const before = server.traffic.length;
    expect(await polled(old)).toBe(old);
    expect(server.traffic.length).toBe(before);
    expect(await text(await open({ revision: old }).fetch(old, live), 'a')).toBe('1');
  });

  test('a revision that does not exist, an empty repo and a name of both kinds are named as such', async () => {
    expect((await failure(open().poll(live))).message).toBe(
      'The Git repo has no commits yet, or its default branch does not exist (--revision names another)',
    );
    await repo.commit({ a: '1' });
    expect((await failure(open({ revision: 'mian' }).poll(live))).message).toBe(
      'The Git repo has no branch and no tag "mian"',
    );
    await repo.git(['update-ref', 'refs/tags/main', await repo.commit({ a: '2' }, { branch: 'other' })]);
    expect((await failure(open({ revision: 'main' }).poll(live))).message).toBe(
      'The Git repo has a branch and a tag main: say which is meant, as refs/heads/main or refs/tags/main',
    );
  });

  test('a server that does not know protocol version 2 is spoken to in the older one', async () => {
    server.options.withoutV2 = true;
    const commit = await repo.commit({ a: '1' });
    await repo.git(['tag', '-a', '-m', 'One', 'v1', commit]);
    await repo.commit({ a: '2' });
    const tag = open({ revision: 'v1' });
    expect((await tag.poll(live)).commit).toBe(commit);
    expect(await text(await tag.fetch(commit, live), 'a')).toBe('1');
    const before = server.traffic.length;
    await tag.poll(live);
    expect(server.traffic.length - before).toBe(1);
    const head = open();
    expect(await text(await head.fetch((await head.poll(live)).commit, live), 'a')).toBe('2');
  });
});

describe('fetching', () => {
  test('reads files, folders and modes from the commit alone', async () => {
    await repo.commit({ 'old.txt': 'x'.repeat(100) });
    const commit = await repo.commit({
      'compose.yaml': 'services: {}\n',
      'apps/web/app.yaml': 'kind: Application\n',
      'apps/web/run.sh': { executable: '#!/bin/sh\n' },
      'old.txt': null,
    });
    const source = open();
    const snapshot = await source.fetch((await source.poll(live)).commit, live);
    expect(snapshot.revision).toBe(commit);
    expect(snapshot.origin).toEqual({ description: repo.url, name: 'edge' });
    expect(await snapshot.list('')).toEqual([
      { name: 'apps', kind: 'dir' },
      { name: 'compose.yaml', kind: 'file' },
    ]);
    expect(await snapshot.list('apps/web')).toEqual([
      { name: 'app.yaml', kind: 'file' },
      { name: 'run.sh', kind: 'file' },
    ]);
    expect((await snapshot.read('apps/web/run.sh'))?.executable).toBe(true);
    expect((await snapshot.read('compose.yaml'))?.executable).toBe(false);
    expect(await snapshot.read('nothing')).toBeUndefined();
    expect(await snapshot.read('apps')).toBeUndefined();
    expect(await snapshot.list('compose.yaml')).toBeUndefined();
    expect(await snapshot.list('nothing/below')).toBeUndefined();
  });

  test('is shallow: history costs nothing', async () => {
    for (let i = 0; i < 5; i++) await repo.commit({ blob: randomBytes(20_000) });
    const small = await repo.commit({ blob: 'small' });
    await open().fetch(small, live);
    expect(server.traffic.at(-1)?.down).toBeLessThan(1024);
  });

  test('a folder of the repo can be the config repo', async () => {
    const commit = await repo.commit({ 'edge/shop/compose.yaml': 'a', 'compose.yaml': 'b' });
    const snapshot = await open({ path: './edge/shop/' }).fetch(commit, live);
    expect(await text(snapshot, 'compose.yaml')).toBe('a');
    expect(snapshot.origin.name).toBe('shop');
    expect((await failure(open({ path: 'edge/nope' }).fetch(commit, live))).message).toBe(
      `Commit ${shortRevision(commit)} has no folder edge/nope`,
    );
  });

  test('links and submodules are listed and never followed', async () => {
    await repo.commit({ 'real/file': 'x', link: { symlink: 'real' }, 'real/out': { symlink: '/etc/passwd' } });
    const index = await repo.git(['ls-tree', 'main']);
    const tree = await repo.git(['mktree'], `${index}\n160000 commit ${'1'.repeat(40)}\tsub\n`);
    const commit = await repo.git(['commit-tree', tree, '-m', 'x']);
    await repo.git(['update-ref', 'refs/heads/main', commit]);
    const snapshot = await open().fetch(commit, live);
    expect(await snapshot.list('')).toEqual([
      { name: 'link', kind: 'symlink' },
      { name: 'real', kind: 'dir' },
      { name: 'sub', kind: 'submodule' },
    ]);
    for (const path of ['link', 'link/file', 'real/out']) {
      expect(await failure(snapshot.read(path))).toMatchObject({ kind: 'path' });
    }
    expect((await failure(snapshot.list('link'))).message).toMatch(
      /^link is a symbolic link; Holdfast does not follow/,
    );
    expect((await failure(snapshot.list('sub/x'))).message).toMatch(/^sub is a submodule; Holdfast does not follow/);
  });

  test.each(['..', '.git', '.GIT', 'git~1', '.', 'a/b'])(
    'a tree that holds an entry named %j is refused',
    async (name) => {
      const blob = await repo.git(['hash-object', '-w', '--stdin'], 'x');
      const raw = Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(blob, 'hex')]);
      const tree = await repo.git(['hash-object', '-t', 'tree', '--literally', '-w', '--stdin'], raw);
      const commit = await repo.git(['commit-tree', tree, '-m', 'x']);
      await repo.git(['update-ref', 'refs/heads/main', commit]);
      expect(await failure(open().fetch(commit, live))).toMatchObject({ kind: 'path' });
      expect(await unfinished()).toEqual([]);
    },
  );

  test.each([
    ['a name that is there twice', ['100644 a', '100644 a']],
    ['names out of order', ['100644 b', '100644 a']],
    ['a mode that Git does not have', ['0777 a']],
    ['a name of 4 KB', [`100644 ${'x'.repeat(4096)}`]],
    ['.git in signs that are not seen', ['100644 .g\u200cit']],
  ])('a tree with %s is refused', async (_, entries) => {
    const blob = Buffer.from(await repo.git(['hash-object', '-w', '--stdin'], 'x'), 'hex');
    const raw = Buffer.concat(entries.flatMap((entry) => [Buffer.from(`${entry}\0`), blob]));
    const tree = await repo.git(['hash-object', '-t', 'tree', '--literally', '-w', '--stdin'], raw);
    const content = `tree ${tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n`;
    const commit = await repo.git(['hash-object', '-t', 'commit', '-w', '--stdin'], content);
    await repo.git(['update-ref', 'refs/heads/main', commit]);
    expect(await failure(open().fetch(commit, live))).toMatchObject({ kind: 'path' });
  });

  test('paths that lead out of the repo are refused', async () => {
    const snapshot = await open().fetch(await repo.commit({ a: '1' }), live);
    for (const path of ['../a', '/a', 'a/../a', './a', 'a//b', '.git/config', 'a\0', `${'d/'.repeat(2_100)}a`]) {
      expect(await failure(snapshot.read(path))).toMatchObject({ kind: 'path' });
    }
    expect(() => open({ path: '../up' })).toThrow(SourceError);
  });

  test('a cache folder that cannot be made is told as such, and tried again', async () => {
    const commit = await repo.commit({ a: '1' });
    await writeFile(join(cache, 'file'), '');
    const source = open({ dir: join(cache, 'file') });
    expect((await failure(source.fetch(commit, live))).message).toMatch(
      /^The files of a commit cannot be written to disk/,
    );
    await rm(join(cache, 'file'));
    expect(await text(await source.fetch(commit, live), 'a')).toBe('1');
  });

  test('removes what a killed run left', async () => {
    await mkdir(join(cache, 'fetch-killed', 'objects'), { recursive: true });
    for (const name of ['kept', 'incoming-1234.tmp', `pack-${'1'.repeat(40)}.idx`, `pack-${'2'.repeat(40)}.pack`])
      await writeFile(join(cache, name), '');
    const source = open();
    const commit = await repo.commit({ a: '1' });
    const snapshot = await source.fetch(commit, live);
    expect(await text(snapshot, 'a')).toBe('1');
    expect((await readdir(cache)).map((name) => name.replace(/-.*\./, '.'))).toEqual([
      'heads',
      'kept',
      'pack.idx',
      'pack.pack',
    ]);
  });

  test('asks and writes nothing for a commit that is here, also after a restart', async () => {
    const commit = await repo.commit({ a: '1' });
    const source = open();
    const one = await source.fetch(commit, live);
    const [requests, files] = [server.traffic.length, await readdir(cache)];
    const two = await source.fetch(commit, live);
    await one.dispose();
    expect(await text(two, 'a')).toBe('1');
    await two.dispose();
    expect(server.traffic.length).toBe(requests);
    // A source asks once in its life what the server can do.
    expect(await text(await open().fetch(commit, live), 'a')).toBe('1');
    expect(server.traffic.length).toBe(requests + 1);
    expect(await readdir(cache)).toEqual(files);
    expect(await failure(one.read('a'))).toMatchObject({ kind: 'notFound' });
  });

  test('a commit that the server does not have is not found', async () => {
    await repo.commit({ a: '1' });
    expect(await failure(open().fetch('1'.repeat(40), live))).toMatchObject({ kind: 'notFound' });
    expect(await failure(open().fetch('main', live))).toMatchObject({ kind: 'notFound' });
    expect(await unfinished()).toEqual([]);
  });

  test('a tag on something that is no commit is refused', async () => {
    await repo.commit({ a: '1' });
    const tree = await repo.git(['rev-parse', 'main^{tree}']);
    await repo.git(['update-ref', 'refs/tags/tree', tree]);
    const source = open({ revision: 'tree' });
    expect((await failure(source.fetch((await source.poll(live)).commit, live))).message).toBe(
      'The revision names a tree and not a commit',
    );
  });
});

describe('the history of a commit', () => {
  beforeEach(() => repo.git(['config', 'uploadpack.allowFilter', 'true']));

  test('is told commit by commit, children first, without their files', async () => {
    const known = await repo.commit({ a: '1' });
    const side = await repo.commit({ b: 'x' }, { branch: 'side', from: known });
    const second = await repo.commit({ a: '2', big: randomBytes(50_000) });
    const merge = await repo.git(['commit-tree', `${second}^{tree}`, '-p', second, '-p', side, '-m', 'Merge']);
    await repo.git(['update-ref', 'refs/heads/main', merge]);
    const commits = await open().history(merge, [known], live);
    expect(commits.map(({ oid }) => oid).sort()).toEqual([merge, second, side].sort());
    expect(commits[0]?.oid).toBe(merge);
    expect(Buffer.from((await commits[0]?.content()) ?? []).toString()).toContain(`parent ${second}\nparent ${side}\n`);
    expect(server.traffic.at(-1)?.down).toBeLessThan(1500);
    expect((await open().history(merge, [], live)).at(-1)?.oid).toBe(known);
    expect(await open().history(known, [known], live)).toEqual([]);
  });

  test('can be asked of a tag, and the tag be read as it was made', async () => {
    const commit = await repo.commit({ a: '1' });
    await repo.git(['tag', '-a', '-m', 'One', 'v1', commit]);
    const source = open({ revision: 'v1' });
    const { tag = '' } = await source.poll(live);
    expect(tag).toBe(await repo.git(['rev-parse', 'v1']));
    expect(Buffer.from(await source.object(tag, 'tag', live)).toString()).toMatch(
      new RegExp(`^object ${commit}\\ntype commit\\ntag v1\\n`),
    );
    expect(Buffer.from(await source.object(commit, 'commit', live)).toString()).toMatch(/^tree /);
  });
});
