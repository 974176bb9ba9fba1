import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { systemDisk } from '../../src/lib/disk.ts';
import { shortRevision } from '../../src/lib/text/revision.ts';
import { beaconPayload } from '../../src/trust/beacon.ts';
import type { Change, GitRepo } from '../support/git-repo.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { signedCommit, signedTag } from '../support/signed-repo.ts';
import { endGpg, type KeyPair, pgpKey, sshKeyPair, sshSign } from '../support/signing.ts';
import { type TrustingSite, trustingSite } from '../support/trusting-site.ts';

jest.setTimeout(60_000);

let dir: string;
let server: GitServer;
let repo: GitRepo;
let ada: KeyPair;
let bob: KeyPair;
let eve: KeyPair;
const sites: TrustingSite[] = [];
let repos = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-trust-'));
  server = await startGitServer();
  ada = await sshKeyPair(dir, 'ada');
  bob = await sshKeyPair(dir, 'bob');
  eve = await sshKeyPair(dir, 'eve');
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  repo = await server.repo(`edge-${++repos}`);
});
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

const compose = (version: number | string): Change => ({
  'compose.yaml': `name: shop\nservices: { web: { image: "shop:${version}" } }\n`,
});

const trusting = (people: Record<string, KeyPair>, spec: object = {}, signer: object = {}): string =>
  JSON.stringify({
    apiVersion: 'holdfast/v1',
    kind: 'Trust',
    spec: { ...spec, signers: Object.entries(people).map(([name, { line }]) => ({ name, ssh: [line], ...signer })) },
  });

/** A site that has accepted a first commit of ada's. */
async function begun(trust = trusting({ ada }), revision = 'main'): Promise<{ site: TrustingSite; first: string }> {
  const first = await signedCommit(repo, compose(1), { by: ada, from: null });
  const site = await open(trust, revision);
  await site.poll();
  expect(site.enforced()).toBe(first);
  site.lines();
  return { site, first };
}

async function open(trust = trusting({ ada }), revision = 'main'): Promise<TrustingSite> {
  const site = await trustingSite(repo, trust, revision);
  sites.push(site);
  return site;
}

/** What the next poll refuses: said once, however often it is asked, and fetched once. */
async function refuses(site: TrustingSite, words: RegExp, enforced: string | undefined): Promise<void> {
  const floor = await site.floor();
  await site.poll();
  const said = site.lines();
  expect(said).toEqual([expect.stringMatching(words)]);
  expect(said[0]).toMatch(/^error [0-9a-f]{7,12} is refused: /);
  expect(site.enforced()).toBe(enforced);
  const before = server.traffic.length;
  await site.poll();
  await site.poll();
  expect(server.traffic.length - before).toBe(2);
  expect(site.lines()).toEqual([]);
  expect(await site.floor()).toBe(floor);
}

async function beacon(
  commit: string,
  { by = ada, sequence = 1, hours = 24, revision = 'main', issued = Date.UTC(2026, 4, 31, 20) } = {},
): Promise<void> {
  const payload = beaconPayload({ revision, commit, sequence, issued, expires: issued + hours * 3_600_000 });
  const signature = await sshSign(by, payload, 'holdfast-beacon');
  const oid = await repo.git(['hash-object', '-t', 'tag', '-w', '--stdin'], payload + signature);
  await repo.git(['update-ref', `refs/holdfast/beacon/${revision}`, oid]);
}

describe('update security', () => {
  test('1. an older signed commit is refused', async () => {
    const { site, first } = await begun();
    const second = await signedCommit(repo, compose(2), { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(second);
    site.lines();
    await repo.git(['update-ref', 'refs/heads/main', first]);
    await refuses(site, /does not descend from .*, which was accepted/, second);
    await site.restart();
    site.lines();
    await refuses(site, /does not descend from/, second);
  });

  test('2. a force-push beside the accepted commit is refused, and accepted once a signed recovery names both', async () => {
    const { site, first } = await begun();
    const second = await signedCommit(repo, compose(2), { by: ada });
    await site.poll();
    site.lines();
    await signedCommit(repo, compose(3), { by: ada, from: first });
    await refuses(site, /does not descend from/, second);
    await signedCommit(repo, compose(3), { by: eve, from: first, message: `Recover\n\nHoldfast-Recovers: ${second}` });
    await refuses(site, /which trust.yaml does not name/, second);
    const recovery = await signedCommit(repo, compose(3), {
      by: ada,
      from: first,
      message: `Recover\n\nHoldfast-Recovers: ${second}`,
    });
    await site.poll();
    expect(site.enforced()).toBe(recovery);
    expect(site.lines()).toContainEqual(expect.stringMatching(/^warn the history was rewritten/));
  });

  test('3. an unsigned commit, one by a stranger and one by an expired key are refused', async () => {
    const people = JSON.parse(trusting({ ada })) as { spec: { signers: object[] } };
    people.spec.signers.push({ name: 'bob', ssh: [`bob valid-before="20260101" ${bob.line}`] });
    const { site, first } = await begun(JSON.stringify(people));
    await signedCommit(repo, compose(2));
    await refuses(site, /is not signed/, first);
    await signedCommit(repo, compose(2), { by: eve });
    await refuses(site, /signed with the SSH key SHA256:.*, which trust.yaml does not name/, first);
    await signedCommit(repo, compose(2), { by: bob });
    await refuses(site, /signed by bob, whose key expired at 2026-01-01/, first);
    // It is looked at again, since the clock may have been wrong, and not said again.
    site.later(3_600_000);
    await site.poll();
    expect(site.lines()).toEqual([]);
    expect(site.enforced()).toBe(first);
  });

  test('4. a signed commit of another repo, of a branch that is behind, or without this site is refused', async () => {
    const { site, first } = await begun();
    const other = await signedCommit(repo, compose(9), { by: ada, branch: 'other', from: null });
    await repo.git(['update-ref', 'refs/heads/main', other]);
    await refuses(site, /does not descend from/, first);
    const anchored = await open(trusting({ ada }, { anchor: first }));
    await refuses(anchored, /the anchor that trust.yaml names: it is of another repo/, undefined);
    await signedCommit(
      repo,
      { 'compose.yaml': null, 'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\n' },
      { by: ada, from: first },
    );
    await refuses(site, /./, first);
  });

  test('4b. a commit of another branch is not accepted where the beacon says what this one is at', async () => {
    const { site, first } = await begun(trusting({ ada }, { beacon: 'optional' }));
    site.trust = trusting({ ada }, { beacon: 'binding' });
    await beacon(first);
    const staging = await signedCommit(repo, compose('staging'), { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(first);
    await beacon(staging, { sequence: 2 });
    await site.poll();
    expect(site.enforced()).toBe(staging);
  });

  test('5. an old beacon is not believed', async () => {
    const { site, first } = await begun();
    await beacon(first, { sequence: 7 });
    await site.poll();
    await beacon(first, { sequence: 6 });
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/beacon 6 where 7 was seen before/)]);
    await site.restart();
    site.lines();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/beacon 6 where 7 was seen before/)]);
    await beacon(first, { sequence: 8, by: eve });
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/the beacon is not believed: .* does not name/)]);
    await beacon(first, { sequence: 8, revision: 'other' });
    await repo.git(['update-ref', 'refs/holdfast/beacon/main', 'refs/holdfast/beacon/other']);
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/that of "holdfast-beacon\/other" and not of main/)]);
  });

  test('5b. new keys begin the numbers of beacons again, and count from the commit on that brings them', async () => {
    const { site, first } = await begun(trusting({ ada }, { beacon: 'binding', mode: 'warn' }));
    await beacon(first, { sequence: 1_700_000_000 });
    await site.poll();
    site.trust = trusting({ ada });
    const rotation = await signedCommit(
      repo,
      { 'trust.yaml': trusting({ ada, bob }, { version: 2 }) },
      { by: ada, message: 'Rotate\n\nHoldfast-Trust: 2' },
    );
    await site.poll();
    expect(site.enforced()).toBe(rotation);
    site.lines();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/the beacon is not believed: .* does not follow/)]);
    await beacon(rotation, { sequence: 1, by: bob });
    await site.poll();
    await beacon(rotation, { sequence: 1, by: ada });
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/beacon 1 where 1 was seen before/)]);
  });

  test('6. a frozen server is noticed, said once, and stops nothing', async () => {
    const { site, first } = await begun(trusting({ ada }, { beacon: 'required' }));
    await beacon(first);
    await site.restart();
    await site.poll();
    expect(site.lines().join()).not.toMatch(/Stale/);
    site.wall = new Date('2026-06-02T00:00:00Z');
    await site.poll();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/^error Stale: the newest beacon, number 1 .* expired at/)]);
    expect(site.enforced()).toBe(first);
    await beacon(first, { sequence: 2, issued: Date.UTC(2026, 5, 1, 23) });
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/^info a fresh beacon was seen/)]);
  });

  test('7. with a clock of 1970 or of 2099 the site goes on, and is well again when the clock is', async () => {
    const until2030 = trusting(
      { ada },
      { beacon: 'required' },
      { validBefore: '2030-01-01', validAfter: '2020-01-01' },
    );
    const { site, first } = await begun(until2030);
    await beacon(first);
    await site.poll();
    let version = 2;
    for (const wall of ['1970-01-01T00:00:05Z', '2099-01-01T00:00:00Z', '2026-06-01T00:00:00Z']) {
      site.wall = new Date(wall);
      await site.restart();
      const next = await signedCommit(repo, compose(version++), { by: ada });
      await site.poll();
      expect(site.enforced()).toBe(next);
      expect(await site.floor()).toBe(next);
    }
    site.wall = new Date('1970-01-01T00:00:05Z');
    site.lines();
    await site.poll();
    expect(site.lines().join()).not.toMatch(/Stale/);
    site.later(24 * 3_600_000);
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/^error Stale: .* was to hold for 24 h, and none followed/)]);
  });

  test('8. a moved tag is refused, and so is one that bears another name', async () => {
    const first = await signedCommit(repo, compose(1), { by: ada, from: null });
    const second = await signedCommit(repo, compose(2), { by: ada });
    await signedTag(repo, 'v1', second, ada);
    const site = await open(trusting({ ada }), 'v1');
    await site.poll();
    expect(site.enforced()).toBe(second);
    site.lines();
    const third = await signedCommit(repo, compose(3), { by: ada });
    await signedTag(repo, 'v1', third, eve);
    await refuses(site, /tag v1 is signed with the SSH key .* which trust.yaml does not name/, second);
    await repo.git(['update-ref', 'refs/tags/v1', third]);
    await refuses(site, /a lightweight one, which anybody may move/, second);
    await signedTag(repo, 'v2', third, ada);
    await repo.git(['update-ref', 'refs/tags/v1', 'refs/tags/v2']);
    await refuses(site, /the repo shows the tag "v2" as tag v1/, second);
    await signedTag(repo, 'v1', first, ada);
    await refuses(site, /does not descend from/, second);
    await repo.git(['update-ref', '-d', 'refs/tags/v1']);
    await repo.git(['update-ref', 'refs/heads/v1', third]);
    await refuses(site, /v1 was a tag and is now refs\/heads\/v1, which is none/, second);
  });

  test('8b. of a range of versions, a higher tag that nobody signed is refused, and so is one that another tag was copied to', async () => {
    const first = await signedCommit(repo, compose(1), { by: ada, from: null });
    await signedTag(repo, 'v1.0.0', first, ada);
    const site = await open(trusting({ ada }), '^1.0');
    await site.poll();
    expect(site.enforced()).toBe(first);
    site.lines();
    const unreleased = await signedCommit(repo, compose(2), { by: ada });
    await repo.git(['update-ref', 'refs/tags/v1.9.0', unreleased]);
    await refuses(site, /the tag v1.9.0 is a lightweight one/, first);
    await repo.git(['update-ref', 'refs/tags/v1.9.0', 'refs/tags/v1.0.0']);
    await site.poll();
    expect(site.enforced()).toBe(first);
    expect(await site.floor()).toBe(first);
    await signedTag(repo, 'v1.9.0', unreleased, ada);
    await site.poll();
    expect(site.enforced()).toBe(unreleased);
  });

  test('9. going back on purpose is a new commit', async () => {
    const { site } = await begun();
    await signedCommit(repo, compose(2), { by: ada });
    await site.poll();
    const back = await signedCommit(repo, compose(1), { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(back);
  });

  test('10. a server in the wrong hands can give the site nothing that its authors did not sign', async () => {
    const { site, first } = await begun(trusting({ ada }, { verify: 'every' }));
    const evil = await signedCommit(repo, compose('evil'), { by: eve });
    await refuses(site, /which trust.yaml does not name/, first);
    await signedCommit(repo, compose('evil'), { by: ada, from: evil });
    await refuses(site, new RegExp(`commit ${shortRevision(evil)} is signed with`), first);
    const signed = await signedCommit(repo, compose(2), { by: ada, from: first, aside: true });
    const raw = await repo.git(['cat-file', 'commit', signed]);
    const tree = await repo.git(['rev-parse', `${evil}^{tree}`]);
    const forged = await repo.git(
      ['hash-object', '-t', 'commit', '-w', '--stdin'],
      `${raw.replace(/^tree .*/, `tree ${tree}`)}\n`,
    );
    await repo.git(['update-ref', 'refs/heads/main', forged]);
    await refuses(site, /the signature of commit .* is not right/, first);
  });

  test('10b. a twin of a signed commit, made by writing its signature anew, keeps no site from going on', async () => {
    const dan = await sshKeyPair(dir, 'dan', 'ecdsa');
    const { site } = await begun(trusting({ ada, dan }, { verify: 'every' }));
    const real = await signedCommit(repo, compose(2), { by: dan });
    const raw = `${await repo.git(['cat-file', 'commit', real])}\n`;
    const payload = raw.replace(/^gpgsig [\s\S]*?-----END SSH SIGNATURE-----\n/m, '');
    const signature = (await sshSign(dan, payload)).trimEnd().replaceAll('\n', '\n ');
    const anew = payload.replace('\n\n', () => `\ngpgsig ${signature}\n\n`);
    const twin = await repo.git(['hash-object', '-t', 'commit', '-w', '--stdin'], anew);
    expect(twin).not.toBe(real);
    await repo.git(['update-ref', 'refs/heads/main', twin]);
    await site.poll();
    expect(site.enforced()).toBe(twin);
    await repo.git(['update-ref', 'refs/heads/main', real]);
    const next = await signedCommit(repo, compose(3), { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(next);
  });

  test('11. keys are handed over twice while the site is away for weeks, and it follows', async () => {
    const { site } = await begun(trusting({ ada }, { verify: 'every' }));
    const announce = (version: number): string => `Rotate\n\nHoldfast-Trust: ${version}`;
    await signedCommit(
      repo,
      { 'trust.yaml': trusting({ bob }, { version: 2, verify: 'every' }) },
      { by: ada, message: announce(2) },
    );
    await signedCommit(repo, compose(2), { by: bob });
    await signedCommit(
      repo,
      { 'trust.yaml': trusting({ eve }, { version: 3, verify: 'every' }) },
      { by: bob, message: announce(3) },
    );
    const head = await signedCommit(repo, compose(3), { by: eve });
    await site.poll();
    expect(site.enforced()).toBe(head);
    expect(site.lines()).toContainEqual(expect.stringMatching(/trust.yaml version 3 is in force: eve may sign/));
    await site.restart();
    await site.poll();
    expect(site.lines()).toContainEqual(
      expect.stringMatching(/^info the site's own trust.yaml, version 1, is not in force: version 3 of Git is, since/),
    );
    await signedCommit(repo, compose(4), { by: ada });
    await refuses(site, /which trust.yaml does not name/, head);
  });

  test('11b. a trust.yaml that nobody announces is refused, since sites that are away could not follow', async () => {
    const { site, first } = await begun();
    await signedCommit(repo, { 'trust.yaml': trusting({ bob }, { version: 2 }) }, { by: ada });
    await refuses(site, /version 2, which no signed commit announces/, first);
  });

  test('11c. a key that is revoked is not trusted for the same commit again, which runs on', async () => {
    const { site, first } = await begun(trusting({ ada, bob }));
    site.trust = trusting({ ada, bob }, { revoked: [ada.fingerprint] });
    await site.restart();
    site.lines();
    await site.poll();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/is no longer trusted: .* by ada with the revoked key/)]);
    expect(site.enforced()).toBe(first);
    const next = await signedCommit(repo, compose(2), { by: bob });
    await site.poll();
    expect(site.enforced()).toBe(next);
  });

  test('12. what is not trusted is judged before its files are fetched, whatever they hold', async () => {
    await repo.git(['config', 'uploadpack.allowFilter', 'true']);
    const { site, first } = await begun();
    const big = randomBytes(3_000_000);
    await signedCommit(repo, { 'compose.yaml': '['.repeat(10_000), big }, { by: eve });
    const before = server.traffic.reduce((sum, { down }) => sum + down, 0);
    await refuses(site, /which trust.yaml does not name/, first);
    expect(server.traffic.reduce((sum, { down }) => sum + down, 0) - before).toBeLessThan(20_000);
    await signedCommit(repo, { 'compose.yaml': '['.repeat(10_000) }, { by: ada, from: first });
    await site.poll();
    expect(site.lines()).toContainEqual(expect.stringMatching(/compose.yaml:1:64: .*; edge-\d+ stays as it was/));
  });

  test('12b. a signed commit of more than the site may take is left alone for an hour, then longer, and its successor is not', async () => {
    await repo.git(['config', 'uploadpack.allowFilter', 'true']);
    const { site, first } = await begun();
    site.limits = { packBytes: 100_000 };
    await site.restart();
    site.lines();
    const large: Change = { 'compose.yaml': `name: shop\n# ${randomBytes(200_000).toString('hex')}\nservices: {}\n` };
    await signedCommit(repo, large, { by: ada });
    await refuses(site, /it sends more than the 100000 bytes that one fetch may take/, first);
    expect(await site.floor()).toBe(first);
    const asked = async (ms: number): Promise<boolean> => {
      site.later(ms);
      const before = server.traffic.length;
      await site.poll();
      return server.traffic.length - before > 1;
    };
    expect([await asked(3_590_000), await asked(10_000), await asked(3_600_000), await asked(3_600_000)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(site.lines()).toEqual([]);
    const next = await signedCommit(repo, { ...compose(2), large: null }, { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(next);
  });

  test('12c. a disk that is full while the history is proven is no rewritten history, and is tried again at once', async () => {
    const { site, first } = await begun();
    const next = await signedCommit(repo, compose(2), { by: ada });
    await rename(site.gitDir, `${site.gitDir}.away`);
    await writeFile(site.gitDir, 'no folder');
    await expect(site.poll()).rejects.toThrow('The files of a commit cannot be written to disk');
    await rename(`${site.gitDir}.away`, `${site.gitDir}.back`);
    await rm(site.gitDir);
    await rename(`${site.gitDir}.back`, site.gitDir);
    expect(site.enforced()).toBe(first);
    await site.poll();
    expect(site.enforced()).toBe(next);
  });

  test('13. a power cut between verifying and storing lets nothing older in, and loses nothing', async () => {
    const { site, first } = await begun();
    const second = await signedCommit(repo, compose(2), { by: ada });
    for (const file of [/trust\.json$/, /blobs/, /accepted\.json$/]) {
      site.disk = {
        ...systemDisk,
        write: (path, ...rest) =>
          file.test(path) ? Promise.reject(new Error('power cut')) : systemDisk.write(path, ...rest),
      };
      await site.restart();
      await expect(site.poll()).rejects.toThrow('power cut');
      site.disk = systemDisk;
      await site.restart();
      expect(site.enforced()).toBe(first);
    }
    expect(await site.floor()).toBe(second);
    await repo.git(['update-ref', 'refs/heads/main', first]);
    site.lines();
    await site.poll();
    expect(site.enforced()).toBe(first);
    await repo.git(['update-ref', 'refs/heads/main', second]);
    await site.poll();
    expect(site.enforced()).toBe(second);
  });

  test('14. a floor that is damaged on the disk is taken from the accepted state', async () => {
    const { site, first } = await begun();
    const second = await signedCommit(repo, compose(2), { by: ada });
    await site.poll();
    site.disk = {
      ...systemDisk,
      read: (path) => (path.endsWith('trust.json') ? Promise.resolve(Buffer.from('{')) : systemDisk.read(path)),
    };
    await site.restart();
    site.lines();
    await repo.git(['update-ref', 'refs/heads/main', first]);
    await refuses(site, /does not descend from/, second);
  });

  test('15. a signed commit that holds nothing empties no site', async () => {
    const { site, first } = await begun();
    await signedCommit(repo, { 'compose.yaml': null }, { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(first);
    expect(site.lines().join()).toMatch(/^error .* is refused: /);
  });
});

describe('the modes', () => {
  test('warn says what it would refuse, and accepts it', async () => {
    const { site, first } = await begun(trusting({ ada }, { mode: 'warn' }));
    await signedCommit(repo, compose(2), { by: ada });
    await site.poll();
    site.lines();
    const other = await signedCommit(repo, compose(3), { by: eve, from: first });
    await site.poll();
    expect(site.enforced()).toBe(other);
    expect(site.lines()[0]).toMatch(/^warn .* would be refused: .* does not descend from/);
  });

  test('off follows a rewritten history, and says so', async () => {
    const { site, first } = await begun(trusting({ ada }, { mode: 'off' }));
    await signedCommit(repo, compose(2));
    await site.poll();
    expect(site.lines().join()).not.toMatch(/rewritten/);
    const other = await signedCommit(repo, compose(3), { from: first });
    await site.poll();
    expect(site.enforced()).toBe(other);
    expect(site.lines()[0]).toMatch(/^warn .* the history was rewritten. It is followed all the same/);
  });

  test('off does not fetch what others changed on the way to tell whether a history was rewritten', async () => {
    const { site } = await begun(trusting({ ada }, { mode: 'off' }));
    const large = { 'compose.yaml': `name: shop\n# ${randomBytes(100_000).toString('hex')}\nservices: {}\n` };
    await signedCommit(repo, large, { by: ada });
    const next = await signedCommit(repo, compose(2), { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(next);
    expect(site.lines()[0]).toMatch(/^info it is not known whether .* descends from .*: More than 16384 bytes/);
    const sizes = await Promise.all(
      (await readdir(site.gitDir)).map(async (name) => (await stat(join(site.gitDir, name))).size),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(20_000);
  });
});

describe('OpenPGP', () => {
  test('signatures by gpg are accepted and refused like those by SSH keys', async () => {
    const home = await mkdtemp(join(tmpdir(), 'hf-gpg-'));
    const strange = await mkdtemp(join(tmpdir(), 'hf-gpg-'));
    try {
      const [key, other] = await Promise.all([pgpKey(home, 'carol'), pgpKey(strange, 'mallory')]);
      const spec = (more: object) => ({
        ...more,
        signers: [
          { name: 'carol', pgp: key.armored },
          { name: 'ada', ssh: [ada.line] },
        ],
      });
      const trust = (more: object = {}): string =>
        JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Trust', spec: spec(more) });
      const { site, first } = await begun(trust());
      const good = await signedCommit(repo, compose(2), { by: { home, fingerprint: key.fingerprint } });
      await site.poll();
      expect(site.enforced()).toBe(good);
      site.lines();
      const strangers = { home: strange, fingerprint: other.fingerprint };
      await signedCommit(repo, compose(3), { by: strangers });
      await refuses(site, /signed with the OpenPGP key [0-9A-F]{16}, which trust.yaml does not name/, good);
      const raw = await repo.git(['cat-file', 'commit', good]);
      const forged = await repo.git(
        ['hash-object', '-t', 'commit', '-w', '--stdin'],
        `${raw.replace('Change', 'Chance')}\n`,
      );
      await repo.git(['update-ref', 'refs/heads/main', forged]);
      await refuses(site, /the signature of commit .* is not right|does not descend/, good);
      site.trust = trust({ revoked: [key.fingerprint] });
      await signedCommit(repo, compose(4), { by: { home, fingerprint: key.fingerprint }, from: good });
      await refuses(site, /signed by carol with the revoked key/, good);
      expect(first).not.toBe(good);
    } finally {
      for (const each of [home, strange]) {
        await endGpg(each);
        await rm(each, { recursive: true, force: true });
      }
    }
  });
});
