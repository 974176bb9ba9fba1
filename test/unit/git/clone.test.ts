import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openClone } from '../../../src/git/clone/clone.ts';
import { cloneLayout, originUrl, parseConfig } from '../../../src/git/clone/layout.ts';
import { git } from '../../support/git/clones.ts';

let root = '';
let origin = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'layout-'));
  origin = join(root, 'origin');
  git(root, 'init', '-q', '-b', 'main', origin);
  await writeFile(join(origin, 'compose.yaml'), 'services: {}\n');
  git(origin, 'add', '.');
  git(origin, 'commit', '-q', '-m', 'Begin');
  git(origin, 'config', 'uploadpack.allowFilter', 'true');
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Makes a clone of some kind; its folder. */
const kinds: Record<string, [obstacle: RegExp, make: () => string]> = {
  'a linked work tree': [/linked work tree/, () => made('worktree', origin, 'worktree', 'add', '-q', '--detach')],
  'a clone that borrows objects': [/borrows objects/, () => made('shared', root, 'clone', '-q', '--shared', origin)],
  'a partial clone': [
    /partial clone/,
    () => made('partial', root, 'clone', '-q', '--no-local', '--filter=blob:none', `file://${origin}`),
  ],
  'a repo with an extension that is not known': [
    /extensions\.partialclone/,
    () => {
      git(origin, 'config', 'core.repositoryformatversion', '1');
      git(origin, 'config', 'extensions.partialClone', 'origin');
      return origin;
    },
  ],
  'a repo with a pack index of version 1': [
    /version 1/,
    () => {
      git(origin, '-c', 'pack.indexVersion=1', 'repack', '-a', '-d', '-q');
      return origin;
    },
  ],
};

function made(name: string, cwd: string, ...args: string[]): string {
  const dir = join(root, name);
  git(cwd, ...args, dir);
  return dir;
}

describe('a repo that isomorphic-git would misread is read with the git program', () => {
  test.each(Object.entries(kinds))('%s', async (_, [obstacle, make]) => {
    const dir = make();
    expect((await cloneLayout(dir, {}))?.obstacle).toMatch(obstacle);
    const clone = await openClone(dir, {});
    try {
      const head = git(dir, 'rev-parse', 'HEAD');
      expect(await clone.head()).toBe(head);
      expect((await clone.read(head, 'commit')).toString()).toContain('Begin');
    } finally {
      clone.close();
    }
  });

  test('one that the environment moves elsewhere', async () => {
    expect((await cloneLayout(origin, { GIT_DIR: root }))?.obstacle).toBe('GIT_DIR is set');
  });
});

test('a repo of SHA-256 names is refused with a sentence', async () => {
  const dir = join(root, 'sha256');
  git(root, 'init', '-q', '--object-format=sha256', dir);
  await expect(openClone(dir, {})).rejects.toThrow('uses SHA-256 object names, which Holdfast cannot read yet');
});

test('a folder that is in no clone is refused with a sentence', async () => {
  await expect(openClone(root, {})).rejects.toThrow(`${root} is no clone of a Git repo`);
  await expect(openClone(join(root, 'nowhere'), {})).rejects.toThrow('is no clone of a Git repo');
});

test.each([
  ['the top', '', ''],
  ['a folder below', 'edge/west', 'edge/west'],
])('%s of an ordinary clone needs no program', async (_, below, prefix) => {
  await mkdir(join(origin, below), { recursive: true });
  expect(await cloneLayout(join(origin, below), {})).toEqual({
    gitDir: join(origin, '.git'),
    prefix,
    obstacle: undefined,
  });
});

test('nor does a bare repo, or one whose .git is a file that names its folder', async () => {
  const bare = made('bare.git', root, 'clone', '-q', '--bare', origin);
  expect(await cloneLayout(bare, {})).toEqual({ gitDir: bare, prefix: '', obstacle: undefined });
  const elsewhere = join(root, 'elsewhere');
  const dir = made('separate', root, 'clone', '-q', `--separate-git-dir=${elsewhere}`, origin);
  expect(await cloneLayout(dir, {})).toEqual({ gitDir: elsewhere, prefix: '', obstacle: undefined });
});

test('an object that has other bytes than its name says is damage, and no answer', async () => {
  const clone = await openClone(origin, {});
  const head = git(origin, 'rev-parse', 'HEAD');
  const tree = git(origin, 'rev-parse', 'HEAD^{tree}');
  const path = (oid: string): string => join(origin, '.git/objects', oid.slice(0, 2), oid.slice(2));
  await rm(path(head));
  await copyFile(path(tree), path(head));
  await expect(clone.find(head)).rejects.toMatchObject({ kind: 'protocol' });
});

test('the configuration is read as Git reads it', async () => {
  const text =
    '[core]\n\tbare = false\n[remote "origin"]\n\turl = https://host/a.git\n; note\n[extensions] worktreeConfig\n[Remote "b.c"] URL="x y"\n';
  expect([...parseConfig(text)]).toEqual([
    ['core.bare', 'false'],
    ['remote.origin.url', 'https://host/a.git'],
    ['extensions.worktreeconfig', 'true'],
    ['remote.b.c.url', 'x y'],
  ]);
  git(origin, 'remote', 'add', 'origin', 'ssh://git@host/fleet.git');
  expect(await originUrl(join(origin, '.git'))).toBe('ssh://git@host/fleet.git');
});
