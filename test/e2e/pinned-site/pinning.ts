import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, jest } from '@jest/globals';
import type { Change, GitRepo } from '../../support/git/git-repo.ts';
import { type GitServer, startGitServer } from '../../support/git/git-server.ts';
import { type SignedChange, signedCommit } from '../../support/git/signed-repo.ts';
import { type KeyPair, sshKeyPair } from '../../support/git/signing.ts';
import { type TrustingSite, trustingSite } from '../../support/site/trusting-site.ts';

export let dir: string;

export let server: GitServer;

export let repo: GitRepo;

export let ada: KeyPair;

export let bob: KeyPair;

export const sites: TrustingSite[] = [];

export let repos = 0;

export const trusting = (spec: object = {}, signer: object = {}): string =>
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

export const head = (kind: string): string => `apiVersion: holdfast/v1\nkind: ${kind}\n`;

export const app = (version: number | string): Change => ({
  'apps/web/compose.yaml': `services: { web: { image: "web:${version}", environment: { SIZE: "\${SIZE:-small}" } } }\n`,
});

export const pin = (revision: string | undefined, size = 'small'): Change => ({
  'sites/eu/a.yaml': `${head('Site')}spec:\n  values: { SIZE: ${size} }\n${revision === undefined ? '' : `  targetRevision: ${revision}\n`}`,
});

/** ada's commit on main, where nothing else is said. */
export const commit = (change: Change, options: SignedChange = {}): Promise<string> =>
  signedCommit(repo, change, { by: ada, ...options });

export const first = (): Promise<string> =>
  commit({ 'fleet.yaml': head('Fleet'), 'apps/web/app.yaml': head('Application'), ...app(1), ...pin(undefined) });

export async function open(trust = trusting()): Promise<TrustingSite> {
  const site = await trustingSite(repo, trust);
  sites.push(site);
  return site;
}

/** The image and the size that a site runs: `web:1 small`. */
export function running(site: TrustingSite): string | undefined {
  const spec = site.desired()?.apps[0]?.services[0]?.containers[0]?.spec;
  return spec && `${spec.Image} ${spec.Env?.SIZE}`;
}

export const setBranch = (name: string, to: string): Promise<string> =>
  repo.git(['update-ref', `refs/heads/${name}`, to]);

/** To be called at the top of a test file: a Git server, a repo for each test, and people with keys. */
export function pinning(): void {
  jest.setTimeout(60_000);

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
}
