import { posix } from 'node:path';
import { InputError, type Problem, SourceError } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/did-you-mean.ts';
import type { ApplicationDocument, FleetDocument, PlacedApp, Placement, SiteDocument } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { YamlNode } from '../yaml/node.ts';
import { COMPOSE_FILES, findComposeFiles, inFolder } from './compose-files.ts';
import { readDocument } from './document.ts';
import { applicationOf } from './documents.ts';
import { isProjectName, PROJECT_NAME_HINT } from './project-name.ts';
import { selects } from './selector.ts';
import { below, items, text } from './values/values.ts';

const FOLDER = 'apps';
const DOCUMENT = 'app.yaml';

/** Where the Application of that name is in a repo, if it has one. */
export const applicationFile = (name: string): string => `${FOLDER}/${name}/${DOCUMENT}`;

/** What becomes of one folder below apps/. */
type Result = { placed: PlacedApp } | { broken: { name: string; problems: Problem[] } } | { elsewhere: string };

/** Says of an Application that is not placed here why it is placed nowhere; undefined where that is no fault. */
export type AskNowhere = (app: ApplicationDocument) => Promise<Problem | undefined>;

/**
 * Every Application, placed on one site. One that cannot be read, or that is placed here and cannot be used, is broken and stands in nobody's
 * way. Sorted by name. Throws SourceError only when the source itself fails.
 */
export async function placeApplications(
  snapshot: Snapshot,
  site: SiteDocument,
  fleet: FleetDocument,
  nowhere: AskNowhere,
): Promise<Result[]> {
  const place = async (name: string): Promise<Result[]> => {
    try {
      const placed = await placeApplication(snapshot, name, site, fleet, nowhere);
      return placed === 'elsewhere' ? [{ elsewhere: name }] : placed ? [{ placed }] : [];
    } catch (error) {
      return [{ broken: { name, problems: problemsOf(error, name) } }];
    }
  };
  const folders = ((await snapshot.list(FOLDER)) ?? []).filter(({ kind }) => kind !== 'file');
  // At once: what has to be fetched for them comes in one answer, and not in one for each.
  const results = (await Promise.all(folders.map(({ name }) => place(name)))).flat();
  await snapshot.prepare?.(results.flatMap((result) => ('placed' in result ? result.placed.folder : [])));
  return results;
}

/** The Application of a folder, if the folder holds one: whether it is placed on the site, and how. Throws InputError or SourceError. */
async function placeApplication(
  snapshot: Snapshot,
  name: string,
  site: SiteDocument,
  fleet: FleetDocument,
  nowhere: AskNowhere,
): Promise<PlacedApp | 'elsewhere' | undefined> {
  const folder = `${FOLDER}/${name}`;
  const file = `${folder}/${DOCUMENT}`;
  const root = await readDocument(snapshot, file, 'Application');
  if (!root) return requireNoApplication(snapshot, folder);
  requireProjectName(name, file);
  const app = applicationOf(root, name);
  if (!selects(app.placement, site)) {
    const problem = await nowhere(app);
    if (problem) throw new InputError([problem]);
    return 'elsewhere';
  }
  return {
    name,
    nameIsFixed: true,
    folder,
    compose: await composeFiles(snapshot, folder, app, root, (selector) => selects(selector, site)),
    profiles: app.profiles,
    sync: app.syncPolicy ?? fleet.syncPolicy,
    pruneVolumes: app.pruneVolumes,
    suspend: app.suspend,
    ...(app.ignoreDifferences.length > 0 && { ignoreDifferences: app.ignoreDifferences }),
    ...(app.adopt && { adopt: true }),
    ...projectDirectory(app, folder),
    values: { ...fleet.values, ...site.values },
    siteValues: fleet.siteValues,
  };
}

/** An Application wherever it is placed, with every Compose file that it names for any site. */
export type ApplicationFiles =
  | { name: string; files: string[]; app: ApplicationDocument }
  | { name: string; problems: Problem[] };

/** Every Application of a repo, placed or not; only for a laptop. Sorted by name. Throws SourceError. */
export async function readApplications(snapshot: Snapshot): Promise<ApplicationFiles[]> {
  const found: ApplicationFiles[] = [];
  for (const { name, kind } of (await snapshot.list(FOLDER)) ?? []) {
    if (kind === 'file') continue;
    try {
      const folder = `${FOLDER}/${name}`;
      const file = `${folder}/${DOCUMENT}`;
      const root = await readDocument(snapshot, file, 'Application');
      if (!root) {
        await requireNoApplication(snapshot, folder);
        continue;
      }
      requireProjectName(name, file);
      const app = applicationOf(root, name);
      found.push({ name, files: await composeFiles(snapshot, folder, app, root, () => true), app });
    } catch (error) {
      found.push({ name, problems: problemsOf(error, name) });
    }
  }
  return found;
}

/** The Compose files of an app, those of the overlays that are `selected` last, checked to be there while it is known where they are named. */
async function composeFiles(
  snapshot: Snapshot,
  folder: string,
  app: ApplicationDocument,
  root: YamlNode,
  selected: (selector: Placement) => boolean,
): Promise<string[]> {
  const overlays = items(below(root, 'spec', 'overlays')).filter((_, index) => {
    const overlay = app.overlays[index];
    return overlay !== undefined && selected(overlay.selector);
  });
  const base = items(below(root, 'spec', 'compose'));
  const named = [...base, ...overlays.flatMap((overlay) => items(below(overlay, 'compose')))];
  const problems: Problem[] = [];
  const files: string[] = [];
  for (const node of named) {
    const path = inFolder(folder, normal(text(node) ?? ''));
    const near = await absent(snapshot, path);
    if (near) problems.push({ at: node.at, message: `there is no file ${path}`, ...near });
    files.push(path);
  }
  if (problems.length > 0) throw new InputError(problems);
  if (base.length > 0) return files;
  const found = await findComposeFiles(snapshot, folder);
  if (found.length > 0) return [...found, ...files];
  throw InputError.at(
    app.at,
    `${folder} has no Compose file`,
    `looked for ${COMPOSE_FILES.join(', ')}; name others in spec.compose`,
  );
}

/** An absolute one is a place on the site; a relative one is a folder in the app's. */
function projectDirectory(
  { projectDirectory: path }: ApplicationDocument,
  folder: string,
): Pick<PlacedApp, 'projectDirectory' | 'projectFolder'> {
  if (path === undefined) return {};
  if (path.startsWith('/')) return { projectDirectory: path };
  return { projectFolder: posix.join(folder, normal(path)) };
}

/** Without `./` and doubled slashes. That no `..` is in it, the schema says. */
const normal = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');

/** undefined for a path that is there; else a hint at what may have been meant. */
async function absent(snapshot: Snapshot, path: string): Promise<{ hint?: string } | undefined> {
  const cut = path.lastIndexOf('/');
  const name = path.slice(cut + 1);
  const entries = (await snapshot.list(path.slice(0, cut))) ?? [];
  const files = entries.filter(({ kind }) => kind !== 'dir').map((entry) => entry.name);
  if (files.includes(name)) return undefined;
  const near = didYouMean(name, files);
  return near === undefined ? {} : { hint: `did you mean \`${near}\`?` };
}

/** A folder without app.yaml is no Application, unless it looks like one: that is a slip, and not a wish to remove an app. */
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
      `an Application is in a file named ${DOCUMENT}, not ${misnamed}`,
      `rename it to ${DOCUMENT}`,
    );
  }
  const compose = names.find((name) => COMPOSE_FILES.includes(name));
  if (compose === undefined) return undefined;
  throw InputError.at(
    { file: `${folder}/${compose}`, line: 1, column: 1 },
    `${folder} has a Compose file and no ${DOCUMENT}`,
    `add ${folder}/${DOCUMENT} with \`kind: Application\`, or move the folder out of ${FOLDER}/`,
  );
}

function requireProjectName(name: string, file: string): void {
  if (isProjectName(name)) return;
  throw InputError.at(
    { file, line: 1, column: 1 },
    `the folder's name ${JSON.stringify(name)} is the Application's name and cannot be a Compose project's`,
    PROJECT_NAME_HINT,
  );
}

function problemsOf(error: unknown, app: string): Problem[] {
  if (error instanceof InputError) return error.problems.map((problem) => ({ ...problem, app }));
  // A link where the document should be is the app's own fault; a source that fails is not.
  if (error instanceof SourceError && error.kind === 'path') return [{ message: error.message, app }];
  throw error;
}
