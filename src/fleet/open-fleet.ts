import { InputError, type Problem } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';
import { shortRevision } from '../lib/text/revision.ts';
import type { FleetDocument, Pin, PlacedApp, PlacedSite, SiteDocument, SiteFacts } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import {
  type Application,
  type AskNowhere,
  asksForFacts,
  type BrokenApplication,
  type PlaceApplications,
  placerOf,
  readApplications,
} from './applications.ts';
import { COMPOSE_FILES, findLoneFiles } from './compose-files.ts';
import { readDocument } from './document.ts';
import { fleetOf } from './documents.ts';
import { factsIn } from './facts/facts.ts';
import { absentApps } from './keys/depends-on.ts';
import { stepOf } from './keys/rollout.ts';
import type { Selectable } from './keys/selector.ts';
import { siteWindowsOf } from './keys/sync-windows.ts';
import { nowhere } from './nowhere.ts';
import { newerProblems } from './schema/versions.ts';
import { onlySite, readSite, type SiteDocuments, siteNames } from './sites.ts';
import { createRequireFiles } from './values/values-from.ts';

const FLEET = 'fleet.yaml';
/** The name of the site when the repo is a lone Compose file. */
const DEFAULT_SITE = 'default';

/** A config repo that sites are placed from. Its Fleet and its Applications are read once, whatever number of sites is placed. */
export interface OpenFleet {
  /** True for a repo with only a Compose file. */
  isBare: boolean;
  /** The names of all sites, sorted; `default` for a repo with only a Compose file. The cost grows with the fleet. */
  names(): Promise<string[]>;
  /** The only site. Throws InputError when there is none, or several. */
  only(): Promise<string>;
  /** The labels of a site; undefined where its document cannot be used. */
  labels(site: string): Promise<Record<string, string> | undefined>;
  /**
   * Finds the apps of a site, before any Compose file is read. Throws InputError with all problems of the Fleet and the Site; a broken Application is part of
   * the result.
   */
  place(site: string, options?: PlaceOptions): Promise<PlacedFiles>;
}

export interface PlaceOptions {
  /** Gives the files at the revision that a Site pins: the same snapshot for the same revision. Without this function, pins are ignored. */
  pinned?: ((pin: Pin) => Promise<Snapshot>) | undefined;
  /** True for an app that is broken when it is placed on no site. Only then are the other Sites read. Default: no app. */
  mustBeSomewhere?: ((app: string) => boolean) | undefined;
  /** Finds the facts of the site, if a placement asks for them. Absent: nobody knows them here. */
  facts?: AskFacts | undefined;
  /** Refuses keys that the oldest agent of the fleet does not know. A site itself never does: the files are for it as well. */
  holdVersions?: boolean | undefined;
}

/** Gives the facts of a site; undefined where they are not known. */
export type AskFacts = (site: string) => Promise<SiteFacts | undefined>;

/** The apps of a site, and the files that they are read from. */
export interface PlacedFiles {
  placed: PlacedSite;
  files: Snapshot;
  /** The Site's document; absent for a lone Compose file. */
  site?: SiteDocument;
}

/** Opens a config repo. `sites` keeps the Sites that are read, for other revisions. Throws InputError when it is neither a fleet nor a Compose file: that never means "no apps". */
export async function openFleet(snapshot: Snapshot, sites?: SiteDocuments): Promise<OpenFleet> {
  const layout = await layoutOf(snapshot);
  if (layout.kind === 'bare') {
    return {
      isBare: true,
      names: async () => [DEFAULT_SITE],
      only: async () => DEFAULT_SITE,
      labels: async () => ({}),
      place: async (site) => ({ placed: bareSite(snapshot, site, layout.compose), files: snapshot }),
    };
  }
  const fleets = new Map<Snapshot, Promise<FleetDocument>>();
  const placers = new Map<Snapshot, Promise<Placer>>();
  const tooNew = new Map<Application, BrokenApplication>();
  const requireFiles = createRequireFiles();
  const fleetAt = (files: Snapshot, pin?: Pin): Promise<FleetDocument> =>
    entry(fleets, files, async () => {
      const fleet = await (pin ? pinnedFleet(files, pin) : readFleet(files));
      await requireFiles(files, fleet.valuesFrom);
      return fleet;
    });
  const placerAt = (files: Snapshot, fleet: FleetDocument): Promise<Placer> =>
    entry(placers, files, async () => {
      const applications = await readApplications(files);
      return { applications, place: placerOf(files, fleet, applications, requireFiles) };
    });
  /** Reads both documents at once, so that a source can fetch them in one request. Throws InputError with the problems of both. */
  const documents = async (name: string, pinned: PlaceOptions['pinned']): Promise<Documents> => {
    const [fleet, site] = await Promise.allSettled([fleetAt(snapshot), readSite(snapshot, name, sites)]);
    if (site.status === 'fulfilled' && site.value.pin && pinned) {
      const { pin } = site.value;
      const files = await pinned(pin);
      return { fleet: await fleetAt(files, pin), site: site.value, files };
    }
    if (fleet.status === 'fulfilled' && site.status === 'fulfilled')
      return { fleet: fleet.value, site: site.value, files: snapshot };
    const problems: Problem[] = [];
    for (const one of [fleet, site]) {
      if (one.status === 'fulfilled') continue;
      if (!(one.reason instanceof InputError)) throw one.reason;
      problems.push(...one.reason.problems);
    }
    throw new InputError(problems);
  };

  return {
    isBare: false,
    names: () => siteNames(snapshot),
    only: () => onlySite(snapshot),
    labels: (site) =>
      readSite(snapshot, site, sites).then(
        ({ labels }) => labels,
        (error: unknown) => {
          if (error instanceof InputError) return undefined;
          throw error;
        },
      ),
    async place(name, { pinned, mustBeSomewhere = () => false, holdVersions = false, facts } = {}) {
      const { fleet, site, files } = await documents(name, pinned);
      await requireFiles(files, site.valuesFrom);
      const newer = holdVersions ? newerProblems([...fleet.newKeys, ...site.newKeys], fleet.oldestAgent) : [];
      if (newer.length > 0) throw new InputError(newer);
      const { applications, place } = await placerAt(files, fleet);
      const ask: AskNowhere = async (app) => (mustBeSomewhere(app.name) ? nowhere(snapshot, app) : undefined);
      const isAsked = asksInSteps(fleet) || applications.some(asksForFacts);
      const known = isAsked ? await facts?.(name) : undefined;
      const seen = { ...site, facts: known };
      const results = await place(seen, ask);
      const held = holdVersions ? withoutNewer(results, applications, fleet, tooNew) : results;
      return { placed: placedOn(seen, fleet, files, held), files, site };
    },
  };
}

interface Placer {
  applications: Awaited<ReturnType<typeof readApplications>>;
  place: PlaceApplications;
}

/** The results, in which an Application with a key that the oldest agent does not know is broken. `known` has those that were found so before. */
function withoutNewer(
  results: Awaited<ReturnType<PlaceApplications>>,
  applications: Placer['applications'],
  { oldestAgent }: FleetDocument,
  known: Map<Application, BrokenApplication>,
): Awaited<ReturnType<PlaceApplications>> {
  return results.map((result, index) => {
    const application = applications[index];
    if (!('placed' in result) || !application || 'problems' in application) return result;
    const problems = newerProblems(application.app.newKeys, oldestAgent);
    if (problems.length === 0) return result;
    const { name } = application;
    const broken = entry(known, application, () => ({
      name,
      problems: problems.map((problem) => ({ ...problem, app: name })),
    }));
    return { broken };
  });
}

interface Documents {
  fleet: FleetDocument;
  site: SiteDocument;
  /** The files of the Fleet and of everything but the Site. */
  files: Snapshot;
}

function placedOn(
  site: SiteDocument & Selectable,
  fleet: FleetDocument,
  files: Snapshot,
  results: Awaited<ReturnType<PlaceApplications>>,
): PlacedSite {
  const placed: PlacedSite = {
    site: site.name,
    revision: files.revision,
    apps: results.flatMap((result) => ('placed' in result ? [result.placed] : [])),
    broken: results.flatMap((result) => ('broken' in result ? [result.broken] : [])),
    elsewhere: results.flatMap((result) => ('elsewhere' in result ? [result.elsewhere] : [])),
    leftByFact: leftByFact(results),
    facts: site.facts,
    vanished: fleet.syncPolicy,
    allowEmpty: site.allowEmpty,
    step: stepOf(fleet.rollout, site),
    pruneThreshold: fleet.pruneThreshold,
    confirmPrune: site.confirmPrune,
    suspend: site.suspend || undefined,
    windows: siteWindowsOf(fleet, site),
  };
  return { ...placed, absent: absentApps(placed) };
}

function leftByFact(results: Awaited<ReturnType<PlaceApplications>>): PlacedSite['leftByFact'] {
  const found = results.flatMap((each) =>
    'elsewhere' in each && each.byFact !== undefined ? [[each.elsewhere, each.byFact] as const] : [],
  );
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

const asksInSteps = ({ rollout }: FleetDocument): boolean =>
  rollout?.steps.some(({ selector = {} }) => factsIn(selector).length > 0) ?? false;

/** fleet.yaml. Throws InputError. */
export async function readFleet(snapshot: Snapshot): Promise<FleetDocument> {
  const root = await readDocument(snapshot, FLEET, 'Fleet');
  if (!root) throw InputError.of(`${snapshot.origin.description} has no ${FLEET}`);
  return fleetOf(root, snapshot.origin.name);
}

/** Finds whether a repo is a fleet or a lone Compose file. Throws InputError when it is neither: that never means "no apps". */
async function layoutOf(snapshot: Snapshot): Promise<{ kind: 'fleet' } | { kind: 'bare'; compose: string[] }> {
  const entries = await snapshot.list('');
  const names = entries?.map(({ name }) => name) ?? [];
  if (names.includes(FLEET)) return { kind: 'fleet' };
  if (names.includes('fleet.yml')) {
    throw InputError.at(
      { file: 'fleet.yml', line: 1, column: 1 },
      `the Fleet is in a file named ${FLEET}, not fleet.yml`,
      `rename it to ${FLEET}`,
    );
  }
  const compose = await findLoneFiles(snapshot, '');
  if (compose) return { kind: 'bare', compose };
  const folders = ['apps', 'sites'].filter((name) => names.includes(name));
  throw InputError.of(
    `${snapshot.origin.description} holds nothing to run: there is no ${FLEET} and no Compose file (${COMPOSE_FILES.join(', ')}) in it`,
    folders.length > 0
      ? `add a ${FLEET} beside ${folders.join(' and ')}`
      : "name the config repo's folder with --path if it is not the root",
  );
}

/** An app of Compose files alone: no Application says more of it. */
export const bareApp = (app: Pick<PlacedApp, 'name' | 'nameIsFixed' | 'compose' | 'sync'>): PlacedApp => ({
  ...app,
  folder: '',
  profiles: [],
  pruneVolumes: false,
  suspend: false,
  values: {},
  siteValues: [],
});

/** A lone Compose file is one app on every site, with sync, prune and self-heal. */
function bareSite(snapshot: Snapshot, site: string, compose: string[]): PlacedSite {
  const sync = { automated: { prune: true, selfHeal: true, allowEmpty: false } };
  return {
    site,
    revision: snapshot.revision,
    apps: [bareApp({ name: snapshot.origin.name, nameIsFixed: false, compose, sync })],
    broken: [],
    allowEmpty: false,
    // There is no Site document that could confirm a larger prune. An empty file is refused anyway.
    pruneThreshold: 100,
    confirmPrune: [],
  };
}

async function pinnedFleet(files: Snapshot, { revision, at }: Pin): Promise<FleetDocument> {
  const root = await readDocument(files, FLEET, 'Fleet');
  if (root) return fleetOf(root, files.origin.name);
  throw InputError.at(
    at,
    `targetRevision ${revision} is commit ${shortRevision(files.revision)}, which has no ${FLEET}`,
    'pin a revision at which the repo is a fleet',
  );
}
