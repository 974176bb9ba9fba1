import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { emptyMemory } from '../../../src/model/memory.ts';
import type { AppPlan, Operation } from '../../../src/model/plan.ts';
import type { DesiredSite } from '../../../src/model/state.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { rememberConverged } from '../../../src/plan/memory/update.ts';
import { plan } from '../../../src/plan/plan.ts';
import { app, bare, dependent, service, settled, site } from '../../support/site/site-builder.ts';
import { corruptions, revisions } from './plan-arbitraries.ts';
import { RUNS, started } from './situations.ts';

/** A site that has settled has pulled its images. */
const OPTIONS = { ...agentOptions, pullAlways: false };
const remembered = (git: DesiredSite) => git.apps.reduce(rememberConverged, settled(git));
const unordered = (git: DesiredSite): DesiredSite => ({
  ...git,
  apps: git.apps.map(({ dependsOn: _, ...each }) => each),
});

/** A change of Git that is made now. */
const isMade = ({ cause, kind, withheld, onlyIfFailed }: Operation): boolean =>
  (cause === 'revision' || cause === 'prune') &&
  !withheld &&
  onlyIfFailed === undefined &&
  kind !== 'await' &&
  kind !== 'pullImage';

test('a site of which Git asks nothing new is healed as if no app depended on another one', () => {
  fc.assert(
    fc.property(revisions, corruptions, ([git], done) => {
      const here = started(git, git, done);
      const planned = (wanted: DesiredSite) => plan(wanted, here, remembered(git), 0, OPTIONS).apps;
      expect(planned(git)).toEqual(planned(unordered(git)));
    }),
    RUNS,
  );
});

test('an app that waits makes no change, and stops nothing that runs', () => {
  fc.assert(
    fc.property(revisions, ([from, git]) => {
      for (const { waits, operations } of plan(git, started(git, from, []), remembered(from), 0, OPTIONS).apps)
        if (waits) expect(operations.filter((each) => isMade(each) || isStopped(each))).toEqual([]);
    }),
    RUNS,
  );
});

const isStopped = ({ kind, withheld, onlyIfFailed }: Operation): boolean =>
  kind === 'stopContainer' && !withheld && onlyIfFailed === undefined;

test('while one of two apps is changed, the one that depends on it is not, unless they wait for each other', () => {
  fc.assert(
    fc.property(revisions, ([from, git]) => {
      const { apps } = plan(git, started(git, from, []), remembered(from), 0, OPTIONS);
      const changing = new Set(apps.filter(({ operations }) => operations.some(isMade)).map((each) => each.app));
      for (const { name, dependsOn = [] } of git.apps) {
        const isMutual = dependsOn.some(({ app: other }) =>
          git.apps.find((each) => each.name === other)?.dependsOn?.some((each) => each.app === name),
        );
        if (isMutual || !dependsOn.some((each) => changing.has(each.app))) continue;
        expect(changing.has(name)).toBe(false);
      }
    }),
    RUNS,
  );
});

/** Up to six apps, with any dependencies between them, in circles as well. */
const orders = fc
  .array(fc.uniqueArray(fc.nat(5), { maxLength: 3 }), { minLength: 1, maxLength: 6 })
  .map((all) =>
    site(
      ...all.map((others, index) =>
        dependent(app(`a${index}`, service('s')), ...others.filter((other) => other < all.length).map((n) => `a${n}`)),
      ),
    ),
  );

test('some app always goes on, also where apps depend on each other in circles, and every wait ends at such an app', () => {
  fc.assert(
    fc.property(orders, (git) => {
      const { apps } = plan(git, bare(git), emptyMemory(), 0, OPTIONS);
      const byName = new Map(apps.map((each) => [each.app, each]));
      for (const each of apps) {
        const seen = new Set<AppPlan>();
        let now: AppPlan | undefined = each;
        while (now?.waits) {
          expect(seen.has(now)).toBe(false);
          seen.add(now);
          now = byName.get(now.waits.app);
        }
        expect(now?.operations.some(isMade)).toBe(true);
      }
    }),
    RUNS,
  );
});
