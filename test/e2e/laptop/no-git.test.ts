import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { shortRevision } from '../../../src/lib/text/revision.ts';
import { git } from '../../support/git/clones.ts';
import { bareRepo, type GitRepo } from '../../support/git/git-repo.ts';
import { signedCommit, signedTag } from '../../support/git/signed-repo.ts';
import { type KeyPair, sshKeyPair } from '../../support/git/signing.ts';
import { startRegistry } from '../../support/net/registry.ts';
import { holdfast } from '../../support/program/holdfast-process.ts';
import { HOST, LENT } from '../../support/site/chaos-site.ts';

jest.setTimeout(60_000);

let dir: string;
let clone: string;
let repo: GitRepo;
let ada: KeyPair;
let first: string;
let second: string;

const head = (kind: string): string => `apiVersion: holdfast/v1\nkind: ${kind}\n`;
const files = (image: number): Record<string, string> => ({
  'fleet.yaml': head('Fleet'),
  'sites/a.yaml': `${head('Site')}spec: { targetRevision: v1 }\n`,
  'apps/web/app.yaml': head('Application'),
  'apps/web/compose.yaml': `services: { web: { image: "web:${image}" } }\n`,
});

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-no-git-'));
  await mkdir(join(dir, 'empty'));
  clone = join(dir, 'clone');
  repo = await bareRepo(join(dir, 'origin.git'), () => '');
  ada = await sshKeyPair(dir, 'ada');
  const spec = { signers: [{ name: 'ada', ssh: [ada.line] }] };
  const trust = JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Trust', spec });
  first = await signedCommit(repo, { ...files(1), 'trust.yaml': trust }, { by: ada, message: 'Begin' });
  await signedTag(repo, 'v1', first, ada);
  second = await signedCommit(repo, files(2), { by: ada, message: 'Go on' });
  git(dir, 'clone', '-q', repo.dir, clone);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs a command on a machine that has no `git`, and no other program. */
const bare = (...args: string[]) => holdfast(args, { env: { PATH: join(dir, 'empty') } });

test.each([
  ['loose objects', []],
  ['packs', ['gc', '-q']],
])('without the git program, verify reads a clone of %s, its tags and what a Site pins', async (_, pack) => {
  if (pack.length > 0) git(clone, ...pack);
  const accepted = await bare('verify', clone, '--from', first, '--site', 'a');
  expect(accepted.stdout.trim().split('\n')).toEqual([
    `signed  ${shortRevision(second)}  Go on  (ada)`,
    `a site at ${shortRevision(first)} would accept ${shortRevision(second)}; trust.yaml version 1 is then in force`,
    `a pins v1, and would read ${shortRevision(first)}, which is in the history of ${shortRevision(second)}`,
  ]);
  expect(accepted.code).toBe(0);
  const tag = await bare('verify', join(clone, 'apps'), '--revision', 'v1');
  expect(tag.stdout).toMatch(new RegExp(`a new site would accept ${shortRevision(first)}`));
  expect((await bare('verify', clone, '--from', 'HEAD~1')).stdout).toContain(`a site at ${shortRevision(first)}`);
  expect((await bare('verify', clone, '--revision', first.slice(0, 9))).code).toBe(0);
});

test('without the git program, a folder shows what its pin names', async () => {
  const { stdout, stderr, code } = await bare('render', clone, '--site', 'a');
  expect(stdout).toContain('web:1');
  expect(stderr).toContain(`sites/a.yaml pins v1: all else is read at ${shortRevision(first)} (refs/tags/v1)`);
  expect(code).toBe(0);
});

const withEngine = LENT ? test : test.skip;

withEngine('without the git program, diff plans what a pin names, and a folder that is no clone', async () => {
  const ask = (folder: string) => bare('diff', folder, '--site', 'a', '--docker-host', HOST);
  const pinned = await ask(clone);
  expect(pinned.stdout).toMatch(/image web:1 +pull/);
  expect(pinned.code).toBe(1);
  const plain = join(dir, 'plain');
  await cp(clone, plain, { recursive: true, filter: (path) => !path.endsWith('/.git') });
  await writeFile(join(plain, 'sites/a.yaml'), head('Site'));
  const asItLies = await ask(plain);
  expect(asItLies.stdout).toMatch(/image web:2 +pull/);
  expect(asItLies.code).toBe(1);
});

test('a clone that only the git program reads is said to need it', async () => {
  const shared = join(dir, 'shared');
  git(dir, 'clone', '-q', '--shared', repo.dir, shared);
  expect((await holdfast(['verify', shared])).code).toBe(0);
  expect(await bare('verify', shared)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      `${shared} can only be read with the program git, which this machine lacks: it borrows objects of another repo`,
    ),
  });
});

test('a folder that is no clone is said to be none', async () => {
  await writeFile(join(dir, 'empty', 'compose.yaml'), 'services: {}\n');
  const { stderr, code } = await bare('verify', join(dir, 'empty'));
  expect(stderr).toContain('is no clone of a Git repo');
  expect(code).toBe(2);
});

test('without the git program, beacon signs into a clone and counts up', async () => {
  for (const _ of ['first', 'second']) {
    const { stdout, stderr, code } = await bare('beacon', clone, '--revision', 'main', '--key', ada.file);
    expect(stderr).toBe('');
    expect(stdout).toContain(`of main: at ${shortRevision(second)}`);
    expect(code).toBe(0);
  }
  const tag = git(clone, 'cat-file', 'tag', 'refs/holdfast/beacon/main');
  expect(tag).toContain(`object ${second}`);
  const last = /Sequence: (\d+)/.exec(tag)?.[1];
  const back = await bare('beacon', clone, '--revision', 'main', '--key', ada.file, '--sequence', String(last));
  expect(back.stderr).toContain(`--sequence ${last} is not above ${last}`);
  expect((await bare('beacon', clone, '--key', ada.file, '--push', 'origin')).stderr).toContain(
    'this needs the program git',
  );
});

test('without the git program, push sends a clone that sites and Git can read, and then what is new', async () => {
  const registry = await startRegistry();
  try {
    const url = `oci://${registry.address}/fleet:main`;
    const work = join(dir, 'work');
    git(dir, 'clone', '-q', repo.dir, work);
    expect(await bare('push', work, url, '--tags')).toMatchObject({ stderr: '', code: 0 });
    await writeFile(join(work, 'apps/web/compose.yaml'), 'services: { web: { image: "web:3" } }\n');
    git(work, 'commit', '-qam', 'Go on');
    const again = await bare('push', work, url, '--tags');
    expect(again.stdout).toContain('2 layers');
    await writeFile(join(work, 'sites/a.yaml'), head('Site'));
    git(work, 'commit', '-qam', 'Unpin');
    expect((await bare('push', work, url, '--tags')).code).toBe(0);
    const { stdout } = await bare('render', '--repo', url, '--site', 'a');
    expect(stdout).toContain('web:3');
    expect((await bare('push', work, url, '--tags')).stdout).toContain('holds that already');
  } finally {
    await registry.remove();
  }
});
