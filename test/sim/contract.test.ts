import { engineContract } from '../support/engine/engine-contract.ts';
import { PROFILES } from './world/engine/profiles.ts';
import { seededRandom } from './world/random.ts';
import { SimulatedEngine } from './world/simulated-engine.ts';
import { VirtualClock } from './world/virtual-clock.ts';

// The same suite that the real engines pass: what the simulation says of the agent holds only as far as it is like them.
for (const [name, profile] of Object.entries(PROFILES)) {
  engineContract(`the simulated ${name}`, async () => {
    const clock = new VirtualClock(seededRandom(name));
    const engine = new SimulatedEngine(clock, seededRandom(name), profile);
    const { images } = engine.machine;
    images.put('holdfast-test/busybox:1', images.make({ Cmd: ['sh'], Env: ['PATH=/bin'] }));
    return {
      api: engine.api('hand'),
      image: 'holdfast-test/busybox:1',
      run: (work) => clock.finish(work),
      pass: (ms) => clock.advance(ms),
      close: async () => {},
    };
  });
}
