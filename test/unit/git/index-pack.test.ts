import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readObject } from 'isomorphic-git';
import { type GitObject, objectId } from '../../../src/git/objects/git-object.ts';
import { type PackFiles, systemPackFiles } from '../../../src/git/pack/pack-files.ts';
import { ownWorker } from '../../../src/git/pack/worker/pack-worker.ts';
import { objectStore } from '../../../src/git/store/object-store.ts';
import { DEFAULT_STORE_LIMITS, type StoreLimits } from '../../../src/git/store-limits.ts';
import { SourceError } from '../../../src/lib/errors.ts';
import { appending, blob, commitOf, header, inPieces, packOfEntries, sealed, tree } from '../../support/git/packs.ts';
import { PowerCutFiles } from '../../support/site/power-cut-files.ts';

const live = new AbortController().signal;

function open(files: PackFiles = new PowerCutFiles(), limits: Partial<StoreLimits> = {}) {
  return objectStore(files, { ...DEFAULT_STORE_LIMITS, ...limits }, ownWorker);
}

/** Why a pack is not taken in; nothing of it may be left. */
async function refusal(pack: Buffer, limits: Partial<StoreLimits> = {}): Promise<string> {
  const files = new PowerCutFiles();
  const error = await open(files, limits)
    .add(inPieces(pack), live)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SourceError);
  expect(files.list()).toEqual([]);
  return `${(error as SourceError).kind}: ${(error as SourceError).message}`;
}

const zeros = (bytes: number): Buffer => deflateSync(Buffer.alloc(bytes), { level: 9 });

describe('a pack is not taken in', () => {
  test('with more bytes than one fetch may take, or than the disk may hold', async () => {
    const pack = packOfEntries([blob(Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255)))]);
    expect(await refusal(pack, { packBytes: 50 })).toMatch(/^limit: .*more than the 50 bytes that one fetch may take/);
    expect(await refusal(pack, { diskBytes: 50 })).toMatch(/^limit: .*do not fit into the 50 bytes/);
  });

  test('with more objects than it may hold, also when it only says so', async () => {
    expect(await refusal(packOfEntries([blob('a'), blob('b')]), { objects: 1 })).toMatch(/more than the 1 objects/);
    expect(await refusal(packOfEntries([blob('a')], 4_000_000_000))).toMatch(/^limit: .*objects/);
    expect(await refusal(packOfEntries([blob('a')], 2))).toMatch(/^protocol: .*damaged/);
    expect(await refusal(packOfEntries([blob('a'), blob('b')], 1))).toMatch(/something lies behind its last object/);
  });

  test('with an object that is too large, or larger than it says', async () => {
    expect(await refusal(packOfEntries([blob(Buffer.alloc(2000))]), { objectBytes: 1000 })).toMatch(
      /more than the 1000 bytes/,
    );
    const bomb = Buffer.concat([header(3, 10), zeros(10_000_000)]);
    expect(await refusal(packOfEntries([{ raw: bomb }]))).toMatch(/unpacks to more than it says/);
    const short = Buffer.concat([header(3, 100), zeros(10)]);
    expect(await refusal(packOfEntries([{ raw: short }]))).toMatch(/shorter than it says/);
  });

  test('that unpacks to more than one fetch may hold, by many objects or by deltas', async () => {
    const many = Array.from({ length: 50 }, (_, i) => blob(Buffer.alloc(1_000_000, i)));
    expect(packOfEntries(many).length).toBeLessThan(60_000);
    expect(await refusal(packOfEntries(many), { unpackedBytes: 10_000_000 })).toMatch(/unpacks to more than/);
    // Each of these copies all of a large base.
    const base = blob(Buffer.alloc(1_000_000));
    const deltas = Array.from({ length: 50 }, (_, i) => ({
      base: objectId(base),
      delta: appending(base.content, `${i}`),
    }));
    expect(await refusal(packOfEntries([base, ...deltas]), { unpackedBytes: 10_000_000 })).toMatch(
      /unpacks to more than/,
    );
    const huge = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]);
    const lie = { base: objectId(blob('')), delta: Buffer.concat([Buffer.from([0]), huge]) };
    expect(await refusal(packOfEntries([blob(''), lie]))).toMatch(/^limit: .*file or folder of more than/);
  });

  test('when its deltas are for another base, copy from nowhere, or say nothing', async () => {
    const base = blob('base');
    const by = (delta: number[]) => refusal(packOfEntries([base, { base: objectId(base), delta: Buffer.from(delta) }]));
    expect(await by([9, 1, 1, 65])).toMatch(/another base/);
    expect(await by([4, 4, 0x91, 2, 4])).toMatch(/copies from nowhere/);
    expect(await by([4, 4, 0])).toMatch(/malformed/);
    expect(await by([4, 9, 1, 65])).toMatch(/less than it says/);
    expect(await by([4])).toMatch(/breaks off/);
    const outside = Buffer.concat([
      header(6, 4),
      Buffer.from([0xff, 0xff, 0x7f]),
      deflateSync(Buffer.from([4, 1, 1, 65])),
    ]);
    expect(await refusal(packOfEntries([base, { raw: outside }]))).toMatch(/base lies outside/);
  });

  test('that is no pack', async () => {
    for (const text of ['', 'PACK', 'x'.repeat(100), 'PACK\0\0\0\x09\0\0\0\0']) {
      expect(await refusal(sealed(Buffer.from(text, 'latin1')))).toMatch(/^protocol/);
    }
    expect(await refusal(Buffer.from('PACK'))).toMatch(/^unreachable/);
  });

  test('as other content for the same objects, when any byte is changed and the checksum is right', async () => {
    const good = packOfEntries([
      blob('one'),
      { back: 1, delta: appending(Buffer.from('one'), 'two') },
      tree({ a: blob('x') }),
    ]);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 21), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const body = Buffer.from(good.subarray(0, -20));
        body[at] = (body[at] ?? 0) ^ change;
        const store = open();
        const done = await store.add(inPieces(sealed(body)), live).catch((error: unknown) => error);
        // It may be a pack of other objects, but never of these with other content.
        if (done instanceof Error) expect(done).toBeInstanceOf(SourceError);
        const found = await store.find(objectId(blob('onetwo')));
        if (found) expect(found.content.toString()).toBe('onetwo');
      }),
      { numRuns: 300 },
    );
  });
});

const hasGit = spawnSync('git', ['--version']).status === 0;

(hasGit ? describe : describe.skip)('beside git', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'holdfast-packs-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const git = (...args: string[]): string => execFileSync('git', args, { cwd: dir, encoding: 'utf8', stdio: 'pipe' });

  test('isomorphic-git reads the same objects from a merged pack', async () => {
    const packs = join(dir, 'objects', 'pack');
    const store = objectStore(systemPackFiles(packs), { ...DEFAULT_STORE_LIMITS, packs: 2 }, ownWorker);
    const [one, two] = [blob('one\n'.repeat(500)), blob('two')];
    const root = tree({ one, two });
    const commit = commitOf(root);
    await store.add(inPieces(packOfEntries([one, two])), live);
    await store.add(inPieces(packOfEntries([root, commit])), live);
    await store.keep({ oid: objectId(commit), whole: true });
    await store.tidy(live);
    expect(await store.find(objectId(root))).toEqual(root);
    for (const { type, content } of [one, two, root, commit]) {
      const found = await readObject({ fs, gitdir: dir, oid: objectId({ type, content }), format: 'content' });
      expect(found.type).toBe(type);
      expect(Buffer.from(found.object as Uint8Array)).toEqual(content);
    }
  });

  test('an index is what git makes of the same pack, and a merged pack is one that git verifies', async () => {
    const files = systemPackFiles(dir);
    const store = objectStore(files, { ...DEFAULT_STORE_LIMITS, packs: 2 }, ownWorker);
    const contents: GitObject[] = Array.from({ length: 300 }, (_, i) => blob(`file ${i}\n`.repeat(1 + (i % 50))));
    const root = tree(Object.fromEntries(contents.map((content, i) => [`f${String(i).padStart(3, '0')}`, content])));
    const commit = commitOf(root);
    const base = contents[7] as GitObject;
    const objects = [commit, root, ...contents];
    await store.add(
      inPieces(packOfEntries([...objects, { base: objectId(base), delta: appending(base.content, 'x') }])),
      live,
    );
    const pack = files.list().find((name) => name.endsWith('.pack')) ?? '';
    const list = (index: string): string =>
      execFileSync('git', ['show-index'], {
        cwd: dir,
        input: execFileSync('cat', [join(dir, index)]),
        encoding: 'utf8',
      });
    git('index-pack', '-o', 'theirs.idx', pack);
    expect(list(pack.replace('.pack', '.idx'))).toBe(list('theirs.idx'));

    await store.add(inPieces(packOfEntries([blob('unreachable')])), live);
    await store.keep({ oid: objectId(commit), whole: true });
    await store.tidy(live);
    const merged = files.list().filter((name) => name.endsWith('.pack'));
    expect(merged).toHaveLength(1);
    expect(git('verify-pack', '-v', merged[0] ?? '')).toContain(`non delta: ${objects.length} objects`);
  });
});
