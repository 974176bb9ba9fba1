import { InputError, type Problem } from '../lib/errors.ts';
import { shortRevision } from '../lib/text/revision.ts';
import type { FleetDocument, Pin, PlacedSite, SiteDocument } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type AskNowhere, placeApplications } from './applications.ts';
import { COMPOSE_FILES, findLoneFiles } from './compose-files.ts';
import { readDocument } from './document.ts';
import { fleetOf } from './documents.ts';
import { nowhere } from './nowhere.ts';
import { onlySite, readSite, requireSiteName, siteNames } from './sites.ts';

const FLEET = 'fleet.yaml';
/** The site of a repo that knows of none. */
const DEFAULT_SITE = 'default';

export interface PlaceOptions {
  site?: string;
  /** Gives the files at the revision that the Site pins, where it pins one. Without it a pin is left out of account. */
  pinned?: (pin: Pin) => Promise<Snapshot>;
  /** Apps that are broken when they are placed on no site of the repo. The other Sites are read only where such an app is not placed here. Default: none. */
  mustBeSomewhere?: (app: string) => boolean;
}

/**
 * What one site should run, by the fleet layer alone. Reads fleet.yaml, that Site's file, every app.yaml and, of apps placed here, the names in
 * their folders: nothing that grows with the number of sites. All but the Site's own file is read at the revision that it pins, if it does. Throws
 * InputError with all problems of what the site hangs on; a broken Application is in the result instead.
 */
export async function placeSite(snapshot: Snapshot, options: PlaceOptions): Promise<PlacedSite> {
  if (options.site !== undefined) requireSiteName(options.site);
  const layout = await layoutOf(snapshot);
  if (layout.kind === 'bare') return bareSite(snapshot, options.site ?? DEFAULT_SITE, layout.compose);

  const name = options.site ?? (await onlySite(snapshot));
  const { fleet, site, files } = await documents(snapshot, name, options);
  const { mustBeSomewhere = () => false } = options;
  const ask: AskNowhere = async (app) => (mustBeSomewhere(app.name) ? nowhere(snapshot, app) : undefined);
  const results = await placeApplications(files, site, fleet, ask);
  return {
    site: name,
    revision: files.revision,
    apps: results.flatMap((result) => ('placed' in result ? [result.placed] : [])),
    broken: results.flatMap((result) => ('broken' in result ? [result.broken] : [])),
    elsewhere: results.flatMap((result) => ('elsewhere' in result ? [result.elsewhere] : [])),
    vanished: fleet.syncPolicy,
    allowEmpty: site.allowEmpty,
    pruneThreshold: fleet.pruneThreshold,
    confirmPrune: site.confirmPrune,
  };
}

/** The names of all sites, sorted; `default` for a repo with only a Compose file. Its cost grows with the fleet: only for a laptop. */
export async function listSites(snapshot: Snapshot): Promise<string[]> {
  const layout = await layoutOf(snapshot);
  return layout.kind === 'bare' ? [DEFAULT_SITE] : siteNames(snapshot);
}

/** fleet.yaml. Throws InputError. */
export async function readFleet(snapshot: Snapshot): Promise<FleetDocument> {
  const root = await readDocument(snapshot, FLEET, 'Fleet');
  if (!root) throw InputError.at(undefined, `${snapshot.origin.description} has no ${FLEET}`);
  return fleetOf(root, snapshot.origin.name);
}

/** A repo is a fleet or one Compose file. Nothing of either is never read as "no apps": it is an InputError. */
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
  throw InputError.at(
    undefined,
    `${snapshot.origin.description} holds nothing to run: there is no ${FLEET} and no Compose file (${COMPOSE_FILES.join(', ')}) in it`,
    folders.length > 0
      ? `add a ${FLEET} beside ${folders.join(' and ')}`
      : "name the config repo's folder with --path if it is not the root",
  );
}

/** A Compose file alone is one app on every site, followed, pruned and healed. */
function bareSite(snapshot: Snapshot, site: string, compose: string[]): PlacedSite {
  const sync = { automated: { prune: true, selfHeal: true, allowEmpty: false } };
  return {
    site,
    revision: snapshot.revision,
    apps: [
      {
        name: snapshot.origin.name,
        nameIsFixed: false,
        folder: '',
        compose,
        profiles: [],
        sync,
        pruneVolumes: false,
        suspend: false,
        values: {},
        siteValues: [],
      },
    ],
    broken: [],
    allowEmpty: false,
    // There is no Site document that could confirm more; an empty file is refused all the same.
    pruneThreshold: 100,
    confirmPrune: [],
  };
}

interface Documents {
  fleet: FleetDocument;
  site: SiteDocument;
  /** Where the Fleet was read, and all else is. */
  files: Snapshot;
}

/** Both documents, or the problems of both. Read at once: what has to be fetched for them comes in one answer. */
async function documents(snapshot: Snapshot, name: string, { pinned }: PlaceOptions): Promise<Documents> {
  const [fleet, site] = await Promise.allSettled([readFleet(snapshot), readSite(snapshot, name)]);
  if (site.status === 'fulfilled' && site.value.pin && pinned) {
    const { pin } = site.value;
    const files = await pinned(pin);
    return { fleet: await pinnedFleet(files, pin), site: site.value, files };
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
