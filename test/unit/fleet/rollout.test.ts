import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { longerOf, shareOf, stepOf } from '../../../src/fleet/keys/rollout.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import type { SiteStep } from '../../../src/model/fleet.ts';
import { fleet, refusal } from './place-site/fleets.ts';

const spec = (kind: string, content: object): string =>
  JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec: content });
const steps = (...all: object[]) => spec('Fleet', { rollout: { steps: all } });

const step = async (rollout: string, site = 'one', app = spec('Application', {})): Promise<SiteStep | undefined> => {
  const placed = await placeSite(fleet({ 'fleet.yaml': rollout, 'apps/web/app.yaml': app }), { site });
  return placed.apps[0]?.step;
};

describe('the steps of a rollout', () => {
  test('a site is in the first step that it belongs to', async () => {
    const labelled = steps({ selector: { matchLabels: { ring: 'canary' } } }, { percent: 100, after: '24h' });
    expect(await step(labelled)).toEqual({ step: 2, of: 2, after: 24 * 3_600_000 });
    const all = steps({ percent: 100 });
    expect(await step(all)).toEqual({ step: 1, of: 1, after: 0 });
    expect(await step(spec('Fleet', {}))).toBeUndefined();
  });

  test("an app's own steps come before the Fleet's", async () => {
    const app = spec('Application', { rollout: { steps: [{ percent: 100, after: 'promotion' }] } });
    expect(await step(steps({ percent: 100 }), 'one', app)).toEqual({ step: 1, of: 1, after: 'promotion' });
  });

  test('steps that leave sites out, that shrink, or have no time are refused with their place', async () => {
    const refused = (...all: object[]) => refusal(step(steps(...all)));
    expect((await refused({ percent: 10 }))[0]).toMatch(/^fleet\.yaml:1:\d+: the last step must have percent: 100/);
    expect((await refused({ percent: 50 }, { percent: 10 }, { percent: 100 }))[0]).toMatch(
      /a step with percent: 10 comes after one with 50/,
    );
    expect((await refused({ percent: 100, after: 'soon' }))[0]).toMatch(
      /^fleet\.yaml:1:\d+: after: "soon" is no duration/,
    );
    expect((await refused({ after: '1h' }))[0]).toMatch(/^fleet\.yaml:1:\d+:/);
    expect((await refused({ percent: 101 }))[0]).toMatch(/must be at most 100/);
  });

  test('percentages are cumulative: a larger one has the sites of a smaller one, and about its share', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `eu/site-${index}`);
    const below = (percent: number) => names.filter((name) => shareOf(name) < percent);
    for (const percent of [1, 10, 50]) expect(Math.abs(below(percent).length / 100 - percent)).toBeLessThan(1.5);
    const ten = new Set(below(10));
    for (const name of below(5)) expect(ten.has(name)).toBe(true);
    expect(below(100)).toHaveLength(10_000);
  });

  test('each site is in one step, whatever its name and labels', () => {
    const rollout = {
      steps: [
        { selector: { matchLabels: { ring: 'a' } }, after: 0, at: { file: '', line: 1, column: 1 } },
        { percent: 30, after: 1, at: { file: '', line: 1, column: 1 } },
        { percent: 100, after: 2, at: { file: '', line: 1, column: 1 } },
      ],
    };
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('a', 'b'), (name, ring) => {
        const found = stepOf(rollout, { name, labels: { ring } });
        expect(found?.step).toBe(ring === 'a' ? 1 : shareOf(name) < 30 ? 2 : 3);
      }),
    );
  });

  test('the one of two steps counts that makes the site wait longer', () => {
    const [short, long] = [
      { step: 1, of: 2, after: 5 },
      { step: 2, of: 2, after: 9 },
    ];
    const promotion = { step: 1, of: 1, after: 'promotion' } as const;
    expect([
      longerOf(short, long),
      longerOf(long, short),
      longerOf(promotion, long),
      longerOf(undefined, short),
    ]).toEqual([long, long, promotion, short]);
  });
});
