import { durationText } from '../../lib/text/duration.ts';
import type { SiteStep } from '../../model/fleet.ts';
import type { Change } from '../../plan/print/changes.ts';
import { type Count, countsOf } from '../../plan/print/render-changes.ts';
import type { ImpactGroup } from '../impact.ts';

/** The impact of a change on a fleet, as it is printed. */
export interface ImpactReport {
  /** The two revisions, as people call them. */
  from: string;
  to: string;
  /** The number of sites that were compared. */
  sites: number;
  groups: readonly ImpactGroup[];
}

/** The costs of a change over all sites. Withheld changes cost nothing. */
export interface Totals {
  unchanged: number;
  /** Sites to which something happens, and the number of their groups. */
  changed: number;
  groups: number;
  /** Sites that cannot be planned, or not wholly. */
  refused: number;
  /** Everything that is done, on all sites. */
  actions: Count[];
  /** Changes that a policy holds back. */
  withheld: number;
  /** Containers that are stopped at least for a moment, and the sites that have them. */
  restarts: number;
  restartSites: number;
  /** Volumes that these and new containers mount. */
  volumes: number;
  /** Images that sites need and did not need before, those of the most sites first. */
  images: { image: string; sites: number }[];
}

export function totalsOf({ groups }: Pick<ImpactReport, 'groups'>): Totals {
  const totals: Totals = {
    unchanged: 0,
    changed: 0,
    groups: 0,
    refused: 0,
    actions: [],
    withheld: 0,
    restarts: 0,
    restartSites: 0,
    volumes: 0,
    images: [],
  };
  const images = new Map<string, number>();
  const changes: { change: Change; times: number }[] = [];
  for (const { sites, impact } of groups) {
    const n = sites.length;
    if (impact.kind === 'unchanged') totals.unchanged += n;
    else {
      totals.changed += n;
      totals.groups += 1;
    }
    if (impact.kind === 'broken') totals.refused += n;
    if (impact.kind !== 'changed' && impact.kind !== 'added') continue;
    const { apps, costs } = impact.impact;
    if (isRefused(apps)) totals.refused += n;
    totals.restarts += costs.restarted.length * n;
    if (costs.restarted.length > 0) totals.restartSites += n;
    totals.volumes += costs.volumes.length * n;
    for (const image of costs.images) images.set(image, (images.get(image) ?? 0) + n);
    for (const change of apps.flatMap((app) => app.changes)) changes.push({ change, times: n });
  }
  totals.actions = countsOf(changes);
  totals.withheld = changes.reduce((sum, { change, times }) => sum + (change.withheld ? times : 0), 0);
  totals.images = [...images]
    .map(([image, sites]) => ({ image, sites }))
    .sort((a, b) => b.sites - a.sites || (a.image < b.image ? -1 : 1));
  return totals;
}

/** An app cannot be planned. */
const isRefused = (apps: readonly { refused?: unknown; problems: readonly { severity: string }[] }[]): boolean =>
  apps.some(({ refused, problems }) => refused !== undefined || problems.some(({ severity }) => severity === 'error'));

export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

/** ` (step 2 of 3, after 1 h)`; "" for a change that begins at once. */
export function stepText(step: SiteStep | undefined): string {
  if (!step) return '';
  const when =
    step.after === 'promotion'
      ? 'when a promotion opens it'
      : step.after === 0
        ? 'at once'
        : `after ${durationText(step.after)}`;
  return ` (step ${step.step} of ${step.of}, ${when})`;
}
