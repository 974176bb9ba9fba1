import { compileSite } from '../../compose/compile-site.ts';
import { readDocuments } from '../../compose/load/layer.ts';
import { RepoFiles } from '../../compose/load/repo-files.ts';
import { readApplications } from '../../fleet/applications.ts';
import { listSites } from '../../fleet/place-site.ts';
import { formatProblem, InputError, type Problem } from '../../lib/errors.ts';
import { line } from '../../lib/line.ts';
import { utf8 } from '../../lib/utf8.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { compileOptions, type DesiredOptions, withSnapshot } from '../desired.ts';
import { EXIT } from '../exit.ts';
import { type OpenPinned, placeAt } from '../pinned.ts';
import { errorPalette, print, printError } from '../terminal.ts';

/**
 * Compiles every site of a repo, or the one named, and prints all problems, sorted by place; what several sites share is said once. Where a site is
 * named, it is read as the site does it, at the revision that it pins; else all are checked against what is here, for the day the pin is lifted. Of apps that
 * no site runs, and of all where the Fleet or the Sites cannot be read, it reads at least the documents and the Compose files.
 */
export async function validate(folder: string | undefined, options: DesiredOptions): Promise<number> {
  const compile = await compileOptions(options, true);
  return withSnapshot(folder, options, async (snapshot, pinned) => {
    const open = options.site === undefined ? undefined : pinned;
    const sites = options.site === undefined ? await listSites(snapshot) : [options.site];
    if (sites.length === 0) throw InputError.at(undefined, 'the repo has no sites', 'add one below sites/');
    const found: Found = { problems: [], warnings: [], apps: new Set() };
    await checkTrust(snapshot, found);
    for (const site of sites) await checkSite(snapshot, site, open, compile, found);
    if (options.site === undefined) await checkUnplaced(snapshot, found);
    const palette = errorPalette();
    const problems = told(found.problems);
    for (const text of told(found.warnings)) printError(line`${palette.change('warning:')} ${text}`);
    for (const text of problems) printError(line`${palette.error('error:')} ${text}`);
    if (problems.length > 0) return EXIT.input;
    print(`valid: ${count(sites.length, 'site')}, ${count(found.apps.size, 'app')}`);
    return EXIT.ok;
  });
}

const TRUST_FILE = 'trust.yaml';

interface Found {
  problems: Problem[];
  warnings: Problem[];
  /** Names of the apps that were compiled. */
  apps: Set<string>;
}

/** The trust.yaml that sites would be handed, where there is one. */
async function checkTrust(snapshot: Snapshot, found: Found): Promise<void> {
  const file = await snapshot.read(TRUST_FILE);
  if (!file) return;
  const [{ readTrust }, { endWarning }] = await Promise.all([
    import('../trust-file.ts'),
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
  found: Found,
): Promise<void> {
  try {
    const { placed, files } = await placeAt(snapshot, site, pinned);
    const desired = await compileSite(placed, files, compile);
    found.problems.push(...desired.broken.flatMap(({ problems }) => problems));
    found.warnings.push(...desired.apps.flatMap(({ warnings, missing = [] }) => [...warnings, ...missing]));
    for (const { name } of [...desired.apps, ...desired.broken]) found.apps.add(name);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    found.problems.push(...error.problems);
  }
}

/** Without a site there are no values, so no more than this can be known. */
async function checkUnplaced(snapshot: Snapshot, found: Found): Promise<void> {
  const repo = new RepoFiles(snapshot);
  for (const app of await readApplications(snapshot)) {
    if ('problems' in app) found.problems.push(...app.problems);
    if ('problems' in app || found.apps.has(app.name)) continue;
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

/** As lines, each once, by place; what has no place comes first. A problem without one says at least which app has it. */
function told(problems: readonly Problem[]): string[] {
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
