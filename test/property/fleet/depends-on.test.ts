import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { circleProblems } from '../../../src/fleet/keys/depends-on.ts';

const RUNS = { numRuns: Number(process.env.HOLDFAST_PROPERTY_RUNS ?? 300) };

/** Up to eight apps, each with the numbers of those that it depends on; some are not there. */
const graphs = fc.array(fc.uniqueArray(fc.nat(9), { maxLength: 3 }), { minLength: 1, maxLength: 8 });

const nameOf = (index: number): string => `a${index}`;
const documents = (graph: readonly number[][]) =>
  graph.map((others, index) => ({
    name: nameOf(index),
    dependsOn: others.map((other, at) => ({
      app: nameOf(other),
      at: { file: nameOf(index), line: at + 1, column: 1 },
    })),
  }));
test('just the apps that depend on themselves over others have a problem, which names a way that there is', () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const found = circleProblems(documents(graph));
      const edges = (name: string): string[] => (graph[Number(name.slice(1))] ?? []).map(nameOf);
      for (const name of graph.map((_, index) => nameOf(index))) {
        // All that can be reached in as many steps as there are apps.
        let reached = new Set(edges(name));
        for (const _ of graph) reached = new Set([...reached, ...[...reached].flatMap(edges)]);
        const problem = found.get(name);
        expect(problem !== undefined).toBe(reached.has(name));
        if (!problem) continue;
        const way = /: (.*) \(/.exec(problem.message)?.[1]?.split(' -> ') ?? [];
        expect([way[0], way.at(-1)]).toEqual([name, name]);
        for (const [index, step] of way.slice(1).entries()) expect(edges(way[index] as string)).toContain(step);
        expect(new Set(way).size).toBe(way.length - 1);
        expect(problem.at?.file).toBe(name);
      }
    }),
    RUNS,
  );
});
