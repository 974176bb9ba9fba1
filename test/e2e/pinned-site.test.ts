import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { shortRevision } from '../../src/lib/text/revision.ts';
import type { Change, GitRepo } from '../support/git-repo.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { holdfast } from '../support/holdfast-process.ts';
import { type SignedChange, signedCommit, signedTag } from '../support/signed-repo.ts';
import { type KeyPair, sshKeyPair } from '../support/signing.ts';
import { type TrustingSite, trustingSite } from '../support/trusting-site.ts';

jest.setTimeout(60_000);

let dir: string;
let server: GitServer;
let repo: GitRepo;
let ada: KeyPair;
let bob: KeyPair;
const sites: TrustingSite[] = [];
let repos = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-pin-'));
  server = await startGitServer();
  ada = await sshKeyPair(dir, 'ada');
  bob = await sshKeyPair(dir, 'bob');
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  repo = await server.repo(`pins-${++repos}`);
});
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

const trusting = (spec: object = {}, signer: object = {}): string =>
  JSON.stringify({
    apiVersion: 'holdfast/v1',
    kind: 'Trust',
    spec: {
      ...spec,
      signers: [
        { name: 'ada', ssh: [ada.line] },
        ...('paths' in signer ? [{ name: 'bob', ssh: [bob.line], ...signer }] : []),
      ],
    },
  });

const head = (kind: string): string => `apiVersion: holdfast/v1\nkind: ${kind}\n`;
const app = (version: number | string): Change => ({
  'apps/web/compose.yaml': `services: { web: { image: "web:${version}", environment: { SIZE: "\${SIZE:-small}" } } }\n`,
});
const pin = (revision: string | undefined, size = 'small'): Change => ({
  'sites/eu/a.yaml': `${head('Site')}spec:\n  values: { SIZE: ${size} }\n${revision === undefined ? '' : `  targetRevision: ${revision}\n`}`,
});

/** ada's commit on main, where nothing else is said. */
const commit = (change: Change, options: SignedChange = {}): Promise<string> =>
  signedCommit(repo, change, { by: ada, ...options });

const first = (): Promise<string> =>
  commit({ 'fleet.yaml': head('Fleet'), 'apps/web/app.yaml': head('Application'), ...app(1), ...pin(undefined) });

async function open(trust = trusting()): Promise<TrustingSite> {
  const site = await trustingSite(repo, trust);
  sites.push(site);
  return site;
}

/** What a site runs: `web:1 small`. */
function running(site: TrustingSite): string | undefined {
  const spec = site.desired()?.apps[0]?.services[0]?.containers[0]?.spec;
  return spec && `${spec.Image} ${spec.Env?.SIZE}`;
}

const setBranch = (name: string, to: string): Promise<string> => repo.git(['update-ref', `refs/heads/${name}`, to]);

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

describe('a pin beside what is followed', () => {
  let begin: string;
  let site: TrustingSite;
  /** A commit beside main, on the branch that is pinned. */
  const beside = (version: string, options: SignedChange = {}): Promise<string> =>
    signedCommit(repo, app(version), { branch: 'hotfix', from: begin, ...options });

  async function pinned(trust: string): Promise<string> {
    begin = await first();
    site = await open(trust);
    await site.poll();
    await beside('unsigned');
    const main = await commit({ ...app(2), ...pin('hotfix') });
    site.lines();
    await site.poll();
    return main;
  }

  test('is refused where nobody signed it, and accepted where somebody did; the floor moves on', async () => {
    const main = await pinned(trusting());
    const refusal =
      /^error the commit that the site pins, hotfix at [0-9a-f]+, is refused: sites\/eu\/a.yaml:5:19: [0-9a-f]{12} is not in the history of [0-9a-f]{12}, and not trusted by itself: commit [0-9a-f]{12} is not signed; the site enforces its accepted state meanwhile$/;
    expect(site.lines()).toEqual([expect.stringMatching(refusal)]);
    expect(running(site)).toBe('web:1 small');
    expect(await site.floor()).toBe(main);
    const before = server.traffic.length;
    await site.poll();
    expect(server.traffic.length - before).toBe(1);
    expect(site.lines()).toEqual([]);
    await site.restart();
    await site.poll();
    expect(site.lines().slice(1)).toEqual([expect.stringMatching(refusal)]);

    const signed = await beside('signed', { by: ada });
    await site.poll();
    expect(running(site)).toBe('web:signed small');
    await commit(pin('hotfix', 'big'));
    await site.poll();
    expect(running(site)).toBe('web:signed big');
    site.lines();

    // Beside the followed history, too, it goes only forward.
    await beside('other', { by: ada });
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/not trusted by itself: .* does not descend from/)]);
    expect(running(site)).toBe('web:signed big');
    await beside('newer', { by: ada, from: signed });
    await site.poll();
    expect(running(site)).toBe('web:newer big');
    site.trust = trusting({ revoked: [ada.fingerprint] });
    site.lines();
    await site.poll();
    expect(site.lines()).not.toEqual([]);
    expect(running(site)).toBe('web:newer big');
  });

  test('is not for a signer with paths to sign, and one of another repo is of no use', async () => {
    await pinned(trusting({ verify: 'every' }, { paths: ['apps/web'] }));
    site.lines();
    await beside('by bob', { by: bob });
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/must be signed by somebody who may change everything/)]);
    await signedTag(repo, 'hotfix', await beside('tagged'), bob);
    await commit(pin('refs/tags/hotfix'));
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/is refused/)]);
    await signedTag(repo, 'hotfix', await beside('tagged'), ada);
    await site.poll();
    expect(running(site)).toBe('web:tagged small');

    site.lines();
    site.trust = trusting({ anchor: begin });
    const strange = await signedCommit(
      repo,
      { ...app('strange'), 'fleet.yaml': head('Fleet') },
      { by: ada, branch: 'strange', from: null },
    );
    await commit(pin(strange));
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/does not descend from [0-9a-f]{12}, the anchor/)]);
    expect(running(site)).toBe('web:tagged small');
  });

  test('is followed where trust only warns, and where nobody asks', async () => {
    await pinned(trusting({ mode: 'warn' }));
    expect(running(site)).toBe('web:unsigned small');
    expect(site.lines()[0]).toMatch(/^warn the commit that the Site pins would be refused: .* is not signed/);
    await site.poll();
    expect(site.lines()).toEqual([]);
    site.trust = '';
    await beside('other');
    await site.poll();
    expect(running(site)).toBe('web:other small');
  });
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

test('what is broken at the pinned revision is said with the revision, and holds nothing else up', async () => {
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
  // What is broken on main is nothing to a site that is pinned.
  const good = await commit({ 'apps/web/app.yaml': head('Application'), ...app(2) });
  await commit({ 'fleet.yaml': 'nonsense', ...pin(good) });
  await site.poll();
  expect(running(site)).toBe('web:2 small');
});

describe('on a laptop', () => {
  const git = (cwd: string, ...args: string[]) => promisify(execFile)('git', ['-C', cwd, ...args]);

  test('a pinned site is shown as it is, from a clone and from a repo', async () => {
    const begin = await first();
    await commit({ ...app(2), ...pin('release') });
    await setBranch('release', begin);
    const clone = join(dir, 'clone');
    await git(dir, 'clone', '-q', repo.url, clone);
    const images = async (...args: string[]): Promise<[number | null, string, string]> => {
      const { code, stdout, stderr } = await holdfast(['render', ...args, '--site', 'eu/a']);
      return [code, /Image: (.*)/.exec(stdout)?.[1] ?? '', stderr.trim()];
    };
    const said = `sites/eu/a.yaml pins release: all else is read at ${shortRevision(begin)} (refs/heads/release), and not in`;
    expect(await images(clone)).toEqual([0, 'web:1', `${said} this folder`]);
    expect(await images('--repo', repo.url)).toEqual([0, 'web:1', expect.stringContaining(said)]);

    await writeFile(join(clone, 'sites/eu/a.yaml'), `${head('Site')}spec: { targetRevision: v9 }\n`);
    const [code, , stderr] = await images(clone);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /sites\/eu\/a.yaml:3:25: targetRevision v9 cannot be looked up: .* no branch and no tag "v9"/,
    );
    expect((await holdfast(['validate', clone])).code).toBe(0);
    await writeFile(join(clone, 'sites/eu/a.yaml'), `${head('Site')}spec: { targetRevision: "v 9" }\n`);
    expect(await holdfast(['validate', clone])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/a.yaml:3:25: targetRevision: "v 9" cannot be the name of a branch or a tag/),
    });
    await writeFile(join(clone, 'sites/eu/a.yaml'), head('Site'));
    expect((await images(clone))[1]).toBe('web:2');
  });

  test('verify says whether a site may read what it pins', async () => {
    const begin = await first();
    await signedCommit(repo, app('hotfix'), { branch: 'hotfix', from: begin });
    await writeFile(join(dir, 'trust.yaml'), trusting());
    const verify = async (where: string[]) => {
      const { code, stdout } = await holdfast([
        'verify',
        ...where,
        '--trust',
        join(dir, 'trust.yaml'),
        '--site',
        'eu/a',
      ]);
      return [code, stdout.trim().split('\n').at(-1)];
    };
    expect(await verify([repo.dir])).toEqual([0, 'eu/a pins nothing']);
    const held = await commit(pin(begin));
    expect(await verify([repo.dir])).toEqual([
      0,
      `eu/a pins ${begin}, and would read ${shortRevision(begin)}, which is in the history of ${shortRevision(held)}`,
    ]);
    await commit(pin('hotfix'));
    for (const where of [[repo.dir], ['--repo', repo.url]]) {
      const refused = /^eu\/a pins hotfix, which a site would refuse: unsigned: .* is not signed$/;
      expect(await verify(where)).toEqual([1, expect.stringMatching(refused)]);
    }
  });
});
