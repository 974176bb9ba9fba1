import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { run } from '../../src/cli/program.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { registryAuth } from '../../src/net/credentials/registry-auth.ts';
import { httpClient } from '../../src/net/http/http.ts';
import { DEFAULT_LIMITS } from '../../src/net/limits.ts';
import { EMPTY, encodeArtifact } from '../../src/registry/oci/artifact.ts';
import { parseOci } from '../../src/registry/oci/oci-reference.ts';
import { registryOf } from '../../src/registry/oci/registry.ts';
import { putManifest, uploadBlob } from '../../src/registry/oci/registry-upload.ts';
import { type GitSourceOptions, gitSource } from '../../src/source/git-source.ts';
import type { Source } from '../../src/source/source.ts';
import { bareRepo, type Change, type GitRepo } from '../support/git-repo.ts';
import { holdfast } from '../support/holdfast-process.ts';
import { REGISTRY_CREDENTIALS, startRegistry, type TestRegistry } from '../support/registry.ts';
import { type RegistryFront, startRegistryFront } from '../support/registry-front.ts';
import { signedCommit, signedTag } from '../support/signed-repo.ts';
import { type KeyPair, sshKeyPair } from '../support/signing.ts';
import { type TrustingSite, trustingSite } from '../support/trusting-site.ts';

jest.setTimeout(60_000);

const live = new AbortController().signal;
let dir: string;
let registry: TestRegistry;
let front: RegistryFront;
let ada: KeyPair;
let eve: KeyPair;
let repo: GitRepo;
let url: string;
let count = 0;
const sites: TrustingSite[] = [];
const sources: Source[] = [];

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

const compose = (version: number | string): Change => ({
  'compose.yaml': `name: shop\nservices: { web: { image: "shop:${version}" } }\n`,
});
/** Something that does not compress, so that what is downloaded shows. */
const bulk = (seed: string, bytes: number): Buffer => {
  const blocks = Array.from({ length: bytes / 32 }, (_, i) => createHash('sha256').update(`${seed} ${i}`).digest());
  return Buffer.concat(blocks);
};

/** In this process, which is faster than one of its own for each. */
async function here(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
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
async function push(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await here('push', repo.dir, url, ...args);
  expect([code, stderr]).toEqual([0, '']);
  front.asked();
  front.sent();
  return /^sha256:.*$/m.exec(stdout)?.[0] ?? '';
}

async function open(): Promise<TrustingSite> {
  const signers = [{ name: 'ada', ssh: [ada.line] }];
  const trust = JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Trust', spec: { signers } });
  const site = await trustingSite(repo, trust);
  sites.push(site);
  return site;
}

function source(options: Partial<GitSourceOptions> = {}): Source {
  const made = gitSource({ url, dir: join(dir, `store-${count}`), clock: systemClock, ...options });
  sources.push(made);
  return made;
}

/** Files that a download began and did not end. */
const unfinished = async (store: string): Promise<string[]> =>
  (await readdir(store).catch(() => [])).filter((name) => name.endsWith('.tmp'));

const textOf = async (from: Source, commit: string, path: string): Promise<string | undefined> => {
  const snapshot = await from.fetch(commit, live);
  const file = await snapshot.read(path).finally(() => snapshot.dispose());
  return file && Buffer.from(file.content).toString();
};

describe('a site', () => {
  test('polls with one HEAD, downloads only layers that are new, and goes on through a restart without the registry', async () => {
    const first = await signedCommit(repo, { ...compose(1), bulk: bulk('a', 65_536) }, { by: ada });
    await push();
    const site = await open();
    await site.poll();
    expect(site.enforced()).toBe(first);
    expect(front.sent()).toBeGreaterThan(65_536);
    front.asked();
    await site.poll();
    expect(front.asked()).toEqual(['HEAD manifests/main']);

    const second = await signedCommit(repo, compose(2), { by: ada });
    await push();
    await site.poll();
    expect(site.enforced()).toBe(second);
    expect(front.asked()).toEqual([
      'HEAD manifests/main',
      expect.stringMatching(/^GET manifests\/sha256:/),
      expect.stringMatching(/^GET blobs\/sha256:/),
    ]);
    expect(front.sent()).toBeLessThan(2500);

    await registry.stop();
    await site.restart();
    expect(site.enforced()).toBe(second);
    await expect(site.poll()).rejects.toMatchObject({ code: 'SOURCE', kind: 'unreachable' });
    expect(site.enforced()).toBe(second);
    await registry.start();
    front.asked();
    await site.poll();
    expect(front.asked()).toEqual(['HEAD manifests/main']);
  });

  test('refuses an older signed state, a rewritten history and an unsigned commit, as of a Git server', async () => {
    const first = await signedCommit(repo, compose(1), { by: ada });
    await push();
    const site = await open();
    await site.poll();
    const second = await signedCommit(repo, compose(2), { by: ada });
    await push();
    await site.poll();
    site.lines();

    await repo.git(['update-ref', 'refs/heads/main', first]);
    const { code, stderr } = await holdfast(['push', repo.dir, url]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: refs\/heads\/main lies there at .*--force/)]);
    await push('--force');
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/is refused: .*does not descend from/)]);

    await signedCommit(repo, compose(3), { by: ada, from: first });
    await push();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/is refused: .*does not descend from/)]);

    await signedCommit(repo, compose(4), { by: eve, from: second });
    await push('--force');
    await site.poll();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/is refused: .*does not name/)]);
    expect(site.enforced()).toBe(second);

    const good = await signedCommit(repo, compose(5), { by: ada, from: second });
    await push('--force');
    await site.poll();
    expect(site.enforced()).toBe(good);
    expect(await site.floor()).toBe(good);
  });

  test('refuses a layer that came damaged, and goes on with one that broke off', async () => {
    const first = await signedCommit(repo, { ...compose(1), bulk: bulk('a', 65_536) }, { by: ada });
    await push();
    const site = await open();
    front.spoil = (blob) => {
      const spoiled = Buffer.from(blob);
      spoiled[30_000] = (spoiled[30_000] ?? 0) ^ 1;
      return spoiled;
    };
    await expect(site.poll()).rejects.toMatchObject({ kind: 'protocol', message: expect.stringMatching(/damaged/) });
    front.spoil = undefined;
    front.breakAfter = 20_000;
    front.sent();
    await site.poll();
    expect(site.enforced()).toBe(first);
    expect(front.sent()).toBeLessThan(70_000);
  });
});

test('a digest is asked for once', async () => {
  const first = await repo.commit(compose(1));
  const digest = await push();
  await repo.commit(compose(2));
  await push();
  url = url.replace(/:main$/, `@${digest}`);
  const pinned = source();
  expect(await pinned.poll(live)).toMatchObject({ commit: first });
  front.asked();
  expect(await pinned.poll(live)).toMatchObject({ commit: first });
  pinned.close();
  const again = source();
  expect(await again.poll(live)).toMatchObject({ commit: first });
  expect(await textOf(again, first, 'compose.yaml')).toContain('shop:1');
  expect(front.asked()).toEqual([]);
});

test('branches, tags, ranges of versions and beacons are found as on a Git server', async () => {
  const one = await repo.commit(compose(1));
  await signedTag(repo, 'v1.1.0', one, ada);
  const tag = await repo.git(['rev-parse', 'refs/tags/v1.1.0']);
  const two = await repo.commit(compose(2));
  await repo.git(['tag', 'v2.0.0', two]);
  await repo.git(['update-ref', 'refs/heads/next', two]);
  await repo.git(['update-ref', 'refs/holdfast/beacon/next', tag]);
  await push('--revision', 'main', '--revision', 'next', '--tags');
  expect(await source().poll(live)).toEqual({ commit: two, ref: 'HEAD' });
  expect(await source({ revision: '^1', beside: 'refs/holdfast/beacon/next' }).poll(live)).toMatchObject({
    commit: one,
    tag,
    beside: tag,
  });
  const next = source({ revision: 'next' });
  expect(await next.poll(live)).toEqual({ commit: two, ref: 'refs/heads/next' });
  expect(Buffer.from(await next.object(tag, 'tag', live)).toString()).toContain('tag v1.1.0');
  await expect(source({ revision: 'none' }).poll(live)).rejects.toMatchObject({ kind: 'notFound' });
  expect((await next.history(two, [], live)).map(({ oid }) => oid)).toEqual([two, one]);
});

test('many pushes make few layers, which a site that has them does not download anew; Git reads each', async () => {
  await repo.commit({ ...compose(0), bulk: bulk('a', 32_768) });
  await push();
  const site = source();
  await site.poll(live);
  front.sent();
  await repo.commit({ more: bulk('b', 32_768) });
  await push();
  await repo.commit({ even: bulk('c', 40_960) });
  await push();
  await site.poll(live);
  expect(front.sent()).toBeGreaterThan(70_000);
  // The increments have outgrown the base: all is folded, below what is new.
  const last = await repo.commit(compose(1));
  await push();
  expect(await site.poll(live)).toMatchObject({ commit: last });
  expect(front.sent()).toBeLessThan(4000);
  expect(await textOf(site, last, 'compose.yaml')).toContain('shop:1');

  const name = url.replace(/^oci:\/\/[^/]+\//, '').replace(/:main$/, '');
  const get = (path: string) =>
    fetch(`http://${registry.address}/v2/${name}/${path}`, {
      headers: { Accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
  const manifest = (await (await get('manifests/main')).json()) as { layers: { digest: string }[] };
  expect(manifest.layers).toHaveLength(2);
  const clone = await bareRepo(join(dir, `clone-${count}`), () => '');
  for (const { digest } of manifest.layers) {
    const file = join(clone.dir, 'layer.bundle');
    await writeFile(file, Buffer.from(await (await get(`blobs/${digest}`)).arrayBuffer()));
    await clone.git(['bundle', 'verify', '-q', file]);
    await clone.git(['fetch', '-q', file, '+refs/heads/main:refs/heads/main']);
  }
  expect(await clone.git(['rev-parse', 'main'])).toBe(last);
  await clone.git(['fsck', '--strict']);
});

test('what the disk lost comes again', async () => {
  const first = await repo.commit({ ...compose(1), bulk: bulk('a', 32_768) });
  await push();
  await repo.commit(compose(2), { branch: 'side' });
  const site = source();
  await site.poll(live);
  const store = join(dir, `store-${count}`);
  for (const name of await readdir(store)) if (name.startsWith('pack-')) await rm(join(store, name));
  expect(await textOf(source(), first, 'compose.yaml')).toContain('shop:1');
  const second = await repo.commit(compose(3));
  await push();
  for (const name of await readdir(store)) if (name.startsWith('pack-')) await rm(join(store, name));
  const again = source();
  expect(await again.poll(live)).toMatchObject({ commit: second });
  expect(await textOf(again, second, 'compose.yaml')).toContain('shop:3');
});

test('credentials are those of the docker client: asked for, wrong, right', async () => {
  await repo.commit(compose(1));
  const guarded = await startRegistry({ auth: true });
  try {
    url = `oci://${guarded.address}/fleet:main`;
    const config = join(dir, `docker-${count}`);
    await mkdir(config);
    const login = (password: string) =>
      writeFile(
        join(config, 'config.json'),
        JSON.stringify({
          auths: {
            [guarded.address]: { auth: Buffer.from(`${REGISTRY_CREDENTIALS.username}:${password}`).toString('base64') },
          },
        }),
      );
    process.env.DOCKER_CONFIG = config;
    expect((await here('push', repo.dir, url)).stderr).toMatch(/asks for credentials .*docker login/);
    await login('wrong-horse');
    const refused = await here('push', repo.dir, url);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/did not accept the credentials/) });
    expect(refused.stderr).not.toContain('wrong-horse');
    await login(REGISTRY_CREDENTIALS.password);
    expect(await here('push', repo.dir, url)).toMatchObject({ code: 0 });
    const rendered = await here('render', '--repo', url);
    expect([rendered.code, rendered.stdout]).toEqual([0, expect.stringContaining('shop:1')]);
  } finally {
    delete process.env.DOCKER_CONFIG;
    await guarded.remove();
  }
});

test('a token is asked for where the registry says, once, and kept', async () => {
  await repo.commit(compose(1));
  await push();
  front.token = { username: 'site', password: 'secret', scopes: [] };
  const config = join(dir, `docker-${count}`);
  await mkdir(config);
  const auth = Buffer.from('site:secret').toString('base64');
  await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [front.address]: { auth } } }));
  await expect(source().poll(live)).rejects.toMatchObject({ kind: 'auth' });
  const known = source({
    registryAuth: (host) =>
      registryAuth(host, { DOCKER_CONFIG: config }, (sentence) => new TypeError(sentence) as never),
  });
  front.token.scopes = [];
  // Layers lie with somebody else, to whom the token is no business.
  const storage = await startRegistryFront(registry.address);
  front.elsewhere = storage.address;
  await known.poll(live);
  expect([storage.asked().length, storage.introduced]).toEqual([1, 0]);
  await storage.close();
  front.asked();
  await known.poll(live);
  expect(front.asked()).toEqual(['HEAD manifests/main']);
  expect(front.token.scopes).toEqual([`repository:fleet-${count}:pull`]);
});

test('many small pushes on a large base are gathered above it', async () => {
  await repo.commit({ ...compose(0), bulk: bulk('a', 131_072) });
  await push();
  const site = source();
  for (let i = 1; i < 10; i++) {
    await repo.commit(compose(i));
    await push();
  }
  await site.poll(live);
  const last = await repo.commit(compose('last'));
  await push();
  await site.poll(live);
  expect(front.sent()).toBeLessThan(9000);
  expect(await textOf(site, last, 'compose.yaml')).toContain('shop:last');
  // A site that has none of it gets three layers, and one that has the first of them the other two.
  const fresh = source({ dir: join(dir, `fresh-${count}`) });
  front.asked();
  expect(await fresh.poll(live)).toMatchObject({ commit: last });
  expect(front.asked().filter((line) => line.startsWith('GET blobs'))).toHaveLength(3);
  expect((await fresh.history(last, [], live)).length).toBe(11);
});

test('after packs were merged, history, tags and what later layers stand on are still there', async () => {
  const first = await repo.commit({ ...compose(0), bulk: bulk('a', 32_768), old: bulk('o', 4096) });
  await signedTag(repo, 'v1', first, ada);
  const tag = await repo.git(['rev-parse', 'refs/tags/v1']);
  await push('--revision', 'main', '--tags');
  const site = source({ storeLimits: { packs: 2 } });
  await site.poll(live);
  const commits = [first];
  for (let i = 1; i < 4; i++) {
    commits.push(await repo.commit({ ...compose(i), old: null }));
    await push('--revision', 'main', '--tags');
    const { commit } = await site.poll(live);
    expect(await textOf(site, commit, 'compose.yaml')).toContain(`shop:${i}`);
    expect(front.sent()).toBeLessThan(3000);
  }
  expect(Buffer.from(await site.object(tag, 'tag', live)).toString()).toContain('tag v1');
  expect((await site.history(commits.at(-1) ?? '', [], live)).map(({ oid }) => oid)).toEqual(commits.reverse());
  expect(front.asked().filter((line) => line.startsWith('GET blobs'))).toHaveLength(1);
  // What only an old commit had is found again, whatever that costs.
  const side = await repo.commit(
    { old: Buffer.concat([bulk('o', 4096), Buffer.from('!')]) },
    { branch: 'side', from: first },
  );
  const merged = await repo.git(['commit-tree', `${side}^{tree}`, '-p', 'main', '-p', side, '-m', 'Merge']);
  await repo.git(['update-ref', 'refs/heads/main', merged]);
  await push('--revision', 'main', '--tags');
  expect(await site.poll(live)).toMatchObject({ commit: merged });
  expect(await textOf(site, merged, 'old')).toBe(`${bulk('o', 4096)}!`);
});

test('a layer that is what its digest says and nothing that Git reads is refused, and not downloaded again', async () => {
  const first = await repo.commit(compose(1));
  const pack = execFileSync('git', ['pack-objects', '--revs', '--stdout', '-q'], {
    cwd: repo.dir,
    input: `${first}\n`,
  });
  const bundle = (...lines: (string | Buffer)[]): Buffer =>
    Buffer.concat(['# v2 git bundle\n', ...lines].map((line) => Buffer.from(line)));
  const spoiled = Buffer.from(pack);
  spoiled[20] = (spoiled[20] ?? 0) ^ 255;
  const resealed = Buffer.concat([
    spoiled.subarray(0, -20),
    createHash('sha1').update(spoiled.subarray(0, -20)).digest(),
  ]);
  const other = 'e'.repeat(40);
  /** How often it is downloaded in three polls: what breaks off early costs little, and what stands on something else is tried with all of it. */
  const cases: [bytes: Buffer, why: RegExp, downloads: number][] = [
    [bundle(`${first} HEAD\n\n`, spoiled), /checksum is wrong/, 1],
    [bundle(`${first} HEAD\n\n`, resealed), /damaged|outside|unpack/, 1],
    [bundle(`${first} HEAD\n\n`, 'no pack'), /broke off|damaged/, 1],
    [bundle(`${other} HEAD\n\n`, pack), /goes on from commits/, 2],
    [bundle(`-${other}\n${first} HEAD\n\n`, pack), /goes on from commits/, 2],
    [Buffer.from('something else'), /does not begin as one/, 3],
  ];
  const made = registryOf({
    client: httpClient({ clock: systemClock, limits: DEFAULT_LIMITS, credentials: async () => undefined }),
    reference: parseOci(url),
    actions: 'pull,push',
    credentials: async () => undefined,
  });
  await uploadBlob(made, { digest: EMPTY.digest, body: '{}' }, live);
  for (const [bytes, why, downloads] of cases) {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await uploadBlob(made, { digest, body: { length: bytes.length, open: () => Readable.from([bytes]) } }, live);
    const layers = [{ digest, size: bytes.length, replaces: [] }];
    await putManifest(made, 'main', encodeArtifact({ layers, annotations: {} }), live);
    front.asked();
    const site = source({ dir: join(dir, `bad-${digest.slice(7, 19)}`) });
    for (let times = 0; times < 3; times++)
      await expect(site.poll(live)).rejects.toMatchObject({
        kind: expect.stringMatching(/protocol|unreachable/),
        message: expect.stringMatching(why),
      });
    expect([why, front.asked().filter((line) => line.startsWith('GET blobs')).length]).toEqual([why, downloads]);
    expect(await unfinished(join(dir, `bad-${digest.slice(7, 19)}`))).toEqual([]);
  }
  made.close();
});

test('several registries are asked in order', async () => {
  const first = await repo.commit(compose(1));
  await push();
  const central = url.replace(front.address, registry.address);
  const told: string[] = [];
  const site = source({ others: [central], onRemote: (name) => told.push(name) });
  await site.poll(live);
  const second = await repo.commit(compose(2));
  await push();
  await front.close();
  try {
    expect(await site.poll(live)).toMatchObject({ commit: second });
    expect(await textOf(site, second, 'compose.yaml')).toContain('shop:2');
    expect(told).toEqual([central]);
    expect((await site.history(second, [first], live)).map(({ oid }) => oid)).toEqual([second]);
  } finally {
    front = await startRegistryFront(registry.address);
  }
  expect(() => source({ others: ['https://git.example.org/fleet.git'] })).toThrow(/is no Git server, and others/);
});

test('a Git bundle in a file is a repo', async () => {
  const first = await repo.commit(compose(1));
  const file = join(dir, `fleet-${count}.bundle`);
  await repo.git(['bundle', 'create', '-q', file, 'main', 'HEAD']);
  const site = source({ url: file });
  expect(await site.poll(live)).toMatchObject({ commit: first });
  const second = await repo.commit(compose(2));
  await repo.git(['bundle', 'create', '-q', file, 'main', 'HEAD', `^${first}`]);
  expect(await site.poll(live)).toMatchObject({ commit: second });
  expect(await textOf(site, second, 'compose.yaml')).toContain('shop:2');
  await expect(source({ url: file, dir: join(dir, `other-${count}`) }).poll(live)).rejects.toMatchObject({
    kind: 'protocol',
    message: expect.stringMatching(/goes on from commits/),
  });
});

test('push says what it cannot send', async () => {
  const said = async (...args: string[]) => (await here('push', ...args)).stderr;
  expect(await said(dir, url)).toMatch(/is no clone of a Git repo/);
  await repo.commit(compose(1));
  await repo.commit(compose(2));
  expect(await said(repo.dir, url, '--revision', 'nope')).toMatch(/has no branch and no tag "nope"/);
  const shallow = join(dir, `shallow-${count}`);
  await repo.git(['clone', '-q', '--depth', '1', `file://${repo.dir}`, shallow]);
  expect(await said(shallow, url)).toMatch(/is a shallow clone: .*unshallow/);
  expect(await said(repo.dir, `oci://user:secret@${front.address}/fleet:main`)).not.toContain('secret');
  expect(await said(repo.dir, 'oci://127.0.0.1:1/fleet:main')).toMatch(/127.0.0.1:1 refuses connections/);
  expect(await said(repo.dir, 'https://example.org/fleet')).toMatch(/oci:\/\/REGISTRY\/NAME:TAG/);
});
