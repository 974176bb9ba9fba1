import { describe, expect, test } from '@jest/globals';
import { agentSubject } from './agent-subject.ts';
import { runScenario, type ScenarioResult } from './harness.ts';

const only = process.env.HOLDFAST_SIM_SEED;
const first = Number(process.env.HOLDFAST_SIM_FIRST ?? '1');
const runs = Number(process.env.HOLDFAST_SIM_RUNS ?? '200');

describe('a simulated site', () => {
  if (only !== undefined) {
    test(`seed ${only} keeps its promises`, async () => {
      const trace = process.env.HOLDFAST_SIM_TRACE !== undefined;
      const onLine = (line: string): void => void process.stderr.write(`${line}\n`);
      await runScenario(Number(only), { subject: agentSubject, ...(trace && { onLine }) });
    }, 600_000);
    return;
  }

  test(`keeps its promises through ${runs} stories of faults, people and commits`, async () => {
    const results: ScenarioResult[] = [];
    for (let seed = first; seed < first + runs; seed += 1) {
      results.push(await runScenario(seed, { subject: agentSubject }));
    }
    expect(results).toHaveLength(runs);
    // Stories in which nothing was ever tested would pass as well.
    const lives = results.reduce((sum, one) => sum + one.lives, 0);
    expect(lives).toBeGreaterThan(runs);
  }, 3_600_000);

  test('tells the same story for the same seed', async () => {
    const once = await runScenario(first, { subject: agentSubject });
    expect(await runScenario(first, { subject: agentSubject })).toEqual(once);
  }, 120_000);
});
