import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Accepted, acceptedStore } from '../../../src/agent/state/accepted.ts';
import { type Disk, systemDisk } from '../../../src/lib/disk.ts';
import { StateError } from '../../../src/lib/errors.ts';
import type { PlacedApp } from '../../../src/model/fleet.ts';
import { seededRandom } from '../../sim/world/random.ts';
import { PowerCutFiles, powerCutDisk } from '../../support/site/power-cut-files.ts';

// Every write is synced; a slow disk takes a while for that.
jest.setTimeout(60_000);

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-accepted-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const placed = (name: string): PlacedApp => ({
  name,
  nameIsFixed: true,
  folder: `apps/${name}`,
  compose: [`apps/${name}/compose.yaml`],
  profiles: [],
  sync: {},
  pruneVolumes: false,
  suspend: false,
  values: {},
  siteValues: [],
});

/** A state of apps whose Compose files read as given. */
function state(revision: string, texts: Record<string, string>): Accepted {
  return {
    url: 'https://host/fleet.git',
    ref: 'main',
    commit: revision,
    site: { site: 'one', revision, broken: [], vanished: {}, allowEmpty: false, pruneThreshold: 50, confirmPrune: [] },
    apps: Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [
        name,
        {
          placed: placed(name),
          revision: 'r1',
          recorded: {
            files: {
              [`apps/${name}/compose.yaml`]: { content: Buffer.from(text), executable: false },
              [`apps/${name}/run.sh`]: { content: Buffer.from([0, 255, 10]), executable: true },
            },
            lists: { [`apps/${name}`]: [{ name: 'compose.yaml', kind: 'file' as const }], none: null },
            missing: [`apps/${name}/.env`],
          },
        },
      ]),
    ),
  };
}

/** The disk, counting its effects; from the `failAt`th on they fail. */
function counting(failAt = Number.POSITIVE_INFINITY): Disk & { effects: number } {
  const disk = {
    ...systemDisk,
    effects: 0,
    write: (path: string, content: Uint8Array | string, mode?: number) =>
      act(() => systemDisk.write(path, content, mode)),
    remove: (path: string) => act(() => systemDisk.remove(path)),
  };
  const act = async (effect: () => Promise<void>): Promise<void> => {
    disk.effects += 1;
    if (disk.effects >= failAt) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    await effect();
  };
  return disk;
}

const load = () => acceptedStore(systemDisk, dir, 'test').load();
const blobPath = async (content: string): Promise<string> => {
  for (const name of await readdir(join(dir, 'blobs'))) {
    const path = join(dir, 'blobs', name);
    if ((await readFile(path, 'utf8')) === content) return path;
  }
  throw new Error(`no blob holds ${content}`);
};

describe('the accepted state', () => {
  test('comes back as it was saved', async () => {
    const saved = { ...state('r1', { web: 'a', db: 'b', __proto__x: 'c' }), firstName: 'web' };
    await acceptedStore(systemDisk, dir, 'test').save(saved);
    const { accepted, problems } = await load();
    expect(accepted).toEqual(saved);
    expect(problems).toEqual([]);
  });

  test('is nothing where nothing was saved', async () => {
    expect(await load()).toEqual({ problems: [], isByOther: false });
  });

  test('is readable by its owner alone', async () => {
    await acceptedStore(systemDisk, dir, 'test').save(state('r1', { web: 'a' }));
    const files = [
      join(dir, 'accepted.json'),
      ...(await readdir(join(dir, 'blobs'))).map((name) => join(dir, 'blobs', name)),
    ];
    for (const file of files) expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('is not written again when nothing changed, also by the next run', async () => {
    await acceptedStore(systemDisk, dir, 'test').save(state('r1', { web: 'a' }));
    const disk = counting();
    const store = acceptedStore(disk, dir, 'test');
    await store.load();
    await store.save(state('r1', { web: 'a' }));
    expect(disk.effects).toBe(0);
  });

  test('is saved in one write when a commit changes no app', async () => {
    const disk = counting();
    const store = acceptedStore(disk, dir, 'test');
    await store.save(state('r1', { web: 'a' }));
    const before = disk.effects;
    await store.save(state('r2', { web: 'a' }));
    expect(disk.effects - before).toBe(1);
  });

  test('drops what it no longer needs, and what a crash left', async () => {
    const store = acceptedStore(systemDisk, dir, 'test');
    await store.save(state('r1', { web: 'old', db: 'x' }));
    await writeFile(join(dir, 'blobs', '.abc.holdfast-tmp'), '');
    await writeFile(join(dir, '.abc.holdfast-tmp'), '');
    await store.save(state('r2', { web: 'new' }));
    // The app, its Compose file and its script.
    expect((await readdir(join(dir, 'blobs'))).length).toBe(3);
    expect((await readdir(dir)).sort()).toEqual(['accepted.json', 'blobs']);
  });

  test('is the old or the new one after a crash at any moment', async () => {
    const [before, after] = [state('r1', { web: 'old', db: 'x' }), state('r2', { web: 'new', db: 'x', more: 'y' })];
    const seen = new Set<string>();
    for (let failAt = 1; ; failAt++) {
      await rm(dir, { recursive: true });
      await acceptedStore(systemDisk, dir, 'test').save(before);
      const disk = counting(failAt);
      const store = acceptedStore(disk, dir, 'test');
      await store.load();
      const failed = await store.save(after).then(
        (problems) => problems.length > 0,
        (error: unknown) => error instanceof StateError,
      );
      const { accepted, problems } = await load();
      expect(problems).toEqual([]);
      seen.add(accepted?.commit ?? 'none');
      expect(accepted).toEqual(accepted?.commit === 'r1' ? before : after);
      if (!failed) break;
      // The disk has room again: the same run saves what it could not.
      disk.effects = Number.NEGATIVE_INFINITY;
      await store.save(after);
      expect((await load()).accepted).toEqual(after);
    }
    expect(seen).toEqual(new Set(['r1', 'r2']));
  });
});

describe('damage', () => {
  test('to any bit of the index is noticed; the index is set aside and nothing in it is believed', async () => {
    const store = acceptedStore(systemDisk, dir, 'test');
    await store.save(state('r1', { web: 'a' }));
    const good = await readFile(join(dir, 'accepted.json'));
    for (let at = 0; at < good.length - 1; at += 5) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 7));
      await writeFile(join(dir, 'accepted.json'), bad);
      const { accepted, problems } = await load();
      expect(accepted).toBeUndefined();
      expect(problems).toHaveLength(1);
    }
    const kept = (await readdir(dir)).filter((name) => name.includes('corrupt'));
    expect(kept).toHaveLength(3);
    expect(await readdir(dir)).not.toContain('accepted.json');
  });

  test('that cuts the index short is noticed in the same way', async () => {
    await acceptedStore(systemDisk, dir, 'test').save(state('r1', { web: 'a' }));
    const good = await readFile(join(dir, 'accepted.json'));
    for (const length of [0, 1, good.length >> 1, good.length - 2]) {
      await writeFile(join(dir, 'accepted.json'), good.subarray(0, length));
      const { accepted, problems } = await load();
      expect(accepted).toBeUndefined();
      expect(problems[0]).toMatch(
        /accepted\.json is damaged: the state that was accepted last is lost; it was set aside as .*corrupt-\d+$/,
      );
    }
  });

  test.each([
    ['flipped', (content: Buffer) => Buffer.concat([Buffer.from([(content[0] ?? 0) ^ 4]), content.subarray(1)])],
    ['cut short', (content: Buffer) => content.subarray(1)],
    ['lost', () => undefined],
  ])('to the file of one app (%s) affects that app alone, which is broken and not removed', async (_, damage) => {
    const saved = state('r1', { web: 'aaa', db: 'bbb' });
    await acceptedStore(systemDisk, dir, 'test').save(saved);
    const path = await blobPath('aaa');
    const damaged = damage(await readFile(path));
    if (damaged) await writeFile(path, damaged);
    else await rm(path);
    const store = acceptedStore(systemDisk, dir, 'test');
    const { accepted, problems } = await store.load();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^the accepted state of web is lost: .*\/blobs\/[0-9a-f]{64} is (missing|damaged)/);
    expect(Object.keys(accepted?.apps ?? {})).toEqual(['db']);
    expect(accepted?.site.broken).toEqual([{ name: 'web', problems: [{ message: problems[0], app: 'web' }] }]);
    await store.save(saved);
    expect(await load()).toEqual({ accepted: saved, problems: [], isByOther: false });
  });

  test('that cannot be set aside is still reported', async () => {
    await writeFile(join(dir, 'accepted.json'), 'x');
    const { accepted, problems } = await acceptedStore(counting(1), dir, 'test').load();
    expect(accepted).toBeUndefined();
    expect(problems[0]).toMatch(/it cannot be set aside: ENOSPC/);
  });
});

test('a power cut at any step of any save leaves the state before it or the one after, whole', async () => {
  const states = [
    state('a', { web: 'one', db: 'two' }),
    state('b', { web: 'one', db: 'changed' }),
    state('c', { web: 'other', tv: 'three' }),
    state('d', { web: 'one' }),
  ];
  const run = async (files: PowerCutFiles): Promise<number> => {
    const store = acceptedStore(powerCutDisk(files), '/accepted', 'test');
    let saved = -1;
    try {
      await store.load();
      for (const each of states) {
        await store.save(each);
        saved++;
      }
    } catch (error) {
      expect(error).toBeInstanceOf(StateError);
    }
    return saved;
  };
  const whole = new PowerCutFiles();
  await run(whole);
  for (let step = 0; step <= whole.steps; step++) {
    const files = new PowerCutFiles();
    files.cutAt = step;
    const saved = await run(files);
    const found = files.afterCut(seededRandom(step).next);
    const { accepted, problems } = await acceptedStore(powerCutDisk(found), '/accepted', 'test').load();
    expect({ step, problems }).toEqual({ step, problems: [] });
    expect([states[saved], states[saved + 1]]).toContainEqual(accepted);
    expect(await run(found)).toBe(states.length - 1);
  }
});
