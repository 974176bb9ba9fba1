import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Memory } from '../../../src/model/memory.ts';
import { emptyMemory } from '../../../src/model/memory.ts';
import type { Operation } from '../../../src/model/plan.ts';
import type { ActualSite, DesiredApp, DesiredSite } from '../../../src/model/state.ts';
import { isConverged } from '../../../src/plan/draft/withhold.ts';
import { rememberConverged, updateFromOutcome, updateFromState } from '../../../src/plan/memory/update.ts';
import { describe as words } from '../../../src/plan/print/render.ts';
import { createModelEngine, type ModelEngine } from '../../support/engine/model-engine.ts';
import { actualOf, settled } from '../../support/site/site-builder.ts';
import { carryOut } from './carry-out.ts';
import { corruptions, desiredSites, neighbours, revisions } from './plan-arbitraries.ts';
import { planOf, RUNS, started } from './situations.ts';

interface Course {
  model: ModelEngine;
  memory: Memory;
  history: string[];
}

/** Passes until nothing is left to do; the first ones are cut off. Time goes on between them, so that backoffs end. */
function converge(git: DesiredSite, from: ActualSite, before: Memory, picks: number[], cuts: number[]): Course {
  const model = createModelEngine(from);
  const history: string[] = [];
  let memory = before;
  let turn = 0;
  const pick = (among: number): number => (picks[turn++ % picks.length] ?? 0) % among;
  for (let pass = 0; pass < 24 + cuts.length; pass++) {
    const now = pass * 4_000_000;
    memory = updateFromState(memory, git, model.site, now);
    const made = planOf(git, model.site, memory, now);
    history.push(`--- pass ${pass}`);
    if (made.apps.every(({ operations }) => operations.length === 0)) return { model, memory, history };
    const most = cuts[pass] ?? Number.POSITIVE_INFINITY;
    for (const app of made.apps) {
      if (isConverged(app)) continue;
      const results = carryOut(app, model, pick, most);
      history.push(
        ...results.map(
          (result) =>
            `${words(result.operation)}: ${result.operation.reason}: ${result.status}${result.status === 'failed' ? ` ${result.error.message}` : ''}`,
        ),
      );
      const wanted = git.apps.find(({ name }) => name === app.app);
      if (wanted) memory = updateFromOutcome(memory, wanted, { app: app.app, results }, now, () => 0);
      guard(
        git,
        model,
        from,
        made.apps.flatMap(({ operations }) => operations),
      );
    }
    model.tick();
  }
  throw new Error(`it does not converge:\n${history.join('\n')}`);
}

/** Checks the promises that hold after every pass. */
function guard(git: DesiredSite, model: ModelEngine, from: ActualSite, operations: Operation[]): void {
  expect(model.site.foreignNames).toEqual(from.foreignNames);
  for (const [name, { owner }] of Object.entries(from.networks))
    if (!owner) expect(model.site.networks).toHaveProperty([name]);
  for (const name of Object.keys(from.volumes)) expect(model.site.volumes).toHaveProperty([name]);
  const places = model.site.containers
    .filter(({ status }) => status === 'running')
    .map(({ identity: i }) => `${i.app}/${i.service}/${i.number}`);
  const doubled = places.filter((place, index) => places.indexOf(place) !== index);
  const before = from.containers
    .filter(({ status }) => status === 'running')
    .map(({ identity: i }) => `${i.app}/${i.service}/${i.number}`);
  // With start-first, a successor runs beside the container that it replaces.
  const startFirst = git.apps.flatMap((app) =>
    app.services.filter(({ update }) => update?.order === 'start-first').map(({ name }) => `${app.name}/${name}/`),
  );
  const unexpected = doubled
    .filter((place) => before.filter((other) => other === place).length < 2)
    .filter((place) => !startFirst.some((service) => place.startsWith(service)));
  expect(unexpected).toEqual([]);
  expect(operations.filter(({ kind }) => kind === 'removeVolume')).toEqual([]);
}

const picks = fc.array(fc.nat(50), { minLength: 1, maxLength: 30 });
const cuts = fc.array(fc.nat(9), { maxLength: 4 });

test('a site that is as Git says has nothing to do', () => {
  fc.assert(
    fc.property(desiredSites, (git) => {
      for (const memory of [emptyMemory(), settled(git)]) {
        for (const app of planOf(git, neighbours(actualOf(git)), memory).apps) expect(app.operations).toEqual([]);
      }
    }),
    RUNS,
  );
});

test('from nothing, in any legal order and with passes cut off anywhere, a site becomes as Git says', () => {
  fc.assert(
    fc.property(desiredSites, picks, cuts, (git, order, cut) => {
      converge(git, started(git, undefined, []), emptyMemory(), order, cut);
    }),
    RUNS,
  );
});

test('from another revision, with things done by hand, a site becomes as Git says', () => {
  fc.assert(
    fc.property(revisions, corruptions, picks, cuts, fc.boolean(), ([from, git], done, order, cut, remembers) => {
      converge(git, started(git, from, done), remembers ? settled(from) : emptyMemory(), order, cut);
    }),
    { ...RUNS, numRuns: RUNS.numRuns * 2 },
  );
});

test('a revision that was cut off anywhere can be taken back', () => {
  fc.assert(
    fc.property(revisions, picks, fc.nat(12), ([from, git], order, most) => {
      const model = createModelEngine(started(git, from, []));
      let memory = settled(from);
      for (const app of planOf(git, model.site, memory).apps) {
        const results = carryOut(app, model, (among) => (order[0] ?? 0) % among, most);
        const wanted = git.apps.find(({ name }) => name === app.app) as DesiredApp | undefined;
        if (wanted) memory = updateFromOutcome(memory, wanted, { app: app.app, results }, 0, () => 0);
      }
      const { model: end } = converge(from, model.site, memory, order, []);
      for (const app of planOf(from, end.site, memory, 1e12).apps) expect(app.operations).toEqual([]);
    }),
    RUNS,
  );
});

test('a converged app stays converged when nothing touches it', () => {
  fc.assert(
    fc.property(revisions, corruptions, picks, ([from, git], done, order) => {
      const { model, memory } = converge(git, started(git, from, done), settled(from), order, []);
      const remembered = git.apps.reduce(rememberConverged, memory);
      for (const app of planOf(git, model.site, remembered, 1e12).apps) expect(app.operations).toEqual([]);
    }),
    RUNS,
  );
});
