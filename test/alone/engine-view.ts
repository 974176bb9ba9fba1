import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { EngineApi } from '../../src/engine/api.ts';
import type { Change, Engine, EngineOperation } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { ContainerSpec } from '../../src/model/spec.ts';
import type { ActualContainer } from '../../src/model/state.ts';
import { allDifferences, bringAbout } from '../support/engine/engine-property.ts';
import { ENGINES, openApi, TEST_IMAGE } from '../support/engine/engine-under-test.ts';

const SERVE = ['sh', '-c', "trap 'exit 0' TERM; while true; do sleep 0.1; done"];

/** Counts what is asked of an engine. */
function counted(api: EngineApi): { api: EngineApi; calls: string[] } {
  const calls: string[] = [];
  const names = Object.keys(api) as (keyof EngineApi)[];
  const wrapped = Object.fromEntries(
    names.map((name) => [
      name,
      (...args: unknown[]) => {
        calls.push(name);
        return (api[name] as (...args: unknown[]) => unknown)(...args);
      },
    ]),
  );
  return { api: wrapped as unknown as EngineApi, calls };
}

/** Declares the tests on one engine. Each has a file of its own, so that they run side by side. */
export function engineView(name: keyof typeof ENGINES): void {
  const host = ENGINES[name];
  const suite = host ? describe : describe.skip;
  suite(`the view of ${name}`, () => {
    const prefix = `view-${Math.random().toString(36).slice(2, 8)}-`;
    const need = { images: [TEST_IMAGE] };
    const options = {
      app: 'app',
      resolve: (ref: object) => (ref as { id: string }).id,
      signal: new AbortController().signal,
    };
    let api: EngineApi;
    let hand: EngineApi;
    let calls: string[];
    let engine: Engine;
    let changes: Change[];
    let stopWatching: () => void;
    let product: string;

    beforeAll(async () => {
      hand = await openApi(host ?? '');
    });
    beforeEach(async () => {
      ({ api, calls } = counted(await openApi(host ?? '')));
      engine = openEngine(api, { site: `${prefix}site`, clock: systemClock });
      ({ product } = await engine.facts());
      changes = [];
      stopWatching = engine.watch((change) => changes.push(change));
      await until(() => changes.length > 0, 'the engine is listened to');
    });
    afterEach(async () => {
      stopWatching();
      engine.close();
      const left = (await hand.listContainers()).filter(({ Names }) => Names?.some((each) => each.includes(prefix)));
      for (const { Id } of left) await hand.removeContainer(Id, true).catch(() => hand.removeContainer(Id, true));
      for (const { Name, Id } of await hand.listNetworks())
        if (Name.startsWith(prefix)) await hand.removeNetwork(Id ?? Name);
      for (const { Name } of await hand.listVolumes()) if (Name.startsWith(prefix)) await hand.removeVolume(Name);
    });
    afterAll(() => hand.close());

    const until = async (holds: () => boolean | Promise<boolean>, what: string): Promise<void> => {
      for (let turn = 0; turn < 300; turn++) {
        if (await holds()) return;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      throw new Error(`it never came about that ${what}; heard: ${changes.map((change) => change.what).join(', ')}`);
    };
    const perform = (operation: object) =>
      engine.perform({ id: 1, after: [], reason: 'a test', ...operation } as unknown as EngineOperation, options);
    const up = async (as: string, spec: Partial<ContainerSpec> = {}): Promise<string> => {
      const id = await bringAbout(
        engine,
        prefix + as,
        { Image: TEST_IMAGE, Cmd: SERVE, ...spec },
        (work) => work,
        `${prefix}site`,
      );
      await perform({ kind: 'startContainer', container: { name: as, id } });
      return id;
    };
    const see = async (id: string): Promise<ActualContainer | undefined> =>
      (await engine.observe(need)).containers.find((container) => container.id === id);
    /** Until nothing more comes of what was done. */
    const quiet = async (): Promise<void> => {
      for (let before = -1; before !== changes.length; ) {
        before = changes.length;
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
      await engine.observe(need);
    };

    test('an observation with nothing to see costs one list', async () => {
      const id = await up('web', { Memory: 64 * 2 ** 20 });
      await quiet();
      calls.length = 0;
      expect(await see(id)).toMatchObject({ status: 'running', health: 'none', exitCode: 0 });
      // Podman says nothing of networks that come and go.
      expect(calls.filter((call) => product !== 'Podman' || call !== 'listNetworks')).toEqual(['listContainers']);
    });

    test('events of foreign containers are no change and cost nothing', async () => {
      await up('web');
      await quiet();
      changes.length = 0;
      calls.length = 0;
      const foreign = await hand.createContainer(`${prefix}foreign`, { Image: TEST_IMAGE, Cmd: SERVE, HostConfig: {} });
      await hand.startContainer(foreign.id);
      await hand.stopContainer(foreign.id, 1);
      const { foreignNames } = await engine.observe(need);
      expect(foreignNames[`${prefix}foreign`]).toBe(foreign.id);
      expect(
        calls.filter((call) => !['listContainers', ...(product === 'Podman' ? ['listNetworks'] : [])].includes(call)),
      ).toEqual([]);
      expect(changes).toEqual([]);
    });

    test('a container that dies, stops or goes is told of, and seen', async () => {
      const id = await up('web');
      await quiet();
      changes.length = 0;
      await hand.stopContainer(id, 0);
      await until(() => changes.some(({ what }) => what.includes('died')), 'its death was told');
      expect(changes.filter(({ app }) => app !== 'app')).toEqual([]);
      expect(await see(id)).toMatchObject({ status: 'exited', exitCode: expect.any(Number) });
      await hand.removeContainer(id, true);
      await until(() => changes.some(({ what }) => what.includes('removed')), 'its removal was told');
      expect(await see(id)).toBeUndefined();
    });

    test('a limit changed by hand is told of, and seen', async () => {
      if (!(await engine.facts()).can.update) return;
      const id = await up('web', { Memory: 64 * 2 ** 20 });
      await quiet();
      changes.length = 0;
      await hand.updateContainer(id, { Memory: 128 * 2 ** 20, MemorySwap: 256 * 2 ** 20 });
      await until(() => changes.some(({ what }) => what.includes('updated')), 'the update was told');
      const wanted: ContainerSpec = { Image: TEST_IMAGE, Cmd: SERVE, Memory: 64 * 2 ** 20 };
      expect(allDifferences(await engine.observe(need), id, wanted)).toEqual(['memory: 128m, wanted 64m']);
      await perform({ kind: 'updateContainer', container: { name: 'web', id }, changes: { Memory: 64 * 2 ** 20 } });
      expect(allDifferences(await engine.observe(need), id, wanted)).toEqual([]);
    });

    test('another name is told of, and seen', async () => {
      const id = await up('web');
      await quiet();
      await hand.renameContainer(id, `${prefix}renamed`);
      await until(() => changes.some(({ what }) => what.includes('renamed')), 'the renaming was told');
      expect((await see(id))?.name).toBe(`${prefix}renamed`);
    });

    test('a network left by hand is seen', async () => {
      await perform({ kind: 'createNetwork', key: 'front', network: { Name: `${prefix}front` } });
      const id = await up('web', { Networks: { [`${prefix}front`]: { Aliases: ['web'] } } });
      await quiet();
      const wanted = { Image: TEST_IMAGE, Cmd: SERVE, Networks: { [`${prefix}front`]: { Aliases: ['web'] } } };
      expect(allDifferences(await engine.observe(need), id, wanted)).toEqual([]);
      await hand.disconnectNetwork(`${prefix}front`, id);
      await until(
        async () => (await see(id))?.spec.Networks?.[`${prefix}front`] === undefined,
        'it is seen to have left',
      );
      expect(allDifferences(await engine.observe(need), id, wanted)).toEqual([`not connected to ${prefix}front`]);
      await hand.connectNetwork(`${prefix}front`, id, {});
      await until(
        async () => (await see(id))?.spec.Networks?.[`${prefix}front`] !== undefined,
        'it is seen to be back',
      );
      expect(allDifferences(await engine.observe(need), id, wanted)).toEqual([
        `on ${prefix}front: aliases none, wanted web`,
      ]);
    });

    test('networks and volumes carry whose they are, and are seen when they come and go', async () => {
      await perform({
        kind: 'createNetwork',
        key: 'front',
        network: { Name: `${prefix}front`, Labels: { mine: 'yes' } },
      });
      await perform({ kind: 'createVolume', key: 'data', volume: { Name: `${prefix}data`, Labels: { mine: 'yes' } } });
      const { networks, volumes } = await engine.observe(need);
      expect(networks[`${prefix}front`]).toMatchObject({
        owner: { site: `${prefix}site`, app: 'app', key: 'front' },
        spec: { Labels: { mine: 'yes' } },
      });
      expect(volumes[`${prefix}data`]?.owner).toEqual({ site: `${prefix}site`, app: 'app', key: 'data' });
      await hand.removeVolume(`${prefix}data`);
      await hand.removeNetwork(`${prefix}front`);
      await until(async () => {
        const seen = await engine.observe(need);
        return !seen.networks[`${prefix}front`] && !seen.volumes[`${prefix}data`];
      }, 'both are seen to be gone');
    });

    test('files are in the container when it starts, with their modes', async () => {
      const files = [
        { path: '/run/secrets/key', content: Buffer.from('s3cret'), mode: 0o400, uid: 65534, gid: 65534 },
        { path: '/new/folder/app.conf', content: Buffer.from('a=1\n'), mode: 0o444, uid: 0, gid: 0 },
      ];
      const check =
        'test "$(cat /run/secrets/key)" = s3cret && test "$(stat -c %a:%u /run/secrets/key)" = 400:65534 && test "$(cat /new/folder/app.conf)" = a=1 && exit 7';
      const id = await bringAbout(
        engine,
        `${prefix}web`,
        { Image: TEST_IMAGE, Cmd: ['sh', '-c', check], User: '65534' },
        (work) => work,
        `${prefix}site`,
      );
      await perform({ kind: 'copyFiles', container: { name: 'web', id }, files });
      await perform({ kind: 'startContainer', container: { name: 'web', id } });
      await until(async () => (await see(id))?.status === 'exited', 'it ended');
      expect((await see(id))?.exitCode).toBe(7);
    });

    test('a service of the same app is known by its name, in a namespace that is joined', async () => {
      const main = await up('main');
      const spec: ContainerSpec = { Image: TEST_IMAGE, Cmd: SERVE, NetworkMode: 'service:main' };
      const sidecar = await bringAbout(engine, `${prefix}sidecar`, spec, (work) => work, `${prefix}site`, {
        'service:main': main,
      });
      const foreign = await hand.createContainer(`${prefix}foreign`, { Image: TEST_IMAGE, Cmd: SERVE, HostConfig: {} });
      await hand.startContainer(foreign.id);
      const joined: ContainerSpec = { Image: TEST_IMAGE, Cmd: SERVE, NetworkMode: `container:${prefix}foreign` };
      const other = await bringAbout(engine, `${prefix}other`, joined, (work) => work, `${prefix}site`);
      const site = await engine.observe(need);
      expect(site.containers.find(({ id }) => id === sidecar)?.spec.NetworkMode).toBe(`service:${prefix}main`);
      expect(site.containers.find(({ id }) => id === other)?.spec.NetworkMode).toBe(`container:${prefix}foreign`);
      for (const id of [sidecar, other]) await hand.removeContainer(id, true);
    });

    test('a tag that moves by hand is told of, and seen', async () => {
      const tag = `holdfast-test/${prefix}moved:1`.toLowerCase();
      const docker = (...words: string[]) =>
        promisify(execFile)('curl', ['-sf', '--unix-socket', (host ?? '').replace('unix://', ''), ...words]);
      await engine.observe({ images: [tag] });
      expect((await engine.observe({ images: [tag] })).images[tag]).toBeUndefined();
      const [repository, version] = tag.split(':');
      await docker('-X', 'POST', `http://engine/v1.41/images/${TEST_IMAGE}/tag?repo=${repository}&tag=${version}`);
      try {
        await until(async () => (await engine.observe({ images: [tag] })).images[tag] !== undefined, 'the tag is seen');
        expect(changes.some(({ what }) => what.includes('image'))).toBe(true);
      } finally {
        await docker('-X', 'DELETE', `http://engine/v1.41/images/${tag}`);
      }
      await until(
        async () => (await engine.observe({ images: [tag] })).images[tag] === undefined,
        'the tag is seen to be gone',
      );
    });
  });
}
