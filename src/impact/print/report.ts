import { afterText } from '../../fleet/keys/rollout.ts';
import { sizeText } from '../../lib/units/size.ts';
import type { Change } from '../../plan/print/changes.ts';
import { type Count, countsOf } from '../../plan/print/render-changes.ts';
import { localTime } from '../../windows/local-time.ts';
import type { Behind } from '../behind.ts';
import { bytesToPull, type ImageSizes, unknownSizes } from '../costs/sizes.ts';
import type { AppImpact, GroupImpact, ImpactGroup } from '../impact.ts';

/** The impact of a change on a fleet, as it is printed. */
export interface ImpactReport {
  /** The two revisions, as people call them. */
  from: string;
  to: string;
  /** The number of sites that were compared. */
  sites: number;
  /** Sites that may still run an older version than `from` has. */
  behind?: Behind | undefined;
  /** Sites with apps that require something, whose facts were asked for and are not known. */
  withoutFacts: number;
  /** Sites whose values or contents are not compared with what runs. */
  notCompared: number;
  groups: readonly ImpactGroup[];
  /** The sizes of images, where they were asked for. */
  sizes?: ImageSizes | undefined;
}

/** The costs of a change over all sites. Withheld changes cost nothing. */
export interface Totals {
  unchanged: number;
  /** Sites to which something happens, and the number of their groups. */
  changed: number;
  groups: number;
  /** Sites that cannot be planned, or not wholly. */
  refused: number;
  /** Sites on which an app that is told of is parked. */
  parkedSites: number;
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
  /** Bytes to pull if all sites are of that platform, where sizes were asked for. Groups with an image that is not known are not in it. */
  bytes?: Record<string, number> | undefined;
}

export function totalsOf({ groups, sizes }: Pick<ImpactReport, 'groups' | 'sizes'>): Totals {
  const totals: Totals = {
    unchanged: 0,
    changed: 0,
    groups: 0,
    refused: 0,
    parkedSites: 0,
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
    if (apps.some(({ parked }) => parked !== undefined)) totals.parkedSites += n;
    totals.restarts += costs.restarted.length * n;
    if (costs.restarted.length > 0) totals.restartSites += n;
    totals.volumes += costs.volumes.length * n;
    for (const image of costs.images) images.set(image, (images.get(image) ?? 0) + n);
    for (const change of apps.flatMap((app) => app.changes)) changes.push({ change, times: n });
  }
  totals.actions = countsOf(changes);
  totals.bytes = sizes && bytesOnAll(groups, sizes);
  totals.withheld = changes.reduce((sum, { change, times }) => sum + (change.withheld ? times : 0), 0);
  totals.images = [...images]
    .map(([image, sites]) => ({ image, sites }))
    .sort((a, b) => b.sites - a.sites || (a.image < b.image ? -1 : 1));
  return totals;
}

function bytesOnAll(groups: readonly ImpactGroup[], sizes: ImageSizes): Record<string, number> {
  const each = groups.flatMap(({ sites, impact }) => {
    const bytes =
      'impact' in impact && impact.impact.costs.images.length > 0 && bytesToPull(impact.impact.costs, sizes);
    return bytes ? [{ sites: sites.length, bytes }] : [];
  });
  const platforms = [...new Set(each.flatMap(({ bytes }) => Object.keys(bytes)))].sort();
  const onAll = platforms.filter((platform) => each.every(({ bytes }) => platform in bytes));
  return Object.fromEntries(
    onAll.map((platform) => [
      platform,
      each.reduce((sum, { sites, bytes }) => sum + sites * (bytes[platform] ?? 0), 0),
    ]),
  );
}

/** `18.2 MiB on linux/amd64, 17.9 MiB on linux/arm64`. */
const bytesText = (bytes: Readonly<Record<string, number>>): string =>
  Object.entries(bytes)
    .map(([platform, each]) => `${sizeText(each)} on ${platform}`)
    .join(', ');

/** `to pull: 18.2 MiB on linux/amd64`, for each site of a group; undefined where sizes were not asked for, or are not known. */
export function pullText(impact: GroupImpact, sizes: ImageSizes | undefined): string | undefined {
  if (!sizes || !('impact' in impact) || impact.impact.costs.images.length === 0) return undefined;
  const bytes = bytesToPull(impact.impact.costs, sizes);
  return bytes && Object.keys(bytes).length > 0 ? `to pull: ${bytesText(bytes)}` : undefined;
}

/** The sums of `--sizes`, and the images that are not known; without it nothing. */
export function sizeLines(report: ImpactReport): string[] {
  const { bytes = {} } = totalsOf(report);
  const unknown = unknownIn(report).map(({ image, why }) => `size not known: ${image}: ${why}`);
  if (Object.keys(bytes).length === 0) return unknown;
  return [`to pull on all sites, if all are of one platform: ${bytesText(bytes)}`, ...unknown];
}

/** The images whose size is not known, with the reasons; none where sizes were not asked for. */
export const unknownIn = ({
  groups,
  sizes,
}: Pick<ImpactReport, 'groups' | 'sizes'>): { image: string; why: string }[] => {
  const costs = groups.flatMap(({ impact }) => ('impact' in impact ? [impact.impact.costs] : []));
  return sizes ? unknownSizes(costs, sizes) : [];
};

/** An app cannot be planned. */
const isRefused = (apps: readonly { refused?: unknown; problems: readonly { severity: string }[] }[]): boolean =>
  apps.some(({ refused, problems }) => refused !== undefined || problems.some(({ severity }) => severity === 'error'));

export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

/** `no facts of 3 sites: nobody knows if they have what their apps require`; undefined where all are known, or none were asked for. */
export const factsText = ({ withoutFacts }: Pick<ImpactReport, 'withoutFacts'>): string | undefined =>
  withoutFacts === 0
    ? undefined
    : `no facts of ${count(withoutFacts, 'site')}: nobody knows if ${withoutFacts === 1 ? 'it has' : 'they have'} what ${withoutFacts === 1 ? 'its' : 'their'} apps require`;

/** `content not compared on 3 sites: …`; undefined where all was. */
export const notComparedText = ({ notCompared }: Pick<ImpactReport, 'notCompared'>): string | undefined =>
  notCompared === 0
    ? undefined
    : `content not compared with what runs on ${count(notCompared, 'site')}: configs, secrets, files of Git, and values that may be secret (--actual does not have them)`;

/** `an app is parked on 3 sites`; undefined where none is. */
export const parkedSitesText = ({ parkedSites }: Totals): string | undefined =>
  parkedSites === 0 ? undefined : `an app is parked on ${count(parkedSites, 'site')}, for want of what it requires`;

/** ` (step 2 of 3, after 1 h, together with db)`; "" for a change that begins at once. */
export const stepText = ({ step, together }: Pick<AppImpact, 'step' | 'together'>): string =>
  step
    ? ` (step ${step.step} of ${step.of}, ${afterText(step.after)}${together ? `, together with ${together.join(', ')}` : ''})`
    : '';

/** The times that are named of those at which sync windows open. */
const MOST_TIMES = 4;

/** `begins: at once on 12 sites, from 2026-11-28 20:00 Europe/Berlin on 9 sites`; a line for apps that begin at the same times. */
export function openingTexts({ impact, openings = [] }: ImpactGroup): string[] {
  const all = 'impact' in impact ? impact.impact.apps.length : 0;
  return openings.map(({ apps, step, times }) => {
    const soon = step === undefined || step.after === 0 ? 'at once' : 'with its step';
    const named = times.slice(0, MOST_TIMES).map(({ opens, zone, sites }) => {
      const where = ` on ${count(sites, 'site')}`;
      if (opens === undefined) return `never within a year${where}`;
      return opens === 'now' ? `${soon}${where}` : `from ${localTime(Date.parse(opens), zone)}${where}`;
    });
    const left = times.slice(MOST_TIMES).reduce((sum, { sites }) => sum + sites, 0);
    const more = left > 0 ? [`later on ${count(left, 'site')}`] : [];
    return `${apps.length < all ? `${apps.join(', ')} begins` : 'begins'}: ${[...named, ...more].join(', ')} (sync windows)`;
  });
}

/** The apps that are named where sites may run an older version. */
const MOST_BEHIND = 5;

/** `34 sites may still run an older version: pos on 34 sites`, as the first line of all; undefined where none may. */
export function behindText({ behind, from }: Pick<ImpactReport, 'behind' | 'from'>): string | undefined {
  if (!behind) return undefined;
  const named = behind.apps.slice(0, MOST_BEHIND).map(({ app, sites }) => `${app} on ${count(sites, 'site')}`);
  const left = behind.apps.length - named.length;
  const more = left > 0 ? ` and ${count(left, 'more app')}` : '';
  return `${count(behind.sites, 'site')} may still run an older version than ${from}, since they wait for their step: ${named.join(', ')}${more}`;
}
