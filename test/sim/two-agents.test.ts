import { expect, test } from '@jest/globals';
import { createMemoryStore } from '../../src/agent/memory-store.ts';
import { createReconciler } from '../../src/agent/reconciler.ts';
import { createRivals } from '../../src/agent/rivals.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { createSemaphore } from '../../src/lib/semaphore.ts';
import type { DesiredSite } from '../../src/model/state.ts';
import { agentOptions } from '../../src/plan/policy.ts';
import { filesOn } from '../support/disk-files.ts';
import { app, network, service, site } from '../support/site-builder.ts';
import { docker20 } from './world/engine/profiles.ts';
import { seededRandom } from './world/random.ts';
import { SimulatedDisk } from './world/simulated-disk.ts';
import { SimulatedEngine } from './world/simulated-engine.ts';
import { VirtualClock } from './world/virtual-clock.ts';

const MINUTE = 60_000;
const SITE = 'shop-17';
const git = (name: string): DesiredSite => ({
  ...site(
    app(name, network('net'), service('web', { Image: 'app:1', Cmd: ['serve'], Networks: { [`${name}_net`]: {} } })),
  ),
  site: SITE,
  vanished: { automated: { prune: true, selfHeal: true, allowEmpty: false } },
  pruneThreshold: 100,
});

function world(seed: number) {
  const random = seededRandom(seed);
  const clock = new VirtualClock(random.fork('clock'));
  const time: Clock = {
    wall: () => clock.wall(),
    monotonic: () => clock.monotonic(),
    random: () => clock.random(),
    timer: (ms, callback) => clock.timer(ms, callback),
  };
  const simulated = new SimulatedEngine(clock, random, docker20, SITE);
  simulated.machine.images.put('app:1', simulated.machine.images.make({ Cmd: ['serve'] }));

  const live = async (agent: string, desired: DesiredSite) => {
    const errors: string[] = [];
    const silent = (): void => {};
    const log = { debug: silent, info: silent, warn: silent, error: (text: string) => void errors.push(text) };
    const engine = openEngine(simulated.api('agent'), { site: SITE, clock: time });
    const disk = new SimulatedDisk(clock, random.fork(agent));
    const store = createMemoryStore(disk, '/state/memory.json');
    const { memory } = await clock.finish(store.load(time.monotonic(), time.random));
    const effects = {
      agent,
      engine,
      files: filesOn(disk),
      slots: createSemaphore(8),
      pullSlots: createSemaphore(3),
    };
    const rivals = createRivals(SITE, agent, log);
    const reconciler = createReconciler(memory, { effects, clock: time, log, store, options: agentOptions, rivals });
    const unwatch = engine.watch(() => reconciler.trigger());
    reconciler.desire(desired);
    return {
      errors: () => errors.filter((text) => text.startsWith('somebody else')),
      end: async () => {
        unwatch();
        await clock.finish(reconciler.stop());
        engine.close();
      },
    };
  };
  const running = (): string[] =>
    [...simulated.machine.containers.values()]
      .filter(({ status }) => status === 'running')
      .map(({ name }) => name)
      .sort();
  return { clock, simulated, live, running };
}

test.each([1, 2, 3, 4, 5])(
  'two agents with one site name and two repos: both apps come to run (seed %i)',
  async (seed) => {
    const { clock, simulated, live, running } = world(seed);
    const a = await live('aaaa', git('one'));
    await clock.advance(seed * 700);
    const b = await live('bbbb', git('two'));
    await clock.advance(5 * MINUTE);
    expect(running()).toEqual(['one-web-1', 'two-web-1']);
    expect([a.errors().length, b.errors().length].sort()).not.toEqual([0, 0]);
    // Nothing goes on twice a second: neither containers nor networks.
    expect(simulated.calls.createContainer).toBeLessThan(20);
    expect(simulated.calls.createNetwork).toBeLessThan(20);
    await b.end();
    await clock.advance(30 * MINUTE);
    expect(running()).toEqual(['one-web-1']);
    await a.end();
  },
);

test('what another agent made is no difference, and one that takes over a site meets no conflict', async () => {
  const { clock, simulated, live, running } = world(7);
  const a = await live('aaaa', git('one'));
  await clock.advance(MINUTE);
  await a.end();
  const made = simulated.calls.createContainer;
  const b = await live('bbbb', git('one'));
  await clock.advance(30 * MINUTE);
  expect(b.errors()).toEqual([]);
  expect(simulated.calls.createContainer).toBe(made);
  expect(running()).toEqual(['one-web-1']);
  const [container] = simulated.machine.containers.values();
  expect(container?.body.Labels?.['dev.holdfast.agent']).toBe('aaaa');
  await b.end();
});
