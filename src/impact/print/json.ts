import { changeJson } from '../../plan/print/changes.ts';
import type { GroupImpact, SiteImpact } from '../impact.ts';
import { type ImpactReport, totalsOf } from './report.ts';

/** The same for programs. Its shape is schemas/fleet-diff.schema.json: keys are added, never changed. */
export function impactJson(report: ImpactReport): string {
  const { from, to, sites, groups } = report;
  const head = { apiVersion: 'holdfast/v1', kind: 'FleetDiff', from, to, sites, totals: totalsOf(report) };
  const told = groups.map(({ sites: names, impact }) => ({ sites: names, ...impactOf(impact) }));
  return JSON.stringify({ ...head, groups: told }, null, 2);
}

const impactOf = (impact: GroupImpact): object =>
  'impact' in impact ? { kind: impact.kind, ...siteOf(impact.impact) } : impact;

const siteOf = ({ apps, costs }: SiteImpact): object => ({
  apps: apps.map(({ changes, isUnknown, ...app }) => ({
    ...app,
    wasUnknown: isUnknown,
    changes: changes.map(changeJson),
  })),
  costs,
});
