import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest } from '@jest/globals';
import { beaconPayload } from '../../../src/trust/beacon.ts';
import type { Change, GitRepo } from '../../support/git/git-repo.ts';
import { type GitServer, startGitServer } from '../../support/git/git-server.ts';
import { signedCommit } from '../../support/git/signed-repo.ts';
import { type KeyPair, sshKeyPair, sshSign } from '../../support/git/signing.ts';
import { type TrustingSite, trustingSite } from '../../support/site/trusting-site.ts';

export let dir: string;

export let server: GitServer;

export let repo: GitRepo;

export let ada: KeyPair;

export let bob: KeyPair;

export let eve: KeyPair;

export const sites: TrustingSite[] = [];

export let repos = 0;

export const compose = (version: number | string): Change => ({
  'compose.yaml': `name: shop\nservices: { web: { image: "shop:${version}" } }\n`,
});

export const trusting = (people: Record<string, KeyPair>, spec: object = {}, signer: object = {}): string =>
  JSON.stringify({
    apiVersion: 'holdfast/v1',
    kind: 'Trust',
    spec: { ...spec, signers: Object.entries(people).map(([name, { line }]) => ({ name, ssh: [line], ...signer })) },
  });

/** A site that has accepted a first commit of ada's. */
export async function begun(
  trust = trusting({ ada }),
  revision = 'main',
): Promise<{ site: TrustingSite; first: string }> {
  const first = await signedCommit(repo, compose(1), { by: ada, from: null });
  const site = await open(trust, revision);
  await site.poll();
  expect(site.enforced()).toBe(first);
  site.lines();
  return { site, first };
}

export async function open(trust = trusting({ ada }), revision = 'main'): Promise<TrustingSite> {
  const site = await trustingSite(repo, trust, revision);
  sites.push(site);
  return site;
}

/** The next poll refuses the commit: the site says so once, however often it polls, and fetches it once. */
export async function refuses(site: TrustingSite, words: RegExp, enforced: string | undefined): Promise<void> {
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

export async function beacon(
  commit: string,
  { by = ada, sequence = 1, hours = 24, revision = 'main', issued = Date.UTC(2026, 4, 31, 20) } = {},
): Promise<void> {
  const payload = beaconPayload({ revision, commit, sequence, issued, expires: issued + hours * 3_600_000 });
  const signature = await sshSign(by, payload, 'holdfast-beacon');
  const oid = await repo.git(['hash-object', '-t', 'tag', '-w', '--stdin'], payload + signature);
  await repo.git(['update-ref', `refs/holdfast/beacon/${revision}`, oid]);
}

/** To be called at the top of a test file: a Git server, a repo for each test, and people with keys. */
export function trustingRepo(): void {
  jest.setTimeout(60_000);

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
}
