import { describe, expect, test } from '@jest/globals';
import { agentSubject } from './run/agent-subject.ts';
import { runScenario, type ScenarioResult } from './run/harness.ts';

const only = process.env.HOLDFAST_SIM_SEED;
const first = Number(process.env.HOLDFAST_SIM_FIRST ?? '1');
/** Stories beyond the usual ones in which a promise was broken once. */
const ONCE_BROKEN = [216, 840, 1044, 1134, 1592, 1796, 2120, 3451, 3991, 5445];
const runs = Number(process.env.HOLDFAST_SIM_RUNS ?? '200');
/** Stories of one test. */
const CHAPTER = 250;

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

    // A long run goes on after a broken promise, and says how far it is.
    test.each(chapters(seeds))(
      'keeps its promises through %s stories of faults, people and commits, the last one by the seed %s',
      async (count, _, chapter) => {
        const results: ScenarioResult[] = [];
        for (const seed of chapter) results.push(await runScenario(seed, { subject: agentSubject }));
        // Stories in which nothing was ever tested would pass as well.
        const lives = results.reduce((sum, one) => sum + one.lives, 0);
        expect(lives).toBeGreaterThan(count);
      },
      3_600_000,
    );

    test('tells the same story for the same seed', async () => {
      const [seed = 1] = seeds;
      const once = await runScenario(seed, { subject: agentSubject });
      expect(await runScenario(seed, { subject: agentSubject })).toEqual(once);
    }, 120_000);
  });
}

const chapters = (seeds: readonly number[]): [number, number, number[]][] =>
  Array.from({ length: Math.ceil(seeds.length / CHAPTER) }, (_, index) => {
    const chapter = seeds.slice(index * CHAPTER, (index + 1) * CHAPTER);
    return [chapter.length, chapter.at(-1) ?? 0, chapter];
  });
