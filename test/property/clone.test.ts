import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Clone, cloneIn, openClone } from '../../src/git/clone/clone.ts';
import { namedCommit } from '../../src/git/clone/named-commit.ts';
import { programClone } from '../../src/git/clone/program-clone.ts';
import { objectId } from '../../src/git/objects/git-object.ts';
import { writeBundle } from '../../src/registry/push/bundle-file.ts';
import { cloneSource } from '../../src/source/clone-source.ts';
import { git, tryGit } from '../support/git/clones.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'clone-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A step in the life of a repo. Numbers pick a name or a commit of those that there are. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('commit' as const), file: fc.nat(3), size: fc.nat(3000) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('branch', 'tag', 'annotated', 'tagOfTag', 'merge', 'detach', 'origin'),
      of: fc.nat(9),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('repack', 'gc', 'packRefs', 'main') }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function live(dir: string, steps: readonly Step[]): Promise<void> {
  git(root, 'init', '-q', '-b', 'main', dir);
  let count = 0;
  for (const each of steps) {
    const name = `n${++count}`;
    const commits = git(dir, 'rev-list', '--all').split('\n').filter(Boolean).sort();
    if (each.kind === 'commit') {
      await writeFile(join(dir, `file${each.file}`), `${count}\n`.repeat(each.size));
      git(dir, 'add', '.');
      git(dir, 'commit', '-q', '--allow-empty', '-m', name);
    } else if ('of' in each) {
      const commit = commits[each.of % commits.length];
      if (commit === undefined) continue;
      const tags = git(dir, 'for-each-ref', '--format=%(refname:short)', 'refs/tags').split('\n').filter(Boolean);
      if (each.kind === 'branch') git(dir, 'branch', `dir/${name}`, commit);
      if (each.kind === 'tag') git(dir, 'tag', name, commit);
      if (each.kind === 'annotated') git(dir, 'tag', '-a', '-m', name, `v${name}`, commit);
      if (each.kind === 'tagOfTag' && tags.length > 0)
        git(dir, 'tag', '-a', '-m', name, `t${name}`, tags[each.of % tags.length] as string);
      if (each.kind === 'merge') tryGit(dir, 'merge', '-q', '--no-edit', '-s', 'ours', '-m', name, commit);
      if (each.kind === 'detach') git(dir, 'checkout', '-q', '--detach', commit);
      if (each.kind === 'origin') {
        git(dir, 'update-ref', `refs/remotes/origin/${name}`, commit);
        git(dir, 'symbolic-ref', 'refs/remotes/origin/HEAD', `refs/remotes/origin/${name}`);
      }
    } else if (each.kind === 'repack') git(dir, 'repack', '-d', '-q');
    else if (each.kind === 'gc') git(dir, 'gc', '-q');
    else if (each.kind === 'packRefs') git(dir, 'pack-refs', '--all');
    else if (commits.length > 0) git(dir, 'checkout', '-q', 'main');
  }
}

/** Each ref, its object, and the commit of an annotated tag. */
const refsByGit = (dir: string): string[] =>
  git(dir, 'for-each-ref', '--format=%(refname) %(objectname)')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', oid = ''] = line.split(' ');
      const commit = tryGit(dir, 'rev-parse', '-q', '--verify', `${oid}^{commit}`);
      return `${line}${name.startsWith('refs/tags/') && commit !== oid ? ` ${commit}` : ''}`;
    });

async function compare(dir: string, clone: Clone): Promise<void> {
  const refs = await clone.refs(['refs/']);
  expect(refs.map(({ name, oid, peeled }) => [name, oid, ...(peeled ? [peeled] : [])].join(' ')).sort()).toEqual(
    refsByGit(dir).sort(),
  );
  expect(await clone.head()).toBe(tryGit(dir, 'rev-parse', '-q', '--verify', 'HEAD^{commit}'));
  expect(await clone.branch()).toBe(tryGit(dir, 'symbolic-ref', '-q', 'HEAD'));

  const objects = git(dir, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname) %(objecttype)');
  for (const line of objects.split('\n').filter(Boolean)) {
    const [oid = '', type] = line.split(' ');
    const found = await clone.find(oid);
    expect([oid, found?.type, found && objectId(found)]).toEqual([oid, type, oid]);
  }
  expect(await clone.find('1'.repeat(40))).toBeUndefined();

  const commits = git(dir, 'rev-list', '--all', 'HEAD', '--').split('\n');
  const names = [
    ...refs.flatMap(({ name }) => [name, name.replace(/^refs\/\w+\//, '')]),
    ...['HEAD', '@', 'HEAD~1', 'HEAD~2', 'HEAD^2', 'HEAD^0', 'main~1^2', 'origin', 'nothing'],
    ...commits.map((commit) => commit.slice(0, 8)),
  ];
  for (const name of names)
    expect([name, (await namedCommit(clone, name))?.commit]).toEqual([
      name,
      tryGit(dir, 'rev-parse', '-q', '--verify', `${name}^{commit}`),
    ]);

  const source = cloneSource(clone, { dir });
  const { signal } = new AbortController();
  for (const tip of commits.slice(0, 4))
    for (const known of [[], commits.slice(0, 1), commits.slice(-1), commits.slice(1, 3)]) {
      const expected = git(dir, 'rev-list', tip, ...known.map((oid) => `^${oid}`))
        .split('\n')
        .filter(Boolean);
      const history = await source.history(tip, known, signal).catch(() => []);
      expect(history.map(({ oid }) => oid).sort()).toEqual(expected.sort());
      const seen = new Set<string>();
      for (const { oid, content } of history) {
        seen.add(oid);
        for (const [, parent = ''] of (await content()).toString().matchAll(/^parent (\w+)$/gm))
          expect(seen).not.toContain(parent);
      }
    }
}

/** Packs by hand what a fresh repo lacks that has all of `without`, and lets Git take it in and check it. */
async function send(dir: string, clone: Clone, tips: readonly string[], without: readonly string[]): Promise<void> {
  const noProgram = { clone, dir: join(root, 'nowhere') };
  const receiver = join(root, 'receiver');
  git(root, 'init', '-q', '--bare', receiver);
  const named = (oids: readonly string[]) => oids.map((oid, index) => ({ name: `refs/heads/b${index}`, oid }));
  try {
    if (without.length > 0) {
      git(receiver, 'fetch', '-q', dir, ...without.map((oid, index) => `${oid}:refs/heads/had${index}`));
    }
    const content = { refs: named(tips), prerequisites: without, without };
    const { path } = await writeBundle(noProgram, join(root, 'sent.bundle'), content);
    git(receiver, 'fetch', '-q', path, 'refs/heads/*:refs/heads/*');
    for (const { name, oid } of content.refs) expect(git(receiver, 'rev-parse', name)).toBe(oid);
    git(receiver, 'fsck', '--full', '--strict');
  } finally {
    await rm(receiver, { recursive: true, force: true });
    await rm(join(root, 'sent.bundle'), { force: true });
  }
}

test('a clone is read as the git program reads it, by the library and by the program', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 12 }), async (steps) => {
      const dir = join(root, `repo${++runs}`);
      await live(dir, [{ kind: 'commit', file: 0, size: 1 }, ...steps]);
      const clone = await openClone(dir, {});
      await compare(dir, clone);
      const commits = git(dir, 'rev-list', '--all', 'HEAD', '--').split('\n');
      const tips = commits.slice(0, 2);
      for (const without of [[], commits.slice(-1), commits.slice(1, 3)]) await send(dir, clone, tips, without);
      const program = await programClone(dir, 'the test says so');
      try {
        await compare(dir, cloneIn(program, clone.gitDir, clone.prefix));
      } finally {
        program.close();
      }
      await rm(dir, { recursive: true, force: true });
    }),
    { numRuns: Number(process.env.HOLDFAST_PROPERTY_RUNS ?? 0) > 0 ? 60 : 4 },
  );
}, 120_000);
