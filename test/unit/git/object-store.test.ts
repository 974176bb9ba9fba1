import { describe, expect, test } from '@jest/globals';
import { type GitObject, objectId } from '../../../src/git/objects/git-object.ts';
import type { PackFiles } from '../../../src/git/pack/pack-files.ts';
import { ownWorker } from '../../../src/git/pack/worker/pack-worker.ts';
import { objectStore } from '../../../src/git/store/object-store.ts';
import { DEFAULT_STORE_LIMITS } from '../../../src/git/store-limits.ts';
import { SourceError } from '../../../src/lib/errors.ts';
import { seededRandom } from '../../sim/world/random.ts';
import { appending, blob, commitOf, inPieces, packOfEntries, tree } from '../../support/git/packs.ts';
import { PowerCutFiles } from '../../support/site/power-cut-files.ts';

const live = new AbortController().signal;
const open = (files: PackFiles, packs = DEFAULT_STORE_LIMITS.packs) =>
  objectStore(files, { ...DEFAULT_STORE_LIMITS, packs }, ownWorker);

/** Commits of three files each, of which one changes from one to the next; each pack has the changes as deltas against the commit before. */
function history(count: number) {
  const shared = blob('the same in all\n'.repeat(40));
  const other = blob('another\n'.repeat(40));
  let changing = blob('changing\n'.repeat(40));
  const commits: { oid: string; objects: GitObject[]; pack: Buffer }[] = [];
  for (let i = 0; i < count; i++) {
    const before = changing;
    const line = `line ${i}\n`;
    changing = i === 0 ? changing : blob(Buffer.concat([before.content, Buffer.from(line)]));
    const below = tree({ changing, other });
    const root = tree({ below, shared });
    const commit = commitOf(root);
    const objects = [commit, root, below, changing, other, shared];
    const pack =
      i === 0
        ? packOfEntries(objects)
        : packOfEntries([commit, root, below, { base: objectId(before), delta: appending(before.content, line) }]);
    commits.push({ oid: objectId(commit), objects, pack });
  }
  return commits;
}

const COMMITS = history(6);
const [first, second] = COMMITS as [(typeof COMMITS)[0], (typeof COMMITS)[0]];

const missing = async (files: PackFiles, { objects }: { objects: GitObject[] }): Promise<string[]> => {
  const store = open(files);
  const absent: string[] = [];
  for (const object of objects) {
    const found = await store.find(objectId(object));
    if (!found) absent.push(objectId(object));
    else expect(objectId(found)).toBe(objectId(object));
  }
  store.rest();
  return absent;
};

describe('a store of objects', () => {
  test('gives back what was put in, through deltas within a pack and against other packs', async () => {
    const files = new PowerCutFiles();
    const store = open(files);
    const base = blob('base\n'.repeat(100));
    const middle = Buffer.concat([base.content, Buffer.from('middle\n')]);
    const end = Buffer.concat([middle, Buffer.from('end\n')]);
    const entries = [
      base,
      { back: 1, delta: appending(base.content, 'middle\n') },
      { back: 1, delta: appending(middle, 'end\n') },
    ];
    expect(await store.add(inPieces(packOfEntries(entries), 7), live)).toEqual({ objects: 3, unresolved: 0 });
    expect((await store.find(objectId(blob(end))))?.content).toEqual(end);
    const far = Buffer.concat([end, Buffer.from('far\n')]);
    // The delta comes before its base, which another pack holds a delta of.
    const later = [
      { base: objectId(blob(far)), delta: appending(far, '!') },
      { base: objectId(blob(end)), delta: appending(end, 'far\n') },
    ];
    expect(await store.add(inPieces(packOfEntries(later)), live)).toEqual({ objects: 2, unresolved: 0 });
    expect((await open(files).find(objectId(blob(`${far}!`))))?.content.toString()).toBe(`${far}!`);
  });

  test('leaves a delta out whose base is nowhere, and takes the rest', async () => {
    const store = open(new PowerCutFiles());
    const nowhere = blob('nowhere');
    const here = blob('here');
    const pack = packOfEntries([{ base: objectId(nowhere), delta: appending(nowhere.content, '!') }, here]);
    expect(await store.add(inPieces(pack), live)).toEqual({ objects: 1, unresolved: 1 });
    expect(await store.find(objectId(here))).toEqual(here);
    expect(await store.find(objectId(blob('nowhere!')))).toBeUndefined();
  });

  test('merges many packs into one, with what the newest commits have and nothing else', async () => {
    const files = new PowerCutFiles();
    const store = open(files, 4);
    for (const { oid, pack } of COMMITS) {
      await store.tidy(live);
      await store.add(inPieces(pack), live);
      await store.keep({ oid, whole: true });
    }
    expect(files.list().filter((name) => name.endsWith('.pack'))).toHaveLength(3);
    const [fourth, fifth, sixth] = COMMITS.slice(3) as typeof COMMITS;
    for (const commit of [fourth, fifth, sixth]) if (commit) expect(await missing(files, commit)).toEqual([]);
    expect(await missing(files, first)).toContain(first.oid);
    const before = files.steps;
    await store.tidy(live);
    await store.keep({ oid: COMMITS.at(-1)?.oid ?? '', whole: true });
    expect(files.steps).toBe(before);
  });

  test('gives what is not damaged, never what is, and mends itself with what is fetched again', async () => {
    for (let seed = 0; seed < 150; seed++) {
      const random = seededRandom(seed).next;
      const files = new PowerCutFiles();
      const store = open(files);
      await store.add(inPieces(first.pack), live);
      await store.keep({ oid: first.oid, whole: true });
      await store.add(inPieces(second.pack), live);
      await store.keep({ oid: second.oid, whole: true });
      store.rest();
      const name = files.list()[Math.floor(random() * files.list().length)] ?? '';
      const content = Buffer.from(files.peek(name));
      const at = Math.floor(random() * content.length);
      if (seed % 3 === 0) files.plant(name, undefined);
      else if (seed % 3 === 1) files.plant(name, content.subarray(0, at));
      else {
        content[at] = (content[at] ?? 0) ^ (1 << Math.floor(random() * 8));
        files.plant(name, content);
      }
      const again = open(files);
      for (const object of [...first.objects, ...second.objects]) {
        const found = await again.find(objectId(object));
        if (found) expect(objectId(found)).toBe(objectId(object));
      }
      await again.tidy(live);
      await again.add(inPieces(first.pack), live);
      await again.add(inPieces(second.pack), live);
      expect(await missing(files, first)).toEqual([]);
      expect(await missing(files, second)).toEqual([]);
    }
  });

  test('makes a lost index again, without the server', async () => {
    const files = new PowerCutFiles();
    const store = open(files);
    await store.add(inPieces(first.pack), live);
    store.rest();
    const index = files.list().find((name) => name.endsWith('.idx')) ?? '';
    for (const content of [undefined, files.peek(index).subarray(0, 100), Buffer.alloc(0)]) {
      files.plant(index, content);
      expect(await missing(files, first)).toEqual([]);
    }
  });

  test('has what it kept after a power cut at any step, and takes up where it was', async () => {
    const run = async (files: PowerCutFiles): Promise<string | undefined> => {
      let kept: string | undefined;
      try {
        const store = open(files, 3);
        for (const { oid, pack } of COMMITS) {
          await store.tidy(live);
          await store.add(inPieces(pack), live);
          await store.keep({ oid, whole: true });
          kept = oid;
        }
      } catch (error) {
        expect(error).toBeInstanceOf(SourceError);
      }
      return kept;
    };
    const whole = new PowerCutFiles();
    await run(whole);
    expect(whole.steps).toBeGreaterThan(80);
    for (let step = 0; step <= whole.steps; step++) {
      for (let seed = 0; seed < 2; seed++) {
        const files = new PowerCutFiles();
        files.cutAt = step;
        const kept = await run(files);
        const found = files.afterCut(seededRandom(step * 10 + seed).next);
        const commit = COMMITS.find(({ oid }) => oid === kept);
        if (commit) expect([step, seed, await missing(found, commit)]).toEqual([step, seed, []]);
        await run(found);
        const last = COMMITS.at(-1);
        if (last) expect([step, seed, await missing(found, last)]).toEqual([step, seed, []]);
        expect(found.list().filter((name) => name.endsWith('.tmp'))).toEqual([]);
      }
    }
  });
});
