import { describe, expect, test } from '@jest/globals';
import type { CreateContainerBody, EventBody, HostConfigBody } from '../../../src/container/engine-api.ts';
import type { EngineApi } from '../../../src/engine/api.ts';
import { exit, pause } from '../../sim/world/engine/lifecycle.ts';
import { docker20, docker28, type EngineProfile, podman } from '../../sim/world/engine/profiles.ts';
import { restartEngine } from '../../sim/world/engine/restart.ts';
import { seededRandom } from '../../sim/world/random.ts';
import { SimulatedEngine } from '../../sim/world/simulated-engine.ts';
import { VirtualClock } from '../../sim/world/virtual-clock.ts';

interface Bench {
  clock: VirtualClock;
  engine: SimulatedEngine;
  api: EngineApi;
  events: EventBody[];
  /** Runs a call to its end. */
  run: <Value>(promise: Promise<Value>) => Promise<Value>;
  /** Creates and starts a container; resolves to its ID. */
  up: (name: string, body?: Partial<CreateContainerBody>, host?: HostConfigBody) => Promise<string>;
  status: (id: string) => Promise<string>;
}

async function bench(profile: EngineProfile = docker20): Promise<Bench> {
  const clock = new VirtualClock(seededRandom(3));
  const engine = new SimulatedEngine(clock, seededRandom(3), profile);
  const api = engine.api('hand');
  const events: EventBody[] = [];
  engine.machine.images.put(
    'app:1',
    engine.machine.images.make({ Cmd: ['serve'], Env: ['FROM=image'], Labels: { built: 'ci' } }),
  );
  api.events({ open: () => {}, event: (event) => events.push(event) }, new AbortController().signal).catch(() => {});
  await clock.advance(5);
  const run: Bench['run'] = (promise) => clock.finish(promise);
  const up: Bench['up'] = async (name, body = {}, host = {}) => {
    const { id } = await run(api.createContainer(name, { Image: 'app:1', ...body, HostConfig: host }));
    await run(api.startContainer(id));
    return id;
  };
  const status = async (id: string): Promise<string> => (await run(api.inspectContainer(id))).State.Status;
  return { clock, engine, api, events, run, up, status };
}

const actions = (events: EventBody[], type = 'container'): string[] =>
  events.filter((event) => event.Type === type).map((event) => event.Action);

describe('the life of a container', () => {
  test('runs, stops and says so as the engine does', async () => {
    for (const [profile, expected] of [
      [docker20, ['create', 'start', 'kill', 'die', 'stop', 'destroy']],
      [docker28, ['create', 'start', 'kill', 'stop', 'die', 'destroy']],
      [podman, ['create', 'start', 'die', 'cleanup', 'cleanup', 'remove']],
    ] as const) {
      const { clock, events, run, api, up, status } = await bench(profile);
      const id = await up('web');
      expect(await status(id)).toBe('running');
      await run(api.stopContainer(id));
      expect(await status(id)).toBe('exited');
      await run(api.removeContainer(id, false));
      await clock.advance(100);
      expect(actions(events)).toEqual(expected);
    }
  });

  test('the engine restarts what its policy covers, with a doubling pause', async () => {
    const { clock, events, up, run, api } = await bench();
    const id = await up('web', { Cmd: ['crash', '50'] }, { RestartPolicy: { Name: 'always' } });
    await clock.advance(2000);
    const starts = events.filter((event) => event.Action === 'start').map((event) => (event.timeNano ?? 0) / 1e6);
    const gaps = starts.slice(1).map((time, index) => Math.round(time - (starts[index] ?? 0)));
    expect(gaps.slice(0, 4)).toEqual([150, 250, 450, 850]);
    expect((await run(api.inspectContainer(id))).RestartCount).toBe(4);
  });

  test('a stop by hand switches the policy off until the next start', async () => {
    const { clock, engine, run, api, up, status } = await bench();
    const id = await up('web', {}, { RestartPolicy: { Name: 'always' } });
    await run(api.stopContainer(id));
    await clock.advance(60_000);
    expect(await status(id)).toBe('exited');
    await run(api.startContainer(id));
    exit(engine.machine, engine.machine.find(id), 1, 'engine');
    await clock.advance(1000);
    expect(await status(id)).toBe('running');
  });

  test('on-failure gives up after its count and leaves an exit of 0 alone', async () => {
    const { clock, up, status, run, api } = await bench();
    const limited = await up(
      'limited',
      { Cmd: ['crash', '10'] },
      { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
    );
    const done = await up('done', { Cmd: ['job', '10'] }, { RestartPolicy: { Name: 'on-failure' } });
    await clock.advance(60_000);
    expect([await status(limited), await status(done)]).toEqual(['exited', 'exited']);
    expect((await run(api.inspectContainer(limited))).RestartCount).toBe(2);
  });

  test('a container whose command does not exist does not start, and its state says why', async () => {
    const { run, api, events, clock } = await bench();
    const { id } = await run(api.createContainer('web', { Image: 'app:1', Cmd: ['nonsense'], HostConfig: {} }));
    await expect(run(api.startContainer(id))).rejects.toMatchObject({ kind: 'startFailed' });
    const { State } = await run(api.inspectContainer(id));
    expect(State).toMatchObject({ Status: 'created', ExitCode: 127, Error: expect.stringContaining('nonsense') });
    await clock.advance(50);
    expect(actions(events)).toEqual(['create']);
  });

  test('a process that ignores the stop signal is killed after the grace period', async () => {
    const { clock, run, api, up } = await bench();
    const id = await up('web', { Cmd: ['sleep', '1000'] });
    const before = clock.monotonic();
    await run(api.stopContainer(id, 3));
    expect(clock.monotonic() - before).toBeGreaterThanOrEqual(3000);
    expect((await run(api.inspectContainer(id))).State.ExitCode).toBe(137);
  });

  test('a paused container is neither started nor removed without force, and stops', async () => {
    const { engine, run, api, up, status } = await bench();
    const id = await up('web');
    pause(engine.machine, engine.machine.find(id));
    await expect(run(api.startContainer(id))).rejects.toMatchObject({ kind: 'conflict' });
    await expect(run(api.removeContainer(id, false))).rejects.toMatchObject({ kind: 'conflict' });
    await run(api.unpauseContainer(id));
    expect(await status(id)).toBe('running');
  });

  test('health follows its probes', async () => {
    const { clock, engine, run, api, up, events } = await bench();
    const id = await up('web', {
      Healthcheck: { Test: ['CMD', 'ready', '2500'], Interval: 1e9, Retries: 2, StartPeriod: 5e9 },
    });
    const health = async (): Promise<string | undefined> => (await run(api.inspectContainer(id))).State.Health?.Status;
    expect(await health()).toBe('starting');
    await clock.advance(3500);
    expect(await health()).toBe('healthy');
    engine.machine.find(id).sick = true;
    await clock.advance(5000);
    expect(await health()).toBe('unhealthy');
    expect(actions(events).filter((action) => action.startsWith('health'))).toEqual([
      'health_status: healthy',
      'health_status: unhealthy',
    ]);
  });
});

describe('the engine refuses', () => {
  test('a name that is taken, an image that is not there, a host port that is held', async () => {
    const { run, api, up } = await bench();
    const ports = { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } };
    const first = await up('web', {}, ports);
    await expect(run(api.createContainer('web', { Image: 'app:1', HostConfig: {} }))).rejects.toMatchObject({
      kind: 'nameTaken',
    });
    await expect(run(api.createContainer('x1', { Image: 'no:1', HostConfig: {} }))).rejects.toMatchObject({
      kind: 'notFound',
    });
    const { id } = await run(api.createContainer('other', { Image: 'app:1', HostConfig: ports }));
    await expect(run(api.startContainer(id))).rejects.toMatchObject({ kind: 'portTaken' });
    await run(api.stopContainer(first));
    await run(api.startContainer(id));
  });

  test('several networks at create, if it is too old for that', async () => {
    const body = {
      Image: 'app:1',
      HostConfig: { NetworkMode: 'a' },
      NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } },
    };
    for (const [profile, works] of [
      [docker20, false],
      [docker28, true],
    ] as const) {
      const { run, api } = await bench(profile);
      await run(api.createNetwork({ Name: 'a' }));
      await run(api.createNetwork({ Name: 'b' }));
      const created = run(api.createContainer('web', structuredClone(body)));
      if (works) await created;
      else await expect(created).rejects.toMatchObject({ kind: 'invalid' });
    }
  });

  test('a network in use, a volume in use, a start on a network that is gone', async () => {
    const { run, api, up } = await bench(docker20);
    const network = await run(api.createNetwork({ Name: 'front' }));
    const id = await up('web', {}, { NetworkMode: 'front', Binds: ['data:/data'] });
    await expect(run(api.removeNetwork(network))).rejects.toMatchObject({ kind: 'conflict' });
    await expect(run(api.removeVolume('data'))).rejects.toMatchObject({ kind: 'conflict' });
    await run(api.stopContainer(id));
    await run(api.removeNetwork(network));
    await expect(run(api.startContainer(id))).rejects.toMatchObject({ kind: 'startFailed' });
  });

  test('as Podman, to remove the network of a stopped container, and to update a container', async () => {
    const { run, api, up } = await bench(podman);
    const network = await run(api.createNetwork({ Name: 'front' }));
    const id = await up('web', {}, { NetworkMode: 'front' });
    await run(api.stopContainer(id));
    await expect(run(api.removeNetwork(network))).rejects.toMatchObject({ kind: 'conflict' });
    await expect(run(api.updateContainer(id, { Memory: 1e8 }))).rejects.toMatchObject({ kind: 'unsupported' });
  });

  test('a pull while the registry is away, or of an image that the registry does not have', async () => {
    const { run, api, engine } = await bench();
    const { registry } = engine.machine.images;
    registry.offer('new:1', engine.machine.images.make({ Cmd: ['serve'] }));
    registry.up = false;
    await expect(run(api.pullImage('new:1', {}))).rejects.toMatchObject({ kind: 'pullFailed' });
    registry.up = true;
    await expect(run(api.pullImage('new:2', {}))).rejects.toMatchObject({ kind: 'pullFailed' });
    await run(api.pullImage('docker.io/library/new:1', {}));
    expect(await run(api.inspectImage('new:1'))).toBeDefined();
  });
});

describe('the echo', () => {
  test('merges the image in, names the host by the ID, doubles the memory as swap', async () => {
    const { run, api, up } = await bench();
    const id = await up('web', { Env: ['OWN=1'] }, { Memory: 64 * 2 ** 20 });
    const { Config, HostConfig } = await run(api.inspectContainer(id));
    expect(Config).toMatchObject({
      Hostname: id.slice(0, 12),
      Env: ['OWN=1', 'FROM=image'],
      Labels: { built: 'ci' },
      Cmd: ['serve'],
    });
    expect(HostConfig).toMatchObject({ MemorySwap: 128 * 2 ** 20, RestartPolicy: { Name: 'no' } });
  });

  test('an entrypoint of its own clears the command of the image', async () => {
    const { run, api, up } = await bench();
    const id = await up('web', { Entrypoint: ['serve'] });
    expect((await run(api.inspectContainer(id))).Config.Cmd ?? []).toEqual([]);
  });

  test('adds the short ID to aliases before API 1.45 only', async () => {
    for (const [profile, added] of [
      [docker20, true],
      [docker28, false],
    ] as const) {
      const { run, api, up } = await bench(profile);
      await run(api.createNetwork({ Name: 'front' }));
      const id = await up(
        'web',
        { NetworkingConfig: { EndpointsConfig: { front: { Aliases: ['web'] } } } },
        { NetworkMode: 'front' },
      );
      const aliases = (await run(api.inspectContainer(id))).NetworkSettings?.Networks?.front?.Aliases;
      expect(aliases).toEqual(added ? ['web', id.slice(0, 12)] : ['web']);
    }
  });

  test('a volume of the image is anonymous, and outlives its container', async () => {
    const { run, api, engine } = await bench();
    engine.machine.images.put('db:1', engine.machine.images.make({ Cmd: ['serve'], Volumes: { '/data': {} } }));
    const { id } = await run(api.createContainer('db', { Image: 'db:1', HostConfig: {} }));
    const name = (await run(api.inspectContainer(id))).Mounts?.[0]?.Name ?? '';
    expect(name).toMatch(/^[0-9a-f]{64}$/);
    await run(api.removeContainer(id, true));
    expect((await run(api.listVolumes())).map((volume) => volume.Name)).toContain(name);
  });
});

describe('an engine that goes away', () => {
  test('breaks its streams, answers nothing, and brings back what its policies say', async () => {
    const cases = [
      ['term', 'always', true, 'running'],
      ['term', 'unless-stopped', true, 'exited'],
      ['term', 'unless-stopped', false, 'running'],
      ['term', 'no', false, 'exited'],
      ['kill', 'unless-stopped', false, 'exited'],
      ['kill', 'always', false, 'running'],
      ['power', 'unless-stopped', false, 'running'],
      ['live', 'no', false, 'running'],
    ] as const;
    for (const [mode, policy, stopped, expected] of cases) {
      const { clock, engine, run, api, up, status } = await bench();
      const id = await up('web', {}, { RestartPolicy: { Name: policy } });
      if (stopped) await run(api.stopContainer(id));
      restartEngine(engine.machine, mode, 2000);
      expect(engine.machine.bus.streams).toBe(0);
      await expect(run(api.listContainers())).rejects.toMatchObject({ kind: 'unreachable' });
      await clock.advance(3000);
      expect(`${mode} ${policy} ${await status(id)}`).toBe(`${mode} ${policy} ${expected}`);
    }
  });
});
