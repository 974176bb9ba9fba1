import { outsideValues } from '../../../compose/private-values/outside-values.ts';
import { systemClock } from '../../../lib/clock.ts';
import { formatProblem, type Problem } from '../../../lib/errors.ts';
import { byCodeUnit } from '../../../lib/text/by-code-unit.ts';
import { line } from '../../../lib/text/line.ts';
import { checkRepo } from '../../../validate/check-repo.ts';
import { rolloutLines } from '../../../validate/check-rollouts.ts';
import { defineCommand } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { desiredOptions, factsOption, folderArgument, policyOption } from '../../options/desired-options.ts';
import { onOff } from '../../options/option.ts';
import { errorPalette, print, printError } from '../../output/terminal.ts';
import { compileOptions, withSnapshot } from '../../repo/desired.ts';
import { knownSites } from '../../repo/known-sites.ts';
import { fleetPolicy } from '../../repo/policy-file.ts';

const NOTES = `Advice changes no exit code. A service silences a rule by x-holdfast: {ignoreAdvice: [RULE]} in its Compose file; the name of the rule is at the end of each
line. docs/advice.md lists the rules.`;

/**
 * Prints all problems, sorted by place. A named site is read at the revision that it pins, as the site does. Otherwise pins do not count: the files here
 * must be right on the day when a pin is lifted.
 */
export const command = defineCommand({
  argument: folderArgument,
  options: {
    ...desiredOptions,
    ...factsOption,
    ...policyOption,
    advice: onOff('also print advice from the practice of edge sites, for what is right and may go wrong'),
  },
  notes: NOTES,
  exitCodes: { 0: 'valid', 2: 'problems, each with its file, line and column' },
  async run(folder, options) {
    const { site, advice } = options;
    const outside = outsideValues();
    const compile = { ...(await compileOptions(options, { placeholders: true })), onOutside: outside.heard };
    const policy = await fleetPolicy(options, outside.hide);
    return withSnapshot(folder, options, async (snapshot, pinned) => {
      const open = site === undefined ? undefined : pinned;
      const found = await checkRepo(snapshot, {
        site,
        compile,
        pinned: open,
        known: knownSites(options.facts),
        policy,
        advice,
        now: systemClock.wall().getTime(),
      });
      const { change, error, bold } = errorPalette();
      for (const text of linesOf(found.advice)) printError(line`${bold('advice:')} ${text}`);
      const problems = linesOf(found.problems);
      for (const text of linesOf(found.warnings)) printError(line`${change('warning:')} ${text}`);
      for (const text of problems) printError(line`${error('error:')} ${text}`);
      if (problems.length > 0) return EXIT.input;
      print(found.rollouts.flatMap(rolloutLines));
      print(`valid: ${count(found.sites, 'site')}, ${count(found.apps, 'app')}`);
      return EXIT.ok;
    });
  },
});

/** The problems as lines, each once, sorted by place. Those without a place come first, with the name of the app. */
function linesOf(problems: readonly Problem[]): string[] {
  const sorted = problems.toSorted(
    (a, b) =>
      byCodeUnit(a.at?.file ?? '', b.at?.file ?? '') ||
      (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
      (a.at?.column ?? 0) - (b.at?.column ?? 0),
  );
  const text = (problem: Problem): string =>
    problem.at || !problem.app ? formatProblem(problem) : `${problem.app}: ${formatProblem(problem)}`;
  return [...new Set(sorted.map(text))];
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
