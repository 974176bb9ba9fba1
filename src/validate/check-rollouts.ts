import { type Application, applicationFile, type BrokenApplication } from '../fleet/applications.ts';
import { afterText, stepOf } from '../fleet/keys/rollout.ts';
import { selects } from '../fleet/keys/selector.ts';
import { whyNone } from '../fleet/nowhere.ts';
import type { Problem } from '../lib/errors.ts';
import type { FleetDocument, Rollout, RolloutStep, SiteDocument } from '../model/fleet.ts';

/** The sites of each step of a rollout. */
export interface CheckedRollout {
  /** The document that it is in. */
  file: string;
  steps: { after: RolloutStep['after']; sites: string[] }[];
}

/** Finds the sites of each step, and warns of a step that has none. An app's own steps are looked at for the sites that run it. */
export function checkRollouts(
  fleet: FleetDocument | undefined,
  applications: readonly (Application | BrokenApplication)[],
  sites: readonly SiteDocument[],
): { rollouts: CheckedRollout[]; warnings: Problem[] } {
  const own = applications.flatMap((each) => {
    if ('problems' in each || !each.app.rollout) return [];
    const { rollout, placement } = each.app;
    return [{ file: applicationFile(each.name), rollout, sites: sites.filter((site) => selects(placement, site)) }];
  });
  const all = [...(fleet?.rollout ? [{ file: 'fleet.yaml', rollout: fleet.rollout, sites }] : []), ...own];
  const rollouts = all.map(({ file, rollout, sites: chosen }) => ({ file, steps: stepsOf(rollout, chosen) }));
  const warnings = all.flatMap(({ rollout }, index) =>
    rollout.steps.flatMap(({ selector, at }, step) => {
      if (rollouts[index]?.steps[step]?.sites.length !== 0 || sites.length === 0) return [];
      const why =
        selector && !sites.some((site) => selects(selector, site))
          ? whyNone(selector, sites)
          : 'its selector or percentage adds none to the steps before it';
      const message = `no site is in step ${step + 1} of this rollout: ${why}`;
      return [{ message, at }];
    }),
  );
  return { rollouts, warnings };
}

const stepsOf = (rollout: Rollout, sites: readonly SiteDocument[]): CheckedRollout['steps'] =>
  rollout.steps.map(({ after }, index) => ({
    after,
    sites: sites.flatMap((site) => (stepOf(rollout, site)?.step === index + 1 ? [site.name] : [])),
  }));

/** The sites that are named of a step. */
const MOST_NAMED = 5;

/** `fleet.yaml: step 2 of 3: 41 sites (eu/a, eu/b and 39 more), after 1 h`, a line a step. */
export const rolloutLines = ({ file, steps }: CheckedRollout): string[] =>
  steps.map(({ after, sites }, index) => {
    const more = sites.length > MOST_NAMED ? ` and ${sites.length - MOST_NAMED} more` : '';
    const named = sites.length > 0 ? ` (${sites.slice(0, MOST_NAMED).join(', ')}${more})` : '';
    return `${file}: step ${index + 1} of ${steps.length}: ${sites.length} site${sites.length === 1 ? '' : 's'}${named}, ${afterText(after)}`;
  });
