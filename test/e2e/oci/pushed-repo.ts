import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest } from '@jest/globals';
import { run } from '../../../src/cli/program.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { type GitSourceOptions, gitSource } from '../../../src/source/git-source.ts';
import type { Source } from '../../../src/source/source.ts';
import { bareRepo, type Change, type GitRepo } from '../../support/git/git-repo.ts';
import { type KeyPair, sshKeyPair } from '../../support/git/signing.ts';
import { startRegistry, type TestRegistry } from '../../support/net/registry.ts';
import { type RegistryFront, startRegistryFront } from '../../support/net/registry-front.ts';
import { type TrustingSite, trustingSite } from '../../support/site/trusting-site.ts';

export const live = new AbortController().signal;

export let dir: string;

export let registry: TestRegistry;

export let front: RegistryFront;

export let ada: KeyPair;

export let eve: KeyPair;

export let repo: GitRepo;

export let url: string;

export let count = 0;

export const sites: TrustingSite[] = [];

export const sources: Source[] = [];

/** From now on this is pushed to, and followed. */
export function useUrl(other: string): void {
  url = other;
}

/** A new front before the same registry. */
export async function renewFront(): Promise<void> {
  front = await startRegistryFront(registry.address);
}

export const compose = (version: number | string): Change => ({
  'compose.yaml': `name: shop\nservices: { web: { image: "shop:${version}" } }\n`,
});

/** Something that does not compress, so that what is downloaded shows. */
export const bulk = (seed: string, bytes: number): Buffer => {
  const blocks = Array.from({ length: bytes / 32 }, (_, i) => createHash('sha256').update(`${seed} ${i}`).digest());
  return Buffer.concat(blocks);
};

/** In this process, which is faster than one of its own for each. */
export async function here(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text);
      return true;
    }),
  );
  const code = await run(args).finally(() => {
    for (const spy of spies) spy.mockRestore();
  });
  return { code, ...said };
}

/** The digest of what was pushed. */
export async function push(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await here('push', repo.dir, url, ...args);
  expect([code, stderr]).toEqual([0, '']);
  front.asked();
  front.sent();
  return /^sha256:.*$/m.exec(stdout)?.[0] ?? '';
}

export async function open(): Promise<TrustingSite> {
  const signers = [{ name: 'ada', ssh: [ada.line] }];
  const trust = JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Trust', spec: { signers } });
  const site = await trustingSite(repo, trust);
  sites.push(site);
  return site;
}

export function source(options: Partial<GitSourceOptions> = {}): Source {
  const made = gitSource({ url, dir: join(dir, `store-${count}`), clock: systemClock, ...options });
  sources.push(made);
  return made;
}

/** Files that a download began and did not end. */
export const unfinished = async (store: string): Promise<string[]> =>
  (await readdir(store).catch(() => [])).filter((name) => name.endsWith('.tmp'));

export const textOf = async (from: Source, commit: string, path: string): Promise<string | undefined> => {
  const snapshot = await from.fetch(commit, live);
  const file = await snapshot.read(path).finally(() => snapshot.dispose());
  return file && Buffer.from(file.content).toString();
};

/** To be called at the top of a test file: a registry, a repo for each test, and people with keys. */
export function pushedRepo(): void {
  jest.setTimeout(60_000);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hf-oci-'));
    registry = await startRegistry();
    front = await startRegistryFront(registry.address);
    ada = await sshKeyPair(dir, 'ada');
    eve = await sshKeyPair(dir, 'eve');
  });

  afterAll(async () => {
    await front.close();
    await registry.remove();
    await rm(dir, { recursive: true, force: true });
  });

  beforeEach(async () => {
    count++;
    url = `oci://${front.address}/fleet-${count}:main`;
    repo = await bareRepo(join(dir, `repo-${count}`), () => url);
  });

  afterEach(async () => {
    front.spoil = undefined;
    front.breakAfter = undefined;
    front.token = undefined;
    front.elsewhere = undefined;
    for (const site of sites.splice(0)) await site.close();
    for (const source of sources.splice(0)) source.close();
  });
}
