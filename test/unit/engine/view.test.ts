import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../../src/container/engine-api.ts';
import type { EngineApi, EventListener } from '../../../src/engine/api.ts';
import type { Change, Engine } from '../../../src/engine/engine.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { EngineError } from '../../../src/lib/errors.ts';
import { docker20 } from '../../sim/world/engine/profiles.ts';
import { seededRandom } from '../../sim/world/random.ts';
import { SimulatedEngine } from '../../sim/world/simulated-engine.ts';
import { VirtualClock } from '../../sim/world/virtual-clock.ts';
import { bringAbout } from '../../support/engine/engine-property.ts';

const IMAGE = 'app:1';
const need = { images: [IMAGE] };

interface Bench {
  clock: VirtualClock;
  /** As somebody beside the agent. */
  hand: EngineApi;
  engine: Engine;
  calls: string[];
  changes: Change[];
  /** Replaces functions of the engine that the view sees. */
  override: Partial<EngineApi>;
  /** Where the events of the engine go. */
  listeners: EventListener[];
  run: <T>(work: Promise<T>) => Promise<T>;
  up: (name: string) => Promise<string>;
}

function bench(): Bench {
  const clock = new VirtualClock(seededRandom(7));
  const simulated = new SimulatedEngine(clock, seededRandom(7), docker20, 'site');
  const { images } = simulated.machine;
  images.put(IMAGE, images.make({ Cmd: ['serve'] }));
  const hand = simulated.api('hand');
  const calls: string[] = [];
  const override: Partial<EngineApi> = {};
  const listeners: EventListener[] = [];
  const api = new Proxy(hand, {
    get:
      (target, name: keyof EngineApi) =>
      (...args: unknown[]) => {
        calls.push(name);
        const overridden = override[name] ?? target[name];
        if (name === 'events') listeners.push(args[0] as EventListener);
        return (overridden as (...args: unknown[]) => unknown).apply(target, args);
      },
  });
  const engine = openEngine(api, { site: 'site', clock });
  const run = <T>(work: Promise<T>): Promise<T> => clock.finish(work);
  const up = async (name: string): Promise<string> => {
    const id = await bringAbout(engine, name, { Image: IMAGE }, run);
    await run(hand.startContainer(id));
    return id;
  };
  return { clock, hand, engine, calls, changes: [], override, listeners, run, up };
}

/** A bench that is listened to, and whose view is settled. */
async function watched(): Promise<Bench & { settle: () => Promise<void> }> {
  const all = bench();
  all.engine.watch((change) => all.changes.push(change));
  await all.clock.advance(100);
  const settle = async (): Promise<void> => {
    await all.clock.advance(1000);
    await all.run(all.engine.observe(need));
    all.calls.length = 0;
    all.changes.length = 0;
  };
  return { ...all, settle };
}

describe('while events are listened to', () => {
  test('nothing to see costs one list, whatever is running', async () => {
    const { engine, up, settle, run, calls } = await watched();
    for (const name of ['aa', 'bb', 'cc']) await up(name);
    await settle();
    const site = await run(engine.observe(need));
    expect(site.containers.map(({ name }) => name)).toEqual(['aa', 'bb', 'cc']);
    expect(site.images[IMAGE]).toBeDefined();
    expect(calls).toEqual(['listContainers']);
  });

  test('a container that an event touched is inspected, and no other', async () => {
    const { engine, up, settle, run, calls, hand, changes, clock } = await watched();
    const [a = ''] = [await up('aa'), await up('bb')];
    await settle();
    await run(hand.updateContainer(a, { NanoCpus: 5e8 }));
    await clock.advance(100);
    expect(changes).toEqual([{ app: 'app', what: 'aa was updated' }]);
    const site = await run(engine.observe(need));
    expect(site.containers.find(({ id }) => id === a)?.spec.NanoCpus).toBe(5e8);
    expect(calls).toEqual(['listContainers', 'inspectContainer']);
  });

  test('a changed line of the list is enough, without an event', async () => {
    const { engine, up, settle, run, calls, hand, listeners } = await watched();
    const a = await up('aa');
    await settle();
    for (const listener of listeners) listener.event = () => undefined;
    await run(hand.stopContainer(a));
    expect((await run(engine.observe(need))).containers[0]?.status).toBe('exited');
    expect(calls).toEqual(['listContainers', 'inspectContainer']);
  });

  test('an event that comes while a container is inspected is not lost', async () => {
    const { engine, up, settle, run, calls, hand, override, clock } = await watched();
    const a = await up('aa');
    await settle();
    await run(hand.updateContainer(a, { NanoCpus: 1e8 }));
    await clock.advance(100);
    override.inspectContainer = async (id) => {
      const before = await hand.inspectContainer(id);
      await hand.updateContainer(a, { NanoCpus: 9e8 });
      await clock.sleep(100);
      return before;
    };
    await run(engine.observe(need));
    delete override.inspectContainer;
    calls.length = 0;
    expect((await run(engine.observe(need))).containers[0]?.spec.NanoCpus).toBe(9e8);
    expect(calls).toEqual(['listContainers', 'inspectContainer']);
  });

  test('an observation that failed leaves to the next what it should have seen', async () => {
    const { engine, up, settle, run, hand, override, clock } = await watched();
    const a = await up('aa');
    await settle();
    await run(hand.updateContainer(a, { NanoCpus: 1e8 }));
    await clock.advance(100);
    override.inspectContainer = () => Promise.reject(new EngineError('unreachable', 'gone for a moment'));
    await expect(run(engine.observe(need))).rejects.toMatchObject({ kind: 'unreachable' });
    delete override.inspectContainer;
    expect((await run(engine.observe(need))).containers[0]?.spec.NanoCpus).toBe(1e8);
  });

  test('the next observation sees a change by our own operation, before its event', async () => {
    const { engine, up, settle, run, listeners } = await watched();
    const a = await up('aa');
    await settle();
    for (const listener of listeners) listener.event = () => undefined;
    const options = { app: 'app', resolve: () => a, signal: new AbortController().signal };
    const about = {
      subject: { kind: 'network' as const, name: 'n' },
      cause: 'revision' as const,
      reason: '',
      after: [] as number[],
    };
    await run(
      engine.perform(
        {
          ...about,
          id: 1,
          kind: 'updateContainer',
          container: { name: 'a', id: a },
          changes: { NanoCpus: 3e8 },
        },
        options,
      ),
    );
    await run(engine.perform({ ...about, id: 2, kind: 'createNetwork', key: 'n', network: { Name: 'n' } }, options));
    const site = await run(engine.observe(need));
    expect(site.containers[0]?.spec.NanoCpus).toBe(3e8);
    expect(site.networks.n?.owner).toEqual({ site: 'site', app: 'app', key: 'n' });
  });

  test('probes and other executions mean nothing', async () => {
    const { engine, up, settle, run, calls, listeners, changes } = await watched();
    const a = await up('aa');
    await settle();
    const event = (Action: string): EventBody => ({
      Type: 'container',
      Action,
      Actor: { ID: a, Attributes: { 'dev.holdfast.site': 'site' } },
    });
    for (const action of ['exec_create: true', 'exec_start: true', 'exec_die', 'top', 'attach'])
      listeners[0]?.event(event(action));
    await run(engine.observe(need));
    expect(calls).toEqual(['listContainers']);
    expect(changes).toEqual([]);
  });

  test('observations asked for at once are one', async () => {
    const { engine, settle, run, calls } = await watched();
    await settle();
    await run(Promise.all([1, 2, 3, 4].map(() => engine.observe(need))));
    expect(calls.filter((call) => call === 'listContainers').length).toBeLessThanOrEqual(2);
  });

  test('asked to forget, it looks at everything again', async () => {
    const { engine, up, settle, run, calls } = await watched();
    await up('aa');
    await settle();
    engine.forget();
    await run(engine.observe(need));
    for (const call of ['facts', 'listContainers', 'inspectContainer', 'listNetworks', 'listVolumes', 'inspectImage'])
      expect(calls).toContain(call);
  });
});

test('without events nothing is believed', async () => {
  const { engine, up, run, calls } = bench();
  await up('aa');
  await run(engine.observe(need));
  calls.length = 0;
  await run(engine.observe(need));
  expect(calls).toContain('inspectContainer');
  expect(calls).toContain('listNetworks');
});

test('a container that vanishes between the list and its inspection is simply gone', async () => {
  const { engine, up, run, override } = bench();
  await up('aa');
  override.inspectContainer = () => Promise.reject(new EngineError('notFound', 'no such container'));
  expect((await run(engine.observe(need))).containers).toEqual([]);
});

test('a container whose labels make no sense is left alone, reported, and holds its name', async () => {
  const { engine, hand, run } = bench();
  const { id } = await run(
    hand.createContainer('odd', {
      Image: IMAGE,
      Labels: { 'dev.holdfast.site': 'site', 'dev.holdfast.app': 'x' },
      HostConfig: {},
    }),
  );
  const site = await run(engine.observe(need));
  expect(site.containers).toEqual([]);
  expect(site.foreignNames).toEqual({ odd: id });
  expect(site.problems).toMatchObject([
    { message: 'container odd is left alone: its label dev.holdfast.service is missing' },
  ]);
});

test('a container of another site is foreign', async () => {
  const { engine, run } = bench();
  const id = await bringAbout(engine, 'mine', { Image: IMAGE }, run);
  const { hand, ...other } = bench();
  const theirs = await other.run(
    hand.createContainer('theirs', { Image: IMAGE, Labels: { 'dev.holdfast.site': 'elsewhere' }, HostConfig: {} }),
  );
  expect((await other.run(other.engine.observe(need))).foreignNames).toEqual({ theirs: theirs.id });
  expect((await run(engine.observe(need))).containers.map((container) => container.id)).toEqual([id]);
});

describe('a stream that breaks', () => {
  test('is opened again after a growing pause, and everything is read again', async () => {
    const { engine, run, clock, changes, override, calls, up } = await watched();
    await up('aa');
    let opened = 0;
    const breaks: (() => void)[] = [];
    override.events = (listener) => {
      opened += 1;
      if (opened > 1 && opened < 5) return Promise.reject(new EngineError('unreachable', 'still away'));
      listener.open();
      return new Promise((_resolve, reject) => breaks.push(() => reject(new EngineError('unreachable', 'it broke'))));
    };
    const stop = engine.watch((change) => changes.push(change));
    await clock.advance(1);
    breaks[0]?.();
    await clock.advance(20_000);
    expect(opened).toBe(5);
    expect(changes.map(({ what }) => what).slice(-3)).toEqual([
      'listening to the engine',
      "the engine's event stream broke: it broke",
      'listening to the engine again',
    ]);
    calls.length = 0;
    await run(engine.observe(need));
    expect(calls).toContain('inspectContainer');
    stop();
    await clock.advance(600_000);
    expect(opened).toBe(5);
  });
});
