import { describe, expect, test } from '@jest/globals';
import { agentSubject } from './run/agent-subject.ts';
import { runScenario, type ScenarioResult } from './run/harness.ts';

const only = process.env.HOLDFAST_SIM_SEED;
const first = Number(process.env.HOLDFAST_SIM_FIRST ?? '1');
/** Stories beyond the usual ones in which a promise was broken once. */
const ONCE_BROKEN = [840, 1044, 1134, 1592, 3451, 3991, 5445];
const runs = Number(process.env.HOLDFAST_SIM_RUNS ?? '200');

/** Declares the tests of those seeds that `isMine`; the two files that call it run side by side. */
export function tellStories(name: string, isMine: (seed: number) => boolean): void {
  describe(name, () => {
    if (only !== undefined) {
      const seed = Number(only);
      (isMine(seed) ? test : test.skip)(
        `seed ${seed} keeps its promises`,
        async () => {
          const trace = process.env.HOLDFAST_SIM_TRACE !== undefined;
          const onLine = (line: string): void => void process.stderr.write(`${line}\n`);
          await runScenario(seed, { subject: agentSubject, ...(trace && { onLine }) });
        },
        600_000,
      );
      return;
    }
    const usual = Array.from({ length: runs }, (_, index) => first + index);
    const seeds = [...new Set([...usual, ...ONCE_BROKEN])].filter(isMine);

    test(`keeps its promises through ${seeds.length} stories of faults, people and commits`, async () => {
      const results: ScenarioResult[] = [];
      for (const seed of seeds) results.push(await runScenario(seed, { subject: agentSubject }));
      expect(results).toHaveLength(seeds.length);
      // Stories in which nothing was ever tested would pass as well.
      const lives = results.reduce((sum, one) => sum + one.lives, 0);
      expect(lives).toBeGreaterThan(seeds.length);
    }, 3_600_000);

    test('tells the same story for the same seed', async () => {
      const [seed = 1] = seeds;
      const once = await runScenario(seed, { subject: agentSubject });
      expect(await runScenario(seed, { subject: agentSubject })).toEqual(once);
    }, 120_000);
  });
}
