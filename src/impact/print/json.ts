import { changeJson } from '../../plan/print/changes.ts';
import { bytesToPull, type ImageSizes } from '../costs/sizes.ts';
import type { GroupImpact, SiteImpact } from '../impact.ts';
import { type ImpactReport, totalsOf, unknownIn } from './report.ts';

/** The same for programs. Its shape is schemas/fleet-diff.schema.json: keys are added, never changed. */
export function impactJson(report: ImpactReport): string {
  const { from, to, sites, behind, withoutFacts, notCompared, groups, sizes } = report;
  const head = {
    apiVersion: 'holdfast/v1',
    kind: 'FleetDiff',
    from,
    to,
    sites,
    behind,
    withoutFacts,
    notCompared,
    totals: totalsOf(report),
  };
  const unknown = sizes && unknownIn(report);
  const told = groups.map(({ sites: names, impact, openings }) => ({
    sites: names,
    ...impactOf(impact, sizes),
    openings,
  }));
  return JSON.stringify({ ...head, unknownSizes: unknown, groups: told }, null, 2);
}

const impactOf = (impact: GroupImpact, sizes: ImageSizes | undefined): object =>
  'impact' in impact ? { kind: impact.kind, ...siteOf(impact.impact, sizes) } : impact;

const siteOf = ({ apps, costs }: SiteImpact, sizes: ImageSizes | undefined): object => ({
  apps: apps.map(({ changes, isUnknown, ...app }) => ({
    ...app,
    wasUnknown: isUnknown,
    changes: changes.map(changeJson),
  })),
  costs: { ...costs, bytes: sizes && bytesToPull(costs, sizes) },
});
