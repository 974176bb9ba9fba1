import { createReconciler } from '../../../src/agent/reconcile/reconciler.ts';
import { createRivals } from '../../../src/agent/reconcile/rivals.ts';
import { createMemoryStore, rebase } from '../../../src/agent/state/memory-store.ts';
import { createEffects } from '../../../src/apply/effects.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import type { Plan } from '../../../src/model/plan.ts';
import type { DesiredSite } from '../../../src/model/state.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { filesOn } from '../../support/site/disk-files.ts';
import { docker20, type EngineProfile } from '../world/engine/profiles.ts';
import { seededRandom } from '../world/random.ts';
import { SimulatedDisk } from '../world/simulated-disk.ts';
import { SimulatedEngine } from '../world/simulated-engine.ts';
import { VirtualClock } from '../world/virtual-clock.ts';

/** An engine in virtual time with the image `app:1`, and reconcilers that keep a site on it. */
export function reconciledSite(seed: number, site: string, profile: EngineProfile = docker20) {
  const random = seededRandom(seed);
  const clock = new VirtualClock(random.fork('clock'));
  const time: Clock = {
    wall: () => clock.wall(),
    monotonic: () => clock.monotonic(),
    random: () => clock.random(),
    timer: (ms, callback) => clock.timer(ms, callback),
  };
  const simulated = new SimulatedEngine(clock, random, profile, site);
  simulated.machine.images.put('app:1', simulated.machine.images.make({ Cmd: ['serve'] }));

  const disks = new Map<string, SimulatedDisk>();
  /** One life of an agent; the same agent has the same disk in each. */
  const live = async (agent: string, desired: DesiredSite) => {
    let plan: Plan | undefined;
    const errors: string[] = [];
    const warnings: string[] = [];
    const silent = (): void => {};
    const log = {
      debug: silent,
      info: silent,
      warn: (text: string) => void warnings.push(text),
      error: (text: string) => void errors.push(text),
    };
    const engine = openEngine(simulated.api('agent'), { site, clock: time });
    const disk = disks.get(agent) ?? new SimulatedDisk(clock, random.fork(agent));
    disks.set(agent, disk);
    const store = createMemoryStore(disk, '/state/memory.json');
    const { stored } = await clock.finish(store.read());
    const effects = createEffects(engine, filesOn(disk), agent);
    const rivals = createRivals(site, agent, log);
    const reconciler = createReconciler(rebase(stored, time.monotonic(), time.random), {
      effects,
      clock: time,
      log,
      store,
      options: agentOptions,
      rivals,
      onPlan: (made) => {
        plan = made;
      },
    });
    const unwatch = engine.watch(() => reconciler.trigger());
    reconciler.desire(desired);
    return {
      errors,
      warnings,
      /** The newest one. */
      plan: () => plan,
      desire: (next: DesiredSite) => reconciler.desire(next),
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
  return { random, clock, simulated, live, running };
}
