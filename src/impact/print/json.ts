import type { FieldChange } from '../../model/plan.ts';
import type { Hide } from '../../plan/print/render-changes.ts';
import type { GroupImpact } from '../fleet-impact.ts';
import type { SiteImpact } from '../site-impact.ts';
import { type ImpactReport, totalsOf } from './report.ts';

/** The same for programs. Its shape is schemas/fleet-diff.schema.json: keys are added, never changed. */
export function impactJson(report: ImpactReport, hide: Hide = (text) => text): string {
  const { from, to, sites, groups } = report;
  return JSON.stringify(
    {
      apiVersion: 'holdfast/v1',
      kind: 'FleetDiff',
      from,
      to,
      sites,
      totals: totalsOf(report),
      groups: groups.map(({ sites: names, impact }) => ({ sites: names, ...impactOf(impact, hide) })),
    },
    null,
    2,
  );
}

const impactOf = (impact: GroupImpact, hide: Hide): object =>
  'impact' in impact ? { kind: impact.kind, ...siteOf(impact.impact, hide) } : impact;

const siteOf = ({ apps, costs }: SiteImpact, hide: Hide): object => ({
  apps: apps.map(({ changes, isUnknown, ...app }) => ({
    ...app,
    ...(isUnknown && { wasUnknown: true }),
    changes: changes.map(({ fields, withheld, ...change }) => ({
      ...change,
      fields: fields.map((field) => fieldOf(field, hide)),
      ...(withheld && { withheld: { by: withheld.by, text: withheld.text } }),
    })),
  })),
  costs,
});

const fieldOf = ({ from, to, ...field }: FieldChange, hide: Hide): FieldChange => ({
  ...field,
  from: from === undefined ? undefined : hide(from),
  to: to === undefined ? undefined : hide(to),
});
