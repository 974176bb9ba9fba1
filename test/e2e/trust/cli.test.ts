import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { shortRevision } from '../../../src/lib/text/revision.ts';
import type { GitRepo } from '../../support/git/git-repo.ts';
import { type GitServer, startGitServer } from '../../support/git/git-server.ts';
import { signedCommit, signedTag } from '../../support/git/signed-repo.ts';
import { type KeyPair, piped, sshKeyPair } from '../../support/git/signing.ts';
import { holdfast } from '../../support/program/holdfast-process.ts';
import { type TrustingSite, trustingSite } from '../../support/site/trusting-site.ts';

jest.setTimeout(60_000);

let dir: string;
let server: GitServer;
let repo: GitRepo;
let ada: KeyPair;
let eve: KeyPair;
let first: string;
let unsigned: string;
let head: string;

const trust = (spec: object = {}): string =>
  JSON.stringify({
    apiVersion: 'holdfast/v1',
    kind: 'Trust',
    spec: { ...spec, signers: [{ name: 'ada', ssh: [ada.line] }] },
  });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-verify-'));
  server = await startGitServer();
  repo = await server.repo('fleet');
  ada = await sshKeyPair(dir, 'ada');
  eve = await sshKeyPair(dir, 'eve');
  first = await signedCommit(
    repo,
    { 'compose.yaml': 'services: { web: { image: a } }\n' },
    { by: ada, message: 'Begin' },
  );
  unsigned = await signedCommit(repo, { a: '1' }, { message: 'Nobody signs this' });
  head = await signedCommit(repo, { a: '2' }, { by: ada, message: 'Go on' });
  await writeFile(join(dir, 'head.yaml'), trust());
  await writeFile(join(dir, 'every.yaml'), trust({ verify: 'every' }));
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

const verify = (...args: string[]) => holdfast(['verify', ...args]);

describe.each([
  ['in a clone', () => [repo.dir]],
  ['with a repo behind a server', () => ['--repo', repo.url]],
])('holdfast verify %s', (_, where) => {
  test('says commit by commit what a site would accept', async () => {
    const { code, stdout } = await verify(...where(), '--trust', join(dir, 'head.yaml'), '--from', first);
    expect(stdout.trim().split('\n')).toEqual([
      `aside   ${shortRevision(unsigned)}  Nobody signs this`,
      `        unsigned: commit ${shortRevision(unsigned)} is not signed`,
      `signed  ${shortRevision(head)}  Go on  (ada)`,
      `a site at ${shortRevision(first)} would accept ${shortRevision(head)}; trust.yaml version 1 is then in force`,
    ]);
    expect(code).toBe(0);
  });

  test('says what it would refuse, and why', async () => {
    const { code, stdout } = await verify(...where(), '--trust', join(dir, 'every.yaml'), '--from', first);
    expect(stdout).toContain(`refused ${shortRevision(unsigned)}  Nobody signs this`);
    expect(stdout).toContain(
      `would refuse ${shortRevision(head)}: unsigned: commit ${shortRevision(unsigned)} is not signed`,
    );
    expect(code).toBe(1);
  });

  test('judges a tag by its own signature', async () => {
    await signedTag(repo, 'v1', head, eve);
    const { code, stdout } = await verify(...where(), '--trust', join(dir, 'head.yaml'), '--revision', 'v1');
    expect(stdout).toMatch(/a new site would refuse .*: unknownKey: tag v1 is signed with/);
    expect(code).toBe(1);
  });

  test('says of a trust.yaml that nobody announced what a site would', async () => {
    const next = { 'trust.yaml': trust({ version: 2 }) };
    const forgotten = await signedCommit(repo, next, { by: ada, branch: 'forgotten', from: head });
    const args = [...where(), '--revision', 'forgotten', '--trust', join(dir, 'head.yaml'), '--from', head];
    const refused = await verify(...args);
    expect(refused.stdout).toMatch(
      /a site at .* would refuse .*: trustChanged: trust.yaml has version 2, which no signed commit announces/,
    );
    expect(refused.code).toBe(1);
    await signedCommit(
      repo,
      { a: '3' },
      {
        by: ada,
        branch: 'forgotten',
        from: forgotten,
        message: 'Announce\n\nHoldfast-Trust: 2',
      },
    );
    const { stdout, code } = await verify(...args);
    expect(stdout).toMatch(/would accept .*; trust.yaml version 2 is then in force/);
    expect(code).toBe(0);
  });

  test('asks for a trust.yaml where there is none', async () => {
    const { code, stderr } = await verify(...where());
    expect(stderr).toMatch(/^error: there is no trust.yaml at commit [0-9a-f]{12} \(name one with --trust\)/);
    expect(code).toBe(2);
  });
});

test('a trust.yaml that cannot be used is refused with the places of all that is wrong', async () => {
  const file = join(dir, 'wrong.yaml');
  await writeFile(
    file,
    'apiVersion: holdfast/v1\nkind: Trust\nspec:\n  threshold: 2\n  signers:\n    - name: a\n      ssh:\n        - cert-authority ssh-ed25519 AAAA\n      validBefore: "2026-02-31"\n',
  );
  const { code, stderr } = await verify(repo.dir, '--trust', file);
  expect(code).toBe(2);
  expect(stderr.trim().split('\n')).toEqual([
    expect.stringMatching(/wrong.yaml:8:11: this allowed signers line cannot be used: /),
    expect.stringMatching(/wrong.yaml:9:20: validBefore is not a date of the calendar/),
    expect.stringMatching(/wrong.yaml:4:14: the threshold is 2, and only 0 signers may sign for all paths/),
  ]);
});

describe('holdfast beacon', () => {
  const sites: TrustingSite[] = [];
  afterAll(async () => {
    for (const site of sites) await site.close();
  });

  test.each([
    ['by itself', 'ada', ''],
    ['by ssh-keygen, with a key that has a passphrase', 'locked', 'secret'],
  ])('signs %s what sites believe, and counts up', async (_, name, passphrase) => {
    const key = name === 'ada' ? ada : await sshKeyPair(dir, name);
    if (passphrase) await piped('ssh-keygen', ['-q', '-p', '-P', '', '-N', passphrase, '-f', key.file], '');
    const askpass = join(dir, 'askpass');
    await writeFile(askpass, `#!/bin/sh\necho ${passphrase}\n`, { mode: 0o755 });
    const env = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' };
    const clone = join(dir, `clone-${name}`);
    await piped('git', ['clone', '-q', repo.dir, clone], '');
    const site = await trustingSite(
      repo,
      JSON.stringify({
        apiVersion: 'holdfast/v1',
        kind: 'Trust',
        spec: {
          beacon: 'binding',
          signers: [{ name: 'ada', ssh: [ada.line] }, ...(passphrase ? [{ name, ssh: [key.line] }] : [])],
        },
      }),
    );
    sites.push(site);
    for (const commit of [first, head]) {
      const args = ['beacon', clone, '--revision', 'main', '--commit', commit, '--key', key.file, '--push', 'origin'];
      const { code, stdout, stderr } = await holdfast(args, { env });
      expect(stderr).toBe('');
      expect(stdout).toMatch(new RegExp(`^beacon \\d+ of main: at ${shortRevision(commit)}, until 20\\d\\d-`));
      expect(code).toBe(0);
      site.wall = new Date();
      await site.poll();
      expect(site.enforced()).toBe(commit);
      expect(site.lines().join()).not.toMatch(/not believed|Stale/);
    }
    expect(await readFile(join(clone, 'compose.yaml'), 'utf8')).toContain('image: a');
    const back = await holdfast(['beacon', clone, '--revision', 'main', '--key', ada.file, '--sequence', '3']);
    expect(back.stderr).toMatch(/--sequence 3 is not above \d+, the last beacon's/);
    expect(back.code).toBe(2);
  });
});

test('the commands at the top of docs/trust.md lead from no key to a commit that a site accepts, in a repo with a history', async () => {
  const text = await readFile(new URL('../../../docs/trust.md', import.meta.url), 'utf8');
  const section = text.split('## How do I sign the first commit?')[1]?.split('\n\n')[2] ?? '';
  const commands = section.split('\n').map((line) => line.trim());
  expect(commands).toHaveLength(5);
  const home = await mkdtemp(join(dir, 'home-'));
  const begin = [
    `export HOME=${home}`,
    'mkdir ~/.ssh ~/fleet && cd ~/fleet && git init -q -b main',
    'git config user.name Ada && git config user.email ada@example.org',
    "echo 'services: { web: { image: a } }' > compose.yaml && git add . && git commit -qm Unsigned",
  ];
  await piped('bash', ['-e'], [...begin, ...commands].join('\n'));
  const { stdout, code } = await holdfast(['verify', join(home, 'fleet')]);
  expect(stdout).toMatch(/Say who may sign {2}\(ada\)\na new site would accept/);
  expect(code).toBe(0);
});

test('validate warns of a trust.yaml by which every key that may sign for everything has an end', async () => {
  const folder = await mkdtemp(join(dir, 'ending-'));
  await writeFile(join(folder, 'compose.yaml'), 'services: { web: { image: a } }\n');
  const line = ada.line.replace(/^/, 'ada valid-before="20270101" ');
  await writeFile(
    join(folder, 'trust.yaml'),
    `apiVersion: holdfast/v1\nkind: Trust\nspec:\n  signers:\n    - name: ada\n      ssh: [${JSON.stringify(line)}]\n`,
  );
  const { code, stderr } = await holdfast(['validate', folder]);
  expect(stderr).toMatch(/^warning: trust\.yaml:5:5: the keys of all signers for all paths have an end: /m);
  expect(code).toBe(0);
});
