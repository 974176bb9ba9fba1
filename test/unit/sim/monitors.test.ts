import { beforeEach, describe, expect, test } from '@jest/globals';
import type { EngineApi } from '../../../src/engine/api.ts';
import { Life } from '../../sim/world/agent-life.ts';
import { docker20 } from '../../sim/world/engine/profiles.ts';
import { seededRandom } from '../../sim/world/random.ts';
import { SimulatedDisk } from '../../sim/world/simulated-disk.ts';
import { SimulatedEngine } from '../../sim/world/simulated-engine.ts';
import { VirtualClock } from '../../sim/world/virtual-clock.ts';

const labels = (service: string): Record<string, string> => ({
  'dev.holdfast.site': 'site',
  'dev.holdfast.app': 'shop',
  'dev.holdfast.service': service,
  'dev.holdfast.number': '1',
});

let clock: VirtualClock;
let engine: SimulatedEngine;
let agent: EngineApi;
const run = <Value>(promise: Promise<Value>): Promise<Value> => clock.finish(promise);

beforeEach(() => {
  clock = new VirtualClock(seededRandom(1));
  engine = new SimulatedEngine(clock, seededRandom(1), docker20);
  agent = engine.api('agent');
  engine.machine.images.put('app:1', engine.machine.images.make({ Cmd: ['serve'] }));
});

const create = async (api: EngineApi, name: string, of: Record<string, string>): Promise<string> => {
  const { id } = await run(api.createContainer(name, { Image: 'app:1', Labels: of, HostConfig: {} }));
  return id;
};

describe('the monitors see', () => {
  test('a foreign container touched', async () => {
    const id = await create(engine.api('hand'), 'theirs', { 'dev.holdfast.site': 'another' });
    await run(agent.startContainer(id));
    expect(engine.monitors.violations).toEqual(['startContainer touches the foreign container theirs']);
  });

  test('a volume removed, and a foreign network', async () => {
    const network = await run(engine.api('hand').createNetwork({ Name: 'theirs' }));
    await run(engine.api('hand').createVolume({ Name: 'data' }));
    await run(agent.removeNetwork(network));
    await run(agent.removeVolume('data'));
    expect(engine.monitors.violations).toEqual(['foreign network theirs is removed', 'volume data is removed']);
  });

  test('two of one place running by the agent’s doing', async () => {
    const first = await create(agent, 'one', labels('web'));
    await run(agent.startContainer(first));
    await clock.advance(10);
    await run(agent.listContainers());
    const second = await create(agent, 'two', labels('web'));
    await run(agent.startContainer(second));
    expect(engine.monitors.violations).toEqual(['two is started while one runs in the same place site shop/web/1']);
  });

  test('a container stopped before the image of its replacement is there', async () => {
    engine.monitors.wantedImages = () => ['app:2'];
    const id = await create(agent, 'one', labels('web'));
    await run(agent.startContainer(id));
    await run(agent.stopContainer(id));
    expect(engine.monitors.violations).toHaveLength(1);
    engine.machine.images.put('app:2', engine.machine.images.make({ Cmd: ['serve'] }));
    await run(agent.startContainer(id));
    await run(agent.stopContainer(id));
    expect(engine.monitors.violations).toHaveLength(1);
  });

  test('nothing in an ordinary replacement', async () => {
    engine.monitors.wantedImages = () => ['app:1'];
    const old = await create(agent, 'one', labels('web'));
    await run(agent.startContainer(old));
    const fresh = await create(agent, 'one-new', labels('web'));
    await run(agent.stopContainer(old));
    await run(agent.startContainer(fresh));
    await run(agent.removeContainer(old, false));
    await run(agent.renameContainer(fresh, 'one'));
    expect(engine.monitors.violations).toEqual([]);
  });
});

describe('a life', () => {
  test('that ends answers nothing more, while what was asked may have happened', async () => {
    const life = new Life(seededRandom(1));
    const api = life.api(agent);
    life.diesAt = { effect: 1, moment: 'after' };
    let answered = false;
    api.createNetwork({ Name: 'front' }).then(() => {
      answered = true;
    });
    await clock.advance(1000);
    expect([life.dead, answered, engine.machine.network('front') !== undefined]).toEqual([true, false, true]);
  });

  test('leaves a file whole or untouched', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const disk = new SimulatedDisk(clock, seededRandom(seed));
      disk.plant('/state', 'old');
      const life = new Life(seededRandom(seed));
      life.diesAt = { effect: 1, moment: seed % 2 === 0 ? 'before' : 'after' };
      void life.disk(disk).write('/state', 'new');
      await clock.advance(100);
      expect(['old', 'new']).toContain(new TextDecoder().decode(disk.peek('/state')));
    }
  });

  test('fires no timers after its end', async () => {
    const life = new Life(seededRandom(1));
    let fired = 0;
    life.clock(clock).timer(10, () => {
      fired += 1;
    });
    life.kill();
    await clock.advance(100);
    expect(fired).toBe(0);
  });
});

describe('the disk', () => {
  test('fails as told and keeps the old content', async () => {
    const disk = new SimulatedDisk(clock, seededRandom(1));
    await run(disk.write('/a/b', 'one'));
    disk.broken = 'ENOSPC';
    await expect(run(disk.write('/a/b', 'two'))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(new TextDecoder().decode(await run(disk.read('/a/b')))).toBe('one');
    expect(await run(disk.list('/a'))).toEqual(['b']);
    expect(disk.writes).toBe(1);
  });
});
