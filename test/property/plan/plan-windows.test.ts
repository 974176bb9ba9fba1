import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { DesiredSite } from '../../../src/model/state.ts';
import type { WindowVerdict } from '../../../src/model/sync-window.ts';
import { agentOptions, type PlanOptions } from '../../../src/plan/facts/policy.ts';
import { noteBegun } from '../../../src/plan/memory/begun.ts';
import { rememberConverged } from '../../../src/plan/memory/update.ts';
import { plan } from '../../../src/plan/plan.ts';
import { settled } from '../../support/site/site-builder.ts';
import { corruptions, revisions } from './plan-arbitraries.ts';
import { RUNS, started } from './situations.ts';

const closed: WindowVerdict = { isOpen: false, text: 'closed', byHand: false, until: 1000 };

const under = ({ apps }: DesiredSite, verdict: WindowVerdict): PlanOptions => ({
  ...agentOptions,
  // A site that has settled has pulled its images.
  pullAlways: false,
  windows: { apps: new Map(apps.map(({ name }) => [name, verdict])), others: verdict },
});
const free: PlanOptions = { ...agentOptions, pullAlways: false };

const remembered = (git: DesiredSite) => git.apps.reduce(rememberConverged, settled(git));

test('closed windows hold nothing that heals a site of which Git asks nothing new', () => {
  fc.assert(
    fc.property(revisions, corruptions, ([git], done) => {
      const site = started(git, git, done);
      const memory = remembered(git);
      const isHealing = ({ cause }: { cause: string }): boolean => cause !== 'prune';
      const planned = (options: PlanOptions) =>
        plan(git, site, memory, 0, options).apps.flatMap(({ operations }) => operations.filter(isHealing));
      expect(planned(under(git, closed))).toEqual(planned(free));
    }),
    RUNS,
  );
});

test('closed windows hold all that Git asks of containers which run, until the change has begun', () => {
  fc.assert(
    fc.property(revisions, ([from, git]) => {
      const site = started(git, from, []);
      const options = under(git, closed);
      for (const { operations } of plan(git, site, remembered(from), 0, options).apps) {
        for (const { kind, cause, withheld, onlyIfFailed } of operations) {
          if (cause !== 'revision' && cause !== 'prune') continue;
          if (onlyIfFailed !== undefined || kind === 'await') continue;
          expect(withheld).toBeDefined();
        }
      }
    }),
    RUNS,
  );
});

test('a change that has begun replaces and removes nothing that runs while the windows are closed', () => {
  fc.assert(
    fc.property(revisions, ([from, git]) => {
      const site = started(git, from, []);
      const open = under(git, { ...closed, isOpen: true });
      const memory = remembered(from);
      const begun = noteBegun(memory, git, plan(git, site, memory, 0, open).apps, open);
      for (const { operations } of plan(git, site, begun, 0, under(git, closed)).apps) {
        for (const { kind, cause, withheld, onlyIfFailed } of operations)
          if (kind === 'stopContainer' && (cause === 'revision' || cause === 'prune') && onlyIfFailed === undefined)
            expect(withheld).toBeDefined();
      }
    }),
    RUNS,
  );
});
