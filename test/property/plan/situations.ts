import * as fc from 'fast-check';
import { emptyMemory, type Memory } from '../../../src/model/memory.ts';
import type { Plan } from '../../../src/model/plan.ts';
import type { ActualSite, DesiredSite } from '../../../src/model/state.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { actualOf, bare, settled } from '../../support/site/site-builder.ts';
import { type Corruption, corruptions, neighbours, revisions } from './plan-arbitraries.ts';

export const RUNS = { numRuns: Number(process.env.HOLDFAST_PROPERTY_RUNS ?? 100) };
export const planOf = (git: DesiredSite, site: ActualSite, memory: Memory = emptyMemory(), now = 0): Plan =>
  plan(git, site, memory, now, agentOptions);

/** A site as another revision left it, changed by hand, with foreign things beside it. */
export const started = (git: DesiredSite, from: DesiredSite | undefined, done: Corruption[]): ActualSite => {
  const actual = from ? actualOf(from, { update: true }) : bare(git);
  for (const image of Object.keys(bare(git).images)) if (!from) delete actual.images[image];
  for (const corrupt of done) corrupt(actual);
  return neighbours(actual);
};

/** A site, Git's next revision for it, and the memory. */
export const situations = fc.tuple(revisions, corruptions, fc.boolean()).map(([[from, git], done, remembers]) => ({
  git,
  site: started(git, from, done),
  memory: remembers ? settled(from) : emptyMemory(),
}));
