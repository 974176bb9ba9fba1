import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { systemPackFiles } from '../../../src/git/pack/pack-files.ts';
import { processWorker } from '../../../src/git/pack/worker/pack-process.ts';
import { DEFAULT_STORE_LIMITS } from '../../../src/git/store-limits.ts';
import type { SourceError } from '../../../src/lib/errors.ts';
import type { Source } from '../../../src/source/source.ts';
import { seededRandom } from '../../sim/world/random.ts';
import { cache, failure, followedRepo, live, open, repo, server } from '../../support/git/followed-repo.ts';

jest.setTimeout(120_000);

followedRepo('edge');

/** All files of a commit by path. */
async function filesOf(source: Source, commit: string): Promise<Record<string, string>> {
  const snapshot = await source.fetch(commit, live);
  const files: Record<string, string> = {};
  const walk = async (dir: string): Promise<void> => {
    for (const { name, kind } of (await snapshot.list(dir)) ?? []) {
      const path = dir === '' ? name : `${dir}/${name}`;
      if (kind === 'dir') await walk(path);
      else files[path] = Buffer.from((await snapshot.read(path))?.content ?? []).toString();
    }
  };
  await walk('').finally(() => snapshot.dispose());
  return files;
}

describe.each([true, false])('files of the store that are damaged (a server with filters: %s)', (filters) => {
  beforeEach(() => repo.git(['config', 'uploadpack.allowFilter', String(filters)]));

  test('are told from whole ones, and what was in them is fetched again', async () => {
    const { next, pick } = seededRandom(`damage ${filters}`);
    const expected: Record<string, string> = {};
    const change = async (step: number): Promise<string> => {
      const files = { [`apps/a${step % 3}/data`]: `${step}\n${'x'.repeat(200)}`, 'fleet.yaml': `# ${step}\n` };
      Object.assign(expected, files);
      return repo.commit(files);
    };
    await filesOf(open(), await change(0));
    await filesOf(open(), await change(1));
    for (let step = 2; step < 26; step++) {
      const name = pick((await readdir(cache)).filter((each) => !each.endsWith('.tmp')));
      const path = join(cache, name);
      const content = await readFile(path);
      const at = Math.floor(next() * content.length);
      if (step % 3 === 0) await rm(path);
      else if (step % 3 === 1) await truncate(path, at);
      else {
        content[at] = (content[at] ?? 0) ^ (1 << Math.floor(next() * 8));
        await writeFile(path, content);
      }
      // With the same commit first: that one was here whole.
      const commit = step % 2 ? await change(step) : await repo.git(['rev-parse', 'main']);
      expect({ step, files: await filesOf(open(), commit) }).toEqual({ step, files: expected });
    }
  });

  test('are not fetched again without end', async () => {
    const commit = await repo.commit({ a: randomBytes(20_000).toString('hex'), b: 'b' });
    const told: string[] = [];
    const source = open({ storeLimits: { healBytes: 70_000 }, onDamage: (sentence) => told.push(sentence) });
    await filesOf(source, commit);
    const damage = async (): Promise<void> => {
      for (const name of await readdir(cache)) {
        if (!name.endsWith('.pack')) continue;
        const content = await readFile(join(cache, name));
        content.fill(0, 200, content.length - 20);
        await writeFile(join(cache, name), content);
      }
    };
    const kinds: string[] = [];
    for (let i = 0; i < 5; i++) {
      await damage();
      kinds.push(
        await filesOf(source, commit).then(
          () => 'healed',
          ({ kind }: SourceError) => kind,
        ),
      );
    }
    expect(kinds[0]).toBe('healed');
    expect(told[0]).toMatch(/cannot be read as they were written \(.*pack-[0-9a-f]{40}\.pack\)/);
    expect(told.length).toBeLessThan(5);
    expect(kinds.at(-1)).toBe('limit');
    const sent = server.traffic.reduce((sum, { down }) => sum + down, 0);
    expect(sent).toBeLessThan(200_000);
  });
});

test('a commit of which more would have to be read than a site may is not, and says which limit that was', async () => {
  const commit = await repo.commit({ a: 'x'.repeat(600), b: 'y'.repeat(600), c: 'z' });
  await expect(filesOf(open({ storeLimits: { readBytes: 1_000 } }), commit)).rejects.toThrow(
    /the files that have to be read of one commit have more than the 1000 bytes .*\(maxReadBytes\)/,
  );
  await expect(filesOf(open({ storeLimits: { files: 2 } }), commit)).rejects.toThrow(
    /more than the 2 files and folders of one commit would have to be read \(maxFiles\)/,
  );
  const snapshot = await open({ storeLimits: { files: 2 } }).fetch(commit, live);
  for (let again = 0; again < 5; again++) expect(await snapshot.read('a')).toBeDefined();
  await snapshot.dispose();
});

describe('a process of its own', () => {
  const LARGE = 3_000_000;

  test('unpacks and merges large packs, and ends', async () => {
    const content = randomBytes(LARGE).toString('hex');
    const source = open({ worker: processWorker, storeLimits: { packs: 2 } });
    const first = await repo.commit({ large: content });
    expect((await filesOf(source, first)).large).toBe(content);
    for (const step of [1, 2, 3]) {
      const commit = await repo.commit({ small: `${step}` });
      expect(await filesOf(source, commit)).toEqual({ large: content, small: `${step}` });
    }
    expect((await readdir(cache)).filter((name) => name.endsWith('.pack')).length).toBeLessThanOrEqual(3);
  });

  test('says why a pack is not taken in, as this one would', async () => {
    const commit = await repo.commit({ large: randomBytes(LARGE) });
    const error = await failure(
      open({ worker: processWorker, storeLimits: { objectBytes: 1_000_000 } }).fetch(commit, live),
    );
    expect(error).toMatchObject({ kind: 'limit' });
    expect(error.message).toMatch(/a file or folder of more than the 1000000 bytes/);
    expect((await readdir(cache)).filter((name) => name !== 'heads')).toEqual([]);
  });

  test('is ended by an abort, and a file that is not there is an error of the disk', async () => {
    const files = systemPackFiles(cache);
    const writer = files.create('incoming');
    writer.write(Buffer.alloc(2_000_000));
    writer.close();
    const controller = new AbortController();
    const pending = processWorker.index(
      files,
      { pack: 'incoming', index: 'x' },
      DEFAULT_STORE_LIMITS,
      controller.signal,
    );
    controller.abort();
    expect(await failure(pending)).toMatchObject({ kind: 'aborted' });
    await expect(
      processWorker.index(files, { pack: 'none', index: 'x' }, DEFAULT_STORE_LIMITS, live),
    ).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
