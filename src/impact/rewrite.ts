import { rewrittenProblem } from '../lib/errors.ts';
import { type Rewrite, rewrittenChange } from '../plan/print/rewrite.ts';
import type { GroupImpact, SiteImpact } from './impact.ts';

/** The same impact with all names, reasons, values and messages rewritten. */
export const rewrittenImpact = ({ apps, costs }: SiteImpact, rewrite: Rewrite): SiteImpact => ({
  apps: apps.map(({ changes, problems, refused, parked, requires, ...app }) => ({
    ...app,
    changes: changes.map((change) => rewrittenChange(change, rewrite)),
    problems: problems.map((problem) => rewrittenProblem(problem, rewrite)),
    refused: refused?.map((problem) => rewrittenProblem(problem, rewrite)),
    parked: parked && rewrite(parked),
    requires: requires && { before: rewrite(requires.before), after: rewrite(requires.after) },
  })),
  costs: {
    restarted: costs.restarted.map(rewrite),
    volumes: costs.volumes.map(rewrite),
    images: costs.images.map(rewrite),
    imagesBefore: costs.imagesBefore.map(rewrite),
    platforms:
      costs.platforms &&
      Object.fromEntries(Object.entries(costs.platforms).map(([image, all]) => [rewrite(image), all.map(rewrite)])),
  },
});

/** The same for the impact on a group of sites. */
export function rewrittenGroup(impact: GroupImpact, rewrite: Rewrite): GroupImpact {
  if ('impact' in impact) return { ...impact, impact: rewrittenImpact(impact.impact, rewrite) };
  if (impact.kind === 'broken')
    return { ...impact, problems: impact.problems.map((problem) => rewrittenProblem(problem, rewrite)) };
  return impact;
}
