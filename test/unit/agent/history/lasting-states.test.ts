import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLastingStates, LASTING_MS } from '../../../../src/agent/history/lasting-states.ts';
import type { PlannedStatus } from '../../../../src/agent/status/app-status.ts';
import type { Health, Sync } from '../../../../src/model/status/site-status.ts';
import { seededRandom } from '../../../sim/world/random.ts';
import { VirtualClock } from '../../../sim/world/virtual-clock.ts';

const status = (sync: Sync, health: Health): PlannedStatus => ({
  app: 'web',
  sync,
  health,
  operation: 'none',
  revision: 'c',
  problems: [],
  held: [],
  services: [],
});

test('at whatever fraction of a millisecond states change, each that lasts is told once', async () => {
  const change = fc.record({
    wait: fc.double({ min: 0, max: 2 * LASTING_MS, noNaN: true }),
    sync: fc.constantFrom<Sync>('synced', 'outOfSync'),
    health: fc.constantFrom<Health>('healthy', 'degraded'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
      const clock = new VirtualClock(seededRandom(1));
      const told: string[] = [];
      const states = createLastingStates(clock, [], ({ text }) => void told.push(text));
      for (const { wait, sync, health } of changes) {
        await clock.advance(wait);
        states.saw([status(sync, health)]);
      }
      await clock.advance(5 * LASTING_MS);
      states.stop();
      const last = changes.at(-1);
      expect(told.at(-1)).toBe(`${last?.sync === 'synced' ? 'synced' : 'out of sync'}, ${last?.health}`);
      expect(told.filter((text, index) => text === told[index - 1])).toEqual([]);
    }),
  );
});
