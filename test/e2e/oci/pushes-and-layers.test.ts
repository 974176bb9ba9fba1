import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { systemClock } from '../../../src/lib/clock.ts';
import { httpClient } from '../../../src/net/http/http.ts';
import { DEFAULT_LIMITS } from '../../../src/net/limits.ts';
import { EMPTY, encodeArtifact } from '../../../src/registry/oci/artifact.ts';
import { parseOci } from '../../../src/registry/oci/oci-reference.ts';
import { registryOf } from '../../../src/registry/oci/registry.ts';
import { putManifest, uploadBlob } from '../../../src/registry/oci/registry-upload.ts';
import { bareRepo } from '../../support/git/git-repo.ts';
import { signedTag } from '../../support/git/signed-repo.ts';
import {
  ada,
  bulk,
  compose,
  count,
  dir,
  front,
  live,
  push,
  pushedRepo,
  registry,
  repo,
  source,
  textOf,
  unfinished,
  url,
} from './pushed-repo.ts';

pushedRepo();

test('many pushes make few layers, and a site that has them does not download them again; Git reads each', async () => {
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

test('packs that the disk lost come again', async () => {
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
  // A new site gets three layers, and a site that has the first of them gets the other two.
  const fresh = source({ dir: join(dir, `fresh-${count}`) });
  front.asked();
  expect(await fresh.poll(live)).toMatchObject({ commit: last });
  expect(front.asked().filter((line) => line.startsWith('GET blobs'))).toHaveLength(3);
  expect((await fresh.history(last, [], live)).length).toBe(11);
});

test('after packs were merged, history, tags and the commits that later layers need are still there', async () => {
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
  // A file that only an old commit had is found again, whatever that costs.
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
  /** Its downloads in three polls: a layer that breaks off early costs little, and one whose base is missing is tried again with all layers. */
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
