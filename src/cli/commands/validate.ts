import { compileSite } from '../../compose/compile-site.ts';
import { projectFolder } from '../../compose/load/files/project-folder.ts';
import { RepoFiles } from '../../compose/load/files/repo-files.ts';
import { readDocuments } from '../../compose/load/layer.ts';
import { readProject } from '../../compose/read-project.ts';
import { isSuspect, suspect, suspectsIn } from '../../compose/suspects.ts';
import { readApplications } from '../../fleet/applications.ts';
import { idleSelectors, nowhereProblem, readSites } from '../../fleet/nowhere.ts';
import { listSites } from '../../fleet/place-site.ts';
import { misnamedSites } from '../../fleet/sites.ts';
import { writtenValues } from '../../fleet/values/written-values.ts';
import { formatProblem, InputError, type Problem } from '../../lib/errors.ts';
import { line } from '../../lib/text/line.ts';
import { utf8 } from '../../lib/text/utf8.ts';
import type { PlacedApp, SiteDocument } from '../../model/fleet.ts';
import type { Snapshot, SourceFile } from '../../model/snapshot.ts';
import { recordSnapshot } from '../../source/recording.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit.ts';
import { desiredOptions, folderArgument } from '../options/desired-options.ts';
import { errorPalette, print, printError } from '../output/terminal.ts';
import { compileOptions, withSnapshot } from '../repo/desired.ts';
import { type OpenPinned, placeAt } from '../repo/pinned.ts';

/**
 * Compiles every site of a repo, or the one named, and prints all problems, sorted by place. A problem of several sites is printed once. A named site is
 * read at the revision that it pins, as the site does. Otherwise pins do not count: the files here must be right on the day when a pin is lifted. If no site
 * runs an app, or the Fleet or the Sites cannot be read, at least the documents and the Compose files are read.
 */
export const command = defineCommand({
  argument: folderArgument,
  options: desiredOptions,
  exitCodes: { 0: 'valid', 2: 'problems, each with its file, line and column' },
  async run(folder, options) {
    const compile = await compileOptions(options, true);
    return withSnapshot(folder, options, async (snapshot, pinned) => {
      const open = options.site === undefined ? undefined : pinned;
      const sites = options.site === undefined ? await listSites(snapshot) : [options.site];
      const misnamed = options.site === undefined ? await misnamedSites(snapshot) : [];
      if (sites.length === 0 && misnamed.length > 0) throw new InputError(misnamed);
      if (sites.length === 0) throw InputError.at(undefined, 'the repo has no sites', 'add one below sites/');
      const found: Found = { problems: misnamed, warnings: [], apps: new Map(), onSites: [], read: new Set() };
      await checkTrust(snapshot, found);
      for (const site of sites) await checkSite(snapshot, site, open, compile, () => options.site !== undefined, found);
      await checkValues(snapshot, sites, found);
      if (options.site === undefined) await checkApplications(snapshot, found);
      const palette = errorPalette();
      const problems = linesOf([...found.problems, ...withSites(found, sites.length)]);
      for (const text of linesOf(found.warnings)) printError(line`${palette.change('warning:')} ${text}`);
      for (const text of problems) printError(line`${palette.error('error:')} ${text}`);
      if (problems.length > 0) return EXIT.input;
      print(`valid: ${count(sites.length, 'site')}, ${count(found.apps.size, 'app')}`);
      return EXIT.ok;
    });
  },
});

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
  const [{ readTrust }, { endWarning }] = await Promise.all([
    import('../repo/trust-file.ts'),
    import('../../trust/endless-signers.ts'),
  ]);
  try {
    const text = utf8(file.content, TRUST_FILE);
    const warning = await endWarning(await readTrust(text, TRUST_FILE), text, TRUST_FILE);
    if (warning) found.warnings.push(warning);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    found.problems.push(...error.problems);
  }
}

async function checkSite(
  snapshot: Snapshot,
  site: string,
  pinned: OpenPinned | undefined,
  compile: Awaited<ReturnType<typeof compileOptions>>,
  mustBeSomewhere: () => boolean,
  found: Found,
): Promise<void> {
  try {
    const { placed, files } = await placeAt(snapshot, site, pinned, mustBeSomewhere);
    const recorders = new Map(placed.apps.map(({ name }) => [name, recordSnapshot(files)]));
    const desired = await compileSite(placed, ({ name }) => recorders.get(name)?.snapshot ?? files, compile);
    for (const app of placed.apps) {
      const read = found.read.has(app.name) ? undefined : recorders.get(app.name)?.recorded().files;
      if (read) found.warnings.push(...(await suspectsOf(app, read, files)));
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
async function suspectsOf(app: PlacedApp, read: Record<string, SourceFile>, snapshot: Snapshot): Promise<Problem[]> {
  try {
    const { project } = await readProject(app, snapshot, { filesDir: '/', placeholders: true });
    return suspectsIn(read, project, projectFolder(app)).map((problem) => ({ ...problem, app: app.name }));
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
  for (const { name, value, at } of values) if (isSuspect(name, value)) found.warnings.push(suspect(at, name));
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

/** The problems as lines, each once, sorted by place. Those without a place come first, with the name of the app. */
function linesOf(problems: readonly Problem[]): string[] {
  const sorted = problems.toSorted(
    (a, b) =>
      compareText(a.at?.file ?? '', b.at?.file ?? '') ||
      (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
      (a.at?.column ?? 0) - (b.at?.column ?? 0),
  );
  const text = (problem: Problem): string =>
    problem.at || !problem.app ? formatProblem(problem) : `${problem.app}: ${formatProblem(problem)}`;
  return [...new Set(sorted.map(text))];
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
