import { posix } from 'node:path';
import { InputError, type Problem, SourceError } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';
import type { ApplicationDocument, FleetDocument, PlacedApp, SiteDocument } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { YamlNode } from '../yaml/node.ts';
import { COMPOSE_FILES, findComposeFiles, inFolder } from './compose-files.ts';
import { readDocument } from './document.ts';
import { applicationOf } from './documents.ts';
import { factReason, factsIn } from './facts/facts.ts';
import { circleProblems } from './keys/depends-on.ts';
import { stepOf } from './keys/rollout.ts';
import { type Selectable, selection, selects } from './keys/selector.ts';
import { isProjectName, PROJECT_NAME_HINT } from './project-name.ts';
import { below, items, text } from './values/values.ts';
import { createRequireFiles, type RequireFiles, valuesFiles, withFilesOf } from './values/values-from.ts';

const FOLDER = 'apps';
const DOCUMENT = 'app.yaml';

/** The path of an Application's document in a repo. */
export const applicationFile = (name: string): string => `${FOLDER}/${name}/${DOCUMENT}`;

/** An Application of a repo, as it is written. */
export interface Application {
  name: string;
  app: ApplicationDocument;
  root: YamlNode;
}

/** An Application that cannot be read or used. */
export interface BrokenApplication {
  name: string;
  problems: Problem[];
}

/** Reads every Application of a repo, placed or not; one that cannot be read has its problems. Sorted by name. Throws SourceError. */
export async function readApplications(snapshot: Snapshot): Promise<(Application | BrokenApplication)[]> {
  const folders = ((await snapshot.list(FOLDER)) ?? []).filter(({ kind }) => kind !== 'file');
  const read = async ({ name }: { name: string }): Promise<(Application | BrokenApplication)[]> => {
    try {
      return (await readApplication(snapshot, name)) ?? [];
    } catch (error) {
      return [{ name, problems: problemsOf(error, name) }];
    }
  };
  // All at once, so that a source can fetch them in one request.
  return (await Promise.all(folders.map(read))).flat();
}

/** undefined: the folder holds no Application. Throws InputError or SourceError. */
async function readApplication(snapshot: Snapshot, name: string): Promise<[Application] | undefined> {
  const folder = `${FOLDER}/${name}`;
  const file = `${folder}/${DOCUMENT}`;
  const root = await readDocument(snapshot, file, 'Application');
  if (!root) return requireNoApplication(snapshot, folder);
  requireProjectName(name, file);
  return [{ name, app: applicationOf(root, name), root }];
}

/** The result for one Application on one site. */
type Result =
  | { placed: PlacedApp }
  | { broken: BrokenApplication }
  | { elsewhere: string; byFact?: string | undefined };

/** Gives the problem of an Application that is placed on no site at all; undefined when there is no problem. */
export type AskNowhere = (app: ApplicationDocument) => Promise<Problem | undefined>;

/** Places all Applications on one site. One that cannot be used there is broken and does not affect the others. Throws only SourceError. */
export type PlaceApplications = (site: SiteDocument & Selectable, nowhere: AskNowhere) => Promise<Result[]>;

/** The values of a site, and its step in the rollout of the Fleet. */
type OfSite = Pick<PlacedApp, 'values' | 'step'>;

/** All of a placed app but what single sites have of their own. */
type Alike = Omit<PlacedApp, keyof OfSite>;

/** Places the Applications of one revision on any number of sites. Sites that the same overlays are for share what was found of an app. */
export function placerOf(
  snapshot: Snapshot,
  fleet: FleetDocument,
  applications: readonly (Application | BrokenApplication)[],
  requireFiles: RequireFiles,
): PlaceApplications {
  const shared = new Map<string, Promise<Alike>>();
  /** Those of `shared` that are there: nobody has to wait for these, and a fleet asks for hundreds of thousands. */
  const known = new Map<string, Alike>();
  const onSites = async (application: Application, overlays: readonly boolean[]) => {
    await requireFiles(snapshot, application.app.valuesFrom);
    const compose = await composeFiles(snapshot, application, overlays, requireFiles);
    return placedAlike(fleet, application, compose);
  };
  const prepared = new Set<string>();
  const circles = circleProblems(applications.flatMap((each) => ('app' in each ? [each.app] : [])));

  const elsewhere = async (app: ApplicationDocument, site: Selectable, nowhere: AskNowhere): Promise<Result> => {
    const problem = await nowhere(app);
    if (problem) throw new InputError([problem]);
    const isByFact = site.facts && selects(app.placement, { ...site, facts: undefined });
    return { elsewhere: app.name, byFact: isByFact && site.facts ? factReason(app.placement, site.facts) : undefined };
  };
  const place = (
    application: Application,
    site: SiteDocument & Selectable,
    ofSite: OfSite,
    nowhere: AskNowhere,
  ): Result | Promise<Result> => {
    const { name, app } = application;
    if (!selects(app.placement, site)) return elsewhere(app, site, nowhere);
    const circle = circles.get(name);
    if (circle) throw new InputError([circle]);
    // Where nobody knows a fact, the files without the overlay are the surer ones.
    const overlays = app.overlays.map(({ selector }) => selection(selector, site) === 'yes');
    const key = `${name} ${overlays.map(Number).join('')}`;
    const step = app.rollout ? stepOf(app.rollout, site) : ofSite.step;
    const placed = (alike: Alike): Result => {
      known.set(key, alike);
      return { placed: { ...alike, step, values: ofSite.values, ...withFilesOf(site, alike.valuesFrom) } };
    };
    const found = known.get(key);
    return found ? placed(found) : entry(shared, key, () => onSites(application, overlays)).then(placed);
  };

  return async (site, nowhere) => {
    // The step is found by a hash over the name of the site.
    const ofSite = { values: { ...fleet.values, ...site.values }, step: stepOf(fleet.rollout, site) };
    const asked = applications.map((each): Result | Promise<Result> => {
      if ('problems' in each) return { broken: each };
      const broken = (error: unknown): Result => ({
        broken: { name: each.name, problems: problemsOf(error, each.name) },
      });
      try {
        const placed = place(each, site, ofSite, nowhere);
        return placed instanceof Promise ? placed.catch(broken) : placed;
      } catch (error) {
        return broken(error);
      }
    });
    const results = await Promise.all(asked);
    const folders = results.flatMap((result) => ('placed' in result ? result.placed.folder : []));
    const others = folders.filter((folder) => !prepared.has(folder));
    if (others.length > 0) await snapshot.prepare?.(others);
    for (const folder of others) prepared.add(folder);
    return results;
  };
}

function placedAlike(fleet: FleetDocument, { name, app }: Application, compose: string[]): Alike {
  const folder = `${FOLDER}/${name}`;
  return {
    name,
    nameIsFixed: true,
    folder,
    compose,
    profiles: app.profiles,
    sync: app.syncPolicy ?? fleet.syncPolicy,
    pruneVolumes: app.pruneVolumes,
    suspend: app.suspend,
    syncWindows: app.syncWindows,
    requires: app.requires,
    dependsOn: app.dependsOn,
    ignoreDifferences: app.ignoreDifferences.length > 0 ? app.ignoreDifferences : undefined,
    adopt: app.adopt || undefined,
    ...projectDirectory(app, folder),
    valuesFrom: valuesFiles({ Fleet: fleet, Application: app }),
    siteValues: fleet.siteValues,
    defaults: fleet.defaults,
    oldestAgent: fleet.oldestAgent,
    recipientGroup: fleet.recipientGroups.find(({ apps }) => apps.some((each) => each.name === name))?.name,
  };
}

/** True if a placement or an overlay of an Application asks for a fact of the site. */
export const asksForFacts = (application: Application | BrokenApplication): boolean =>
  'app' in application &&
  [
    application.app.placement,
    ...application.app.overlays.map(({ selector }) => selector),
    ...(application.app.rollout?.steps ?? []).map(({ selector = {} }) => selector),
  ].some((placement) => factsIn(placement).length > 0);

/** Every Compose file that an Application names for any site. Also looks for its files with values. Throws InputError or SourceError. */
export async function allComposeFiles(snapshot: Snapshot, application: Application): Promise<string[]> {
  const requireFiles = createRequireFiles();
  await requireFiles(snapshot, application.app.valuesFrom);
  const all = application.app.overlays.map(() => true);
  return composeFiles(snapshot, application, all, requireFiles);
}

/** The Compose files of an app; those of the chosen overlays come last. Throws InputError where the app names a missing file. */
async function composeFiles(
  snapshot: Snapshot,
  { name, app, root }: Application,
  chosen: readonly boolean[],
  requireFiles: RequireFiles,
): Promise<string[]> {
  const folder = `${FOLDER}/${name}`;
  const overlays = items(below(root, 'spec', 'overlays')).filter((_, index) => chosen[index]);
  const base = items(below(root, 'spec', 'compose'));
  const nodes = [...base, ...overlays.flatMap((overlay) => items(below(overlay, 'compose')))];
  const named = nodes.map((node) => ({ path: inFolder(folder, normalized(text(node) ?? '')), at: node.at }));
  await requireFiles(snapshot, named);
  const files = named.map(({ path }) => path);
  if (base.length > 0) return files;
  const found = await findComposeFiles(snapshot, folder);
  if (found.length > 0) return [...found, ...files];
  const hint = `looked for ${COMPOSE_FILES.join(', ')}; name others in spec.compose`;
  throw InputError.at(app.at, `${folder} has no Compose file`, hint);
}

/** An absolute path is a folder on the site. A relative path is a folder in the app's folder in Git. */
function projectDirectory(
  { projectDirectory: path }: ApplicationDocument,
  folder: string,
): Pick<PlacedApp, 'projectDirectory' | 'projectFolder'> {
  if (path === undefined) return {};
  if (path.startsWith('/')) return { projectDirectory: path };
  return { projectFolder: posix.join(folder, normalized(path)) };
}

/** A path without `./` and double slashes. The schema refuses `..`. */
const normalized = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');

/** Accepts a folder without app.yaml. Throws InputError when the folder looks like an app: a typo must not remove an app. */
async function requireNoApplication(snapshot: Snapshot, folder: string): Promise<undefined> {
  const names = (await snapshot.list(folder))?.map(({ name }) => name) ?? [];
  const misnamed = names.find(
    (name) =>
      ['app.yml', 'application.yaml', 'application.yml'].includes(name.toLowerCase()) ||
      name.toLowerCase() === DOCUMENT,
  );
  if (misnamed !== undefined) {
    throw InputError.at(
      { file: `${folder}/${misnamed}`, line: 1, column: 1 },
      `the file of an Application is named ${DOCUMENT}, not ${misnamed}`,
      `rename it to ${DOCUMENT}`,
    );
  }
  const compose = names.find((name) => COMPOSE_FILES.includes(name));
  if (compose === undefined) return undefined;
  throw InputError.at(
    { file: `${folder}/${compose}`, line: 1, column: 1 },
    `${folder} has a Compose file but no ${DOCUMENT}`,
    `add ${folder}/${DOCUMENT} with \`kind: Application\`, or move the folder out of ${FOLDER}/`,
  );
}

function requireProjectName(name: string, file: string): void {
  if (isProjectName(name)) return;
  throw InputError.at(
    { file, line: 1, column: 1 },
    `the folder's name ${JSON.stringify(name)} is the Application's name, but it cannot be the name of a Compose project`,
    PROJECT_NAME_HINT,
  );
}

function problemsOf(error: unknown, app: string): Problem[] {
  if (error instanceof InputError) return error.problems.map((problem) => ({ ...problem, app }));
  // A link in the place of the document is a problem of the app; a failing source is not.
  if (error instanceof SourceError && error.kind === 'path') return [{ message: error.message, app }];
  throw error;
}
