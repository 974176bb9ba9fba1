import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openFolder } from '../../../src/cli/repo/open-source.ts';
import { namedByPin } from '../../../src/cli/repo/pinned.ts';
import type { Named } from '../../../src/source/source.ts';

let folder = '';
const git = (dir: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: dir, encoding: 'utf8' }).trim();
const commit = (dir: string): string => {
  git(dir, 'commit', '-q', '--allow-empty', '-m', 'x');
  return git(dir, 'rev-parse', 'HEAD');
};
const pin = { revision: 'HEAD', at: { file: 'sites/shop.yaml', line: 1, column: 1 } };

async function named(dir: string): Promise<Named> {
  const opened = await openFolder(dir, {}, 'folder');
  return namedByPin(opened, pin, new AbortController().signal)
    .then(({ pinned }) => pinned)
    .finally(() => opened.close());
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pinned-'));
  git(folder, 'init', '-q', '-b', 'main', 'origin');
});
afterEach(() => rm(folder, { recursive: true }));

test('HEAD is what is checked out in a repo without origin, on a branch and on none', async () => {
  const dir = join(folder, 'origin');
  const first = commit(dir);
  expect(await named(dir)).toMatchObject({ commit: first });
  const second = commit(dir);
  git(dir, 'checkout', '-q', '--detach', first);
  expect(await named(dir)).toMatchObject({ commit: first });
  git(dir, 'checkout', '-q', 'main');
  expect(await named(dir)).toMatchObject({ commit: second });
});

test("HEAD is the remote's, where the clone knows it", async () => {
  const there = commit(join(folder, 'origin'));
  git(folder, 'clone', '-q', 'origin', 'clone');
  const dir = join(folder, 'clone');
  commit(dir);
  expect(await named(dir)).toMatchObject({ commit: there });
  git(dir, 'remote', 'set-head', 'origin', '--delete');
  expect(await named(dir)).toMatchObject({ commit: there });
});

test('a repo without a commit has no HEAD, which is said', async () => {
  await expect(named(join(folder, 'origin'))).rejects.toThrow(/HEAD/);
});
