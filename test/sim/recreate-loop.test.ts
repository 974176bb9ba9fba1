import { expect, test } from '@jest/globals';
import { createReconciler, type Reconciler } from '../../src/agent/reconcile/reconciler.ts';
import { createMemoryStore } from '../../src/agent/state/memory-store.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { createSemaphore } from '../../src/lib/semaphore.ts';
import type { Plan } from '../../src/model/plan.ts';
import { agentOptions } from '../../src/plan/facts/policy.ts';
import { filesOn } from '../support/disk-files.ts';
import { app, service, site } from '../support/site-builder.ts';
import { docker20 } from './world/engine/profiles.ts';
import { seededRandom } from './world/random.ts';
import { SimulatedDisk } from './world/simulated-disk.ts';
import { SimulatedEngine } from './world/simulated-engine.ts';
import { VirtualClock } from './world/virtual-clock.ts';

const HOUR = 3_600_000;
const gitWith = (User: string) => site(app('shop', service('web', { Image: 'app:1', User, Cmd: ['serve'] })));

test('an engine that answers one field wrongly does not make the agent replace for ever, in no life of it', async () => {
  const random = seededRandom(7);
  const clock = new VirtualClock(random.fork('clock'));
  // The reconciler takes functions out of their clock.
  const time: Clock = {
    wall: () => clock.wall(),
    monotonic: () => clock.monotonic(),
    random: () => clock.random(),
    timer: (ms, callback) => clock.timer(ms, callback),
  };
  const disk = new SimulatedDisk(clock, random.fork('disk'));
  const liar = {
    ...docker20,
    inspect: (answer: Parameters<typeof docker20.inspect>[0]) => ({
      ...answer,
      Config: { ...answer.Config, User: `${answer.Config.User}-or-so` },
    }),
  };
  const simulated = new SimulatedEngine(clock, random, liar, 'shop-17');
  simulated.machine.images.put('app:1', simulated.machine.images.make({ Cmd: ['serve'] }));
  let plan: Plan | undefined;

  const live = async (
    git: ReturnType<typeof gitWith>,
  ): Promise<{ reconciler: Reconciler; end: () => Promise<void> }> => {
    const engine = openEngine(simulated.api('agent'), { site: 'shop-17', clock: time });
    const store = createMemoryStore(disk, '/state/memory.json');
    const { memory } = await clock.finish(store.load(time.monotonic(), time.random));
    const silent = () => {};
    const reconciler = createReconciler(memory, {
      effects: { engine, files: filesOn(disk), slots: createSemaphore(8), pullSlots: createSemaphore(3) },
      clock: time,
      log: { debug: silent, info: silent, warn: silent, error: silent },
      store,
      options: agentOptions,
      onPlan: (made) => {
        plan = made;
      },
    });
    const unwatch = engine.watch(() => reconciler.trigger());
    reconciler.desire(git);
    return {
      reconciler,
      end: async () => {
        unwatch();
        await clock.finish(reconciler.stop());
        engine.close();
      },
    };
  };
  const created = (): number => simulated.calls.createContainer ?? 0;

  const first = await live(gitWith('app'));
  await clock.advance(HOUR / 2);
  // The first one of all, three that were to mend it, and two with long pauses between.
  expect(created()).toBeLessThanOrEqual(6);
  expect(created()).toBeGreaterThanOrEqual(4);
  expect(plan?.apps[0]?.problems[0]?.message).toContain('for user, and still differs: user: app-or-so, wanted app');
  await first.end();

  const before = created();
  const second = await live(gitWith('app'));
  await clock.advance(24 * HOUR);
  const later = created() - before;
  expect(later).toBeGreaterThanOrEqual(1);
  expect(later).toBeLessThanOrEqual(10);

  second.reconciler.desire(gitWith('other'));
  await clock.advance(5000);
  expect(created()).toBeGreaterThan(before + later);
  await second.end();
});
