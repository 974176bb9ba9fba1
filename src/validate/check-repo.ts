import { compileSite } from '../compose/compile-site.ts';
import { projectFolder } from '../compose/load/files/project-folder.ts';
import { RepoFiles } from '../compose/load/files/repo-files.ts';
import { readDocuments } from '../compose/load/layer.ts';
import type { CompileOptions } from '../compose/load/values/values.ts';
import { looksSecret, possibleSecrets, secretProblem } from '../compose/possible-secrets.ts';
import { readProject } from '../compose/read-project.ts';
import { readApplications } from '../fleet/applications.ts';
import { idleSelectors, nowhereProblem, readSites } from '../fleet/nowhere.ts';
import { listSites } from '../fleet/place-site.ts';
import { schemaProblems } from '../fleet/schema.ts';
import { misnamedSites } from '../fleet/sites.ts';
import { writtenValues } from '../fleet/values/written-values.ts';
import { InputError, type Problem } from '../lib/errors.ts';
import { utf8 } from '../lib/text/utf8.ts';
import type { PlacedApp, PlacedSite, SiteDocument } from '../model/fleet.ts';
import type { Snapshot, SourceFile } from '../model/snapshot.ts';
import { recordSnapshot } from '../source/recording.ts';

export interface CheckOptions {
  /** The site to check; all of them if absent. */
  site: string | undefined;
  /** Gives the apps of a site, and the files that they are read from. */
  place(site: string): Promise<{ placed: PlacedSite; files: Snapshot }>;
  compile: CompileOptions;
}

export interface Checked {
  problems: Problem[];
  warnings: Problem[];
  /** The numbers of sites and apps that were compiled. */
  sites: number;
  apps: number;
}

/**
 * Compiles the sites of a repo and finds all problems. A problem of several sites comes once. If no site runs an app, or the Fleet or the Sites cannot be
 * read, at least the documents and the Compose files are read.
 */
export async function checkRepo(snapshot: Snapshot, options: CheckOptions): Promise<Checked> {
  const isWhole = options.site === undefined;
  const sites = options.site === undefined ? await listSites(snapshot) : [options.site];
  const misnamed = isWhole ? await misnamedSites(snapshot) : [];
  if (sites.length === 0 && misnamed.length > 0) throw new InputError(misnamed);
  if (sites.length === 0) throw InputError.of('the repo has no sites', 'add one below sites/');
  const found: Found = { problems: misnamed, warnings: [], apps: new Map(), onSites: [], read: new Set() };
  await checkTrust(snapshot, found);
  for (const site of sites) await checkSite(site, options, found);
  await checkValues(snapshot, sites, found);
  if (isWhole) await checkApplications(snapshot, found);
  return {
    problems: [...found.problems, ...withSites(found, sites.length)],
    warnings: found.warnings,
    sites: sites.length,
    apps: found.apps.size,
  };
}

const TRUST_FILE = 'trust.yaml';
/** One problem names at most so many sites. */
const MOST_NAMED = 10;

interface Found {
  problems: Problem[];
  warnings: Problem[];
  /** The sites of each app that was compiled. */
  apps: Map<string, string[]>;
  /** Problems of apps on single sites. */
  onSites: { site: string; problem: Problem }[];
  /** Apps whose files were looked through for passwords and keys. */
  read: Set<string>;
}

/** The repo's trust.yaml, which sites would take over. */
async function checkTrust(snapshot: Snapshot, found: Found): Promise<void> {
  const file = await snapshot.read(TRUST_FILE);
  if (!file) return;
  const [{ parseTrust }, { endWarning }] = await Promise.all([
    import('../trust/trust-file.ts'),
    import('../trust/endless-signers.ts'),
  ]);
  try {
    const text = utf8(file.content, TRUST_FILE);
    const trust = await parseTrust(text, TRUST_FILE, (root) => schemaProblems(root, 'Trust'));
    const warning = await endWarning(trust, text, TRUST_FILE);
    if (warning) found.warnings.push(warning);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    found.problems.push(...error.problems);
  }
}

async function checkSite(site: string, { place, compile }: CheckOptions, found: Found): Promise<void> {
  try {
    const { placed, files } = await place(site);
    const recorders = new Map(placed.apps.map(({ name }) => [name, recordSnapshot(files)]));
    const desired = await compileSite(placed, ({ name }) => recorders.get(name)?.snapshot ?? files, compile);
    for (const app of placed.apps) {
      const read = found.read.has(app.name) ? undefined : recorders.get(app.name)?.recorded().files;
      if (read) found.warnings.push(...(await possibleSecretsOf(app, read, files)));
      found.read.add(app.name);
    }
    found.onSites.push(...desired.broken.flatMap(({ problems }) => problems.map((problem) => ({ site, problem }))));
    found.warnings.push(...desired.apps.flatMap(({ warnings, missing = [] }) => [...warnings, ...missing]));
    for (const { name } of [...desired.apps, ...desired.broken])
      found.apps.set(name, [...(found.apps.get(name) ?? []), site]);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    found.problems.push(...error.problems);
  }
}

/**
 * Checks where all Applications are placed, and that the files of those which no site runs can be read. More cannot be known of them, since only a site
 * has values.
 */
async function checkApplications(snapshot: Snapshot, found: Found): Promise<void> {
  const repo = new RepoFiles(snapshot);
  const sites: SiteDocument[] = [];
  for await (const site of readSites(snapshot)) sites.push(site);
  for (const app of await readApplications(snapshot)) {
    if ('problems' in app) found.problems.push(...app.problems);
    if ('problems' in app) continue;
    const problem = nowhereProblem(app.app, sites);
    if (problem) found.problems.push(problem);
    found.warnings.push(...idleSelectors(app.app, sites));
    if (found.apps.has(app.name)) continue;
    for (const file of app.files) {
      try {
        await readDocuments(file, { file, line: 1, column: 1 }, repo);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        found.problems.push(...error.problems);
      }
    }
  }
}

/** Passwords and keys in what an app reads from Git. */
async function possibleSecretsOf(
  app: PlacedApp,
  read: Record<string, SourceFile>,
  snapshot: Snapshot,
): Promise<Problem[]> {
  try {
    const { project } = await readProject(app, snapshot, { filesDir: '/', placeholders: true });
    return possibleSecrets(read, project, projectFolder(app)).map((problem) => ({ ...problem, app: app.name }));
  } catch (error) {
    // Compiling the app reports its problems.
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** Passwords and keys in the values of the Fleet and of Sites. */
async function checkValues(snapshot: Snapshot, sites: readonly string[], found: Found): Promise<void> {
  const values = await writtenValues(snapshot, 'fleet.yaml', 'Fleet');
  for (const site of sites) values.push(...(await writtenValues(snapshot, `sites/${site}.yaml`, 'Site')));
  for (const { name, value, at } of values) if (looksSecret(name, value)) found.warnings.push(secretProblem(at, name));
}

/** Adds the sites to a problem that not all sites of the app have, and to a variable without a value. */
function withSites({ onSites, apps }: Found, all: number): Problem[] {
  const groups = new Map<string, { problem: Problem; sites: string[] }>();
  for (const { site, problem } of onSites) {
    const key = JSON.stringify([problem.app, problem.at, problem.message, problem.hint]);
    const known = groups.get(key);
    if (known) known.sites.push(site);
    else groups.set(key, { problem, sites: [site] });
  }
  return [...groups.values()].map(({ problem, sites }) => {
    const isEverywhere = sites.length >= (apps.get(problem.app ?? '')?.length ?? 0);
    if (all === 1 || (isEverywhere && problem.missing === undefined)) return problem;
    const more = sites.length > MOST_NAMED ? ` and ${sites.length - MOST_NAMED} more` : '';
    const named = `${sites.length === 1 ? 'on site' : 'on sites'} ${sites.slice(0, MOST_NAMED).join(', ')}${more}`;
    return { ...problem, message: `${problem.message} ${named}` };
  });
}
