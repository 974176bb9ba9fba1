import { InputError, type Problem } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';
import type { ApplicationDocument, FleetDocument, LabelSelector, Pin, SiteDocument, SiteStep } from '../model/fleet.ts';
import { requiresText } from '../model/requirement.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { SiteVerdicts, SiteWindows, SyncWindow, WindowVerdict } from '../model/sync-window.ts';
import { readApplications } from './applications.ts';
import { type AskKnown, type KnownSite, knownApps } from './facts/known-site.ts';
import { stepOf } from './keys/rollout.ts';
import { type Selectable, selects } from './keys/selector.ts';
import { siteWindowsOf } from './keys/sync-windows.ts';
import { openFleet, readFleet } from './open-fleet.ts';
import { readSite } from './sites.ts';

/** The number of sites that are read at once, so that a source can fetch them in one request. */
const AT_ONCE = 200;

/** A site as a list shows it. A slice that adds to a Site adds a key here, and a column in src/cli/commands/fleet/sites.ts. */
export interface ListedSite {
  name: string;
  labels: Record<string, string>;
  /** The apps that are placed on it, sorted; absent where the revision of its pin cannot be read. */
  apps?: string[] | undefined;
  /** All that its apps require, in words, by app that requires anything. */
  requires?: Record<string, string> | undefined;
  /** The apps that an app depends on, by app that depends on any. */
  dependsOn?: Record<string, string[]> | undefined;
  /** Apps that the site parks, with the reason, as far as its facts are known. */
  parked?: Record<string, string> | undefined;
  /** The revision that it pins, as written. */
  pin?: string | undefined;
  /** The steps of the rollouts in which its apps change; an app that changes at once is left out. Absent: all do. */
  steps?: Record<string, SiteStep> | undefined;
  /** Its zone. Absent: UTC. */
  timeZone?: string | undefined;
  /** Nothing of it is changed. */
  suspend?: true | undefined;
  /** The answers of the sync windows now, by app that has any; absent: no app has. */
  windows?: Record<string, Pick<WindowVerdict, 'isOpen' | 'text' | 'byHand' | 'opens'>> | undefined;
}

export interface SiteList {
  sites: ListedSite[];
  /** Sites and Applications that cannot be read. */
  problems: Problem[];
}

export interface ListOptions {
  selector?: LabelSelector | undefined;
  /** Gives the files at the revision of a pin; undefined where they cannot be had. Called once for a revision. */
  pinned(pin: Pin): Promise<Snapshot | undefined>;
  /** Tells the facts of sites. Absent: they are not known. */
  known?: AskKnown | undefined;
  /** Asks the sync windows of a site. */
  verdicts(site: AskedSite): Promise<SiteVerdicts | undefined>;
}

/** The sync windows of a site. */
export interface AskedSite {
  apps: { name: string; syncWindows?: SyncWindow[] | undefined }[];
  windows?: SiteWindows | undefined;
}

/** Lists the sites of a repo, sorted by name. It reads each Site and each Application once, and no Compose file. Throws InputError and SourceError. */
export async function listedSites(
  snapshot: Snapshot,
  { selector = {}, pinned, known, verdicts }: ListOptions,
): Promise<SiteList> {
  const fleet = await openFleet(snapshot);
  const found: SiteList = { sites: [], problems: [] };
  if (fleet.isBare) {
    const { placed } = await fleet.place(await fleet.only());
    const apps = placed.apps.map(({ name }) => name);
    const site = { name: placed.site, labels: {}, apps };
    return selects(selector, site) ? { ...found, sites: [site] } : found;
  }
  const pins = new Map<string, Promise<Snapshot | undefined>>();
  const filesAt = (pin: Pin | undefined): Promise<Snapshot | undefined> =>
    pin ? entry(pins, pin.revision, () => pinned(pin)) : Promise.resolve(snapshot);
  const applications = new Map<Snapshot, ReturnType<typeof readApplications>>();
  const applicationsOf = (files: Snapshot): ReturnType<typeof readApplications> =>
    entry(applications, files, () => readApplications(files));
  const fleets = new Map<Snapshot, Promise<FleetDocument | undefined>>();
  /** Its problems are told with those of the sites. */
  const fleetAt = (files: Snapshot): Promise<FleetDocument | undefined> =>
    entry(fleets, files, () => readFleet(files).catch(noteProblems(found)));
  const stepsOf = async (
    files: Snapshot,
    site: Selectable,
    apps: readonly ApplicationDocument[],
  ): Promise<ListedSite['steps']> => {
    const rollout = (await fleetAt(files))?.rollout;
    const steps = apps.map((app) => [app.name, stepOf(app.rollout ?? rollout, site)] as const);
    return recordOf(steps.flatMap(([app, step]) => (step ? [[app, step] as const] : [])));
  };
  const windowsNow = async (
    files: Snapshot,
    site: SiteDocument,
    apps: AskedSite['apps'],
  ): Promise<ListedSite['windows']> => {
    const answers = await verdicts({ apps, windows: siteWindowsOf((await fleetAt(files)) ?? {}, site) });
    const told = [...(answers?.apps ?? [])].flatMap(([name, verdict]) => {
      if (!verdict) return [];
      const { isOpen, text, byHand, opens } = verdict;
      return [[name, { isOpen, text, byHand, opens }] as const];
    });
    return recordOf(told);
  };
  const names = await fleet.names();
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const read = await Promise.allSettled(names.slice(from, from + AT_ONCE).map((name) => readSite(snapshot, name)));
    for (const result of read) {
      if (result.status === 'rejected') {
        if (!(result.reason instanceof InputError)) throw result.reason;
        found.problems.push(...result.reason.problems);
        continue;
      }
      const { name, labels, pin, suspend, timeZone } = result.value;
      const here = await known?.(name);
      const site = { name, labels, facts: here?.facts };
      if (!selects(selector, site)) continue;
      const files = await filesAt(pin);
      const placed =
        files &&
        (await applicationsOf(files)).flatMap((each) =>
          'app' in each && selects(each.app.placement, site) ? [each.app] : [],
        );
      found.sites.push({
        name,
        labels,
        apps: placed?.map((app) => app.name),
        requires: recordOf(
          (placed ?? []).flatMap((app) => (app.requires ? [[app.name, requiresText(app.requires)]] : [])),
        ),
        dependsOn: recordOf(
          (placed ?? []).flatMap(({ name, dependsOn }) => (dependsOn ? [[name, dependsOn.map(({ app }) => app)]] : [])),
        ),
        parked: here && placed && recordOf(await parkedBy(here, placed)),
        pin: pin?.revision,
        suspend: suspend || undefined,
        steps: files && placed && (await stepsOf(files, site, placed)),
        timeZone,
        windows: files && placed && (await windowsNow(files, result.value, placed)),
      });
    }
  }
  for (const each of applications.size > 0 ? await applicationsOf(snapshot) : [])
    if ('problems' in each) found.problems.push(...each.problems);
  return found;
}

const recordOf = <Value>(entries: readonly (readonly [string, Value])[]): Record<string, Value> | undefined =>
  entries.length > 0 ? Object.fromEntries(entries) : undefined;

const parkedBy = async (site: KnownSite, apps: readonly ApplicationDocument[]): Promise<[string, string][]> =>
  [...(await knownApps(site, apps)).parked].map(([app, { reason }]) => [app, reason]);

const noteProblems =
  ({ problems }: SiteList) =>
  (error: unknown): undefined => {
    if (!(error instanceof InputError)) throw error;
    problems.push(...error.problems);
  };
