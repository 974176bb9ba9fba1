import { compileSite } from '../../compose/compile-site.ts';
import { listSites, placeSite } from '../../fleet/place-site.ts';
import { formatProblem, InputError, type Problem } from '../../lib/errors.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { compileOptions, type DesiredOptions, withSnapshot } from '../desired.ts';
import { EXIT } from '../exit.ts';
import { errorPalette, print, printError } from '../terminal.ts';

/** Compiles every site of a repo, or the one named, and prints all problems; what several sites share is said once. */
export async function validate(folder: string | undefined, options: DesiredOptions): Promise<number> {
  const compile = await compileOptions(options, true);
  return withSnapshot(folder, options, async (snapshot) => {
    const sites = options.site === undefined ? await listSites(snapshot) : [options.site];
    if (sites.length === 0) throw InputError.at(undefined, 'the repo has no sites', 'add one below sites/');
    const problems = new Set<string>();
    const warnings = new Set<string>();
    const apps = new Set<string>();
    for (const site of sites) {
      const found = await checkSite(snapshot, site, compile);
      for (const problem of found.problems) problems.add(problemText(problem));
      for (const warning of found.warnings) warnings.add(formatProblem(warning));
      for (const app of found.apps) apps.add(app);
    }
    const palette = errorPalette();
    for (const text of warnings) printError(`${palette.change('warning:')} ${text}`);
    for (const text of problems) printError(`${palette.error('error:')} ${text}`);
    if (problems.size > 0) return EXIT.input;
    print(`valid: ${count(sites.length, 'site')}, ${count(apps.size, 'app')}`);
    return EXIT.ok;
  });
}

async function checkSite(snapshot: Snapshot, site: string, compile: Awaited<ReturnType<typeof compileOptions>>) {
  try {
    const desired = await compileSite(await placeSite(snapshot, { site }), snapshot, compile);
    return {
      problems: desired.broken.flatMap(({ problems }) => problems),
      warnings: desired.apps.flatMap((app) => app.warnings),
      apps: [...desired.apps, ...desired.broken].map(({ name }) => name),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { problems: [...error.problems], warnings: [], apps: [] };
  }
}

/** A problem without a place in a file says at least which app has it. */
const problemText = (problem: Problem): string =>
  problem.at || !problem.app ? formatProblem(problem) : `${problem.app}: ${formatProblem(problem)}`;

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
