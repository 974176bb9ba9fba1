import { redactedEngine } from '../../../agent/reconcile/redacted-engine.ts';
import { guardSite } from '../../../apply/guard-site.ts';
import { createHostFiles } from '../../../apply/host-files.ts';
import { observeSite } from '../../../apply/observe-site.ts';
import { outsideValues } from '../../../compose/private-values/outside-values.ts';
import { knownApps } from '../../../fleet/facts/known-site.ts';
import { lookFor, unseenText } from '../../../host/required-things.ts';
import { systemClock } from '../../../lib/clock.ts';
import { formatProblem, InputError } from '../../../lib/errors.ts';
import { line } from '../../../lib/text/line.ts';
import { emptyMemory } from '../../../model/memory.ts';
import type { Requires } from '../../../model/requirement.ts';
import type { DesiredSite } from '../../../model/state.ts';
import { updateFromState } from '../../../plan/memory/update.ts';
import { plan } from '../../../plan/plan.ts';
import { renderJson, renderSteps } from '../../../plan/print/render.ts';
import { renderChanges } from '../../../plan/print/render-changes.ts';
import { rewrittenPlan } from '../../../plan/print/rewrite.ts';
import { placeholderOf, withFoundValues } from '../../../plan/unknown-values.ts';
import { defineCommand } from '../../command.ts';
import { filesAsWanted, isElsewhere } from '../../engine/elsewhere.ts';
import { engineAhead } from '../../engine/engine.ts';
import { hostByHand } from '../../engine/host-by-hand.ts';
import { windowsByHand } from '../../engine/windows-by-hand.ts';
import { EXIT } from '../../exit.ts';
import {
  desiredOptions,
  engineOptions,
  folderArgument,
  hostOption,
  policyOption,
} from '../../options/desired-options.ts';
import { oneOf, text } from '../../options/kinds.ts';
import { flagOf, onOff, optional, repeated, withDefault } from '../../options/option.ts';
import { errorPalette, palette, print, printError, printJson } from '../../output/terminal.ts';
import { readDesired } from '../../repo/desired.ts';
import { policyByHand } from '../../repo/policy-file.ts';
import { territoryByHand } from '../../settings/territory.ts';

/** Apps that cannot be planned are named on standard error; the others are printed. */
export const command = defineCommand({
  argument: folderArgument,
  options: {
    ...desiredOptions,
    ...engineOptions,
    ...policyOption,
    ...hostOption,
    prune: onOff('plan as `apply --prune` would'),
    steps: onOff('print each step of the plan: every call to the engine and every file, in order'),
    output: withDefault(oneOf('text', 'json', 'markdown'), 'text', 'the format; markdown goes with --fleet', {
      short: 'o',
    }),
    fleet: onOff('say what a change of the repo does to every site; no engine is asked'),
    from: optional(text('rev'), 'with --fleet: the revision that sites run now (default: HEAD)'),
    to: optional(text('rev'), 'with --fleet: the revision that they would run, or `worktree` (default: worktree)'),
    selector: optional(text('labels'), 'with --fleet: only sites with these labels, as region=eu,ring!=canary'),
    app: repeated(text('name'), 'with --fleet: only this app'),
    actual: optional(
      text('dir'),
      'with --fleet: sites run what `holdfast observe` wrote to DIR/SITE.json, and not what --from says',
    ),
    facts: optional(
      text('dir'),
      'with --fleet: the facts of sites, as `holdfast facts` writes them to DIR/SITE.json (default: not known)',
    ),
    sizes: onOff('with --fleet: ask the registries for the bytes that sites pull'),
    strict: onOff(
      'with --fleet: exit with 2 if a site is not known: its pin is not in this clone, or no observation tells of it',
    ),
  },
  exitCodes: {
    0: 'no difference',
    1: 'differences',
    2: 'bad input, or an app that cannot be planned; the others are printed',
  },
  async run(folder, options) {
    if (options.fleet) return (await import('../fleet/diff-fleet.ts')).diffFleet(folder ?? '.', options);
    requireNoFleetOptions(options);
    const territory = territoryByHand(folder, options);
    using ahead = engineAhead(options.site, options.dockerHost);
    const outside = outsideValues();
    const names = new Set<string>();
    const onPlaceholder = (name: string): void => void names.add(name);
    const read = await readDesired(folder, options, { placeholders: true, engine: true, outside, onPlaceholder });
    const elsewhere = await isElsewhere(options.dockerHost);
    const host = hostByHand({ ...options, filesDir: territory.filesDir }, elsewhere);
    const policy = await policyByHand(options, { territory, hide: outside.hide });
    const wanted = await guardSite(read, { policy, ...(!elsewhere && { territory, filesDir: territory.filesDir }) });
    for (const text of placeholderTexts([...names].sort())) printError(text);
    const { planned, desired } = await ahead.use(wanted.site, async (opened) => {
      const engine = redactedEngine(opened, outside.hide);
      const files = elsewhere ? undefined : createHostFiles(territory);
      const seeing = (site: DesiredSite) => {
        const disk = files ?? { observe: async () => filesAsWanted(site) };
        return observeSite(site, emptyMemory(), { engine, files: disk }, systemClock);
      };
      const inTexts = new Set([...names].map(placeholderOf));
      const first = await seeing(wanted);
      const desired = names.size > 0 ? withFoundValues(wanted, first, inTexts).desired : wanted;
      // The second look asks for the images that were found in place of a placeholder.
      const actual = names.size > 0 ? withFoundValues(wanted, await seeing(desired), inTexts).actual : first;
      if (elsewhere && desired.apps.some((app) => app.files.length > 0))
        printError(
          'the engine is on another machine: files of Git are compared by the labels of the containers that bind them, not on its disk',
        );
      const windows = await windowsByHand()(desired);
      const look = (requires: Requires) => lookFor(requires, host, actual.engine.host);
      const { parked, unseen } = await knownApps({ look }, desired.apps);
      for (const [app, things] of unseen) printError(unseenText(app, things));
      const how = { byHand: true, prune: options.prune, pullAlways: false, windows, parked };
      return { desired, planned: plan(desired, actual, updateFromState(emptyMemory(), desired, actual, 0), 0, how) };
    });

    const made = rewrittenPlan(planned, outside.hide);
    if (options.output === 'json') printJson(renderJson(made));
    else if (options.steps) print(renderSteps(made, palette(), desired.broken.length));
    else print(renderChanges(made, palette(), desired.broken.length));
    for (const { name, problems } of desired.broken) {
      for (const problem of problems)
        printError(line`${errorPalette().error('error:')} ${name}: ${formatProblem(problem)}`);
    }
    const unplanned = made.apps.some(({ problems }) => problems.some(({ severity }) => severity === 'error'));
    if (desired.broken.length > 0 || unplanned) return EXIT.input;
    return made.apps.some(({ operations }) => operations.length > 0) ? EXIT.differences : EXIT.ok;
  },
});

function requireNoFleetOptions({
  from,
  to,
  selector,
  app,
  actual,
  facts,
  sizes,
  strict,
  output,
}: Record<string, unknown>): void {
  const given = Object.entries({ from, to, selector, app, actual, facts, sizes, strict }).find(([, value]) =>
    Array.isArray(value) ? value.length > 0 : value,
  );
  if (given) throw InputError.of(`${flagOf(given[0])} goes with --fleet`);
  if (output === 'markdown') throw InputError.of('--output markdown goes with --fleet');
}

function placeholderTexts(names: readonly string[]): string[] {
  const sealed = names.flatMap((name) => / encrypted [0-9a-f]+$/.exec(name)?.input.split(' ')[0] ?? []);
  const own = names.filter((name) => !name.includes(' '));
  const fields = ({ length }: readonly string[]): string =>
    `fields that use ${length === 1 ? 'it' : 'them'} are not compared`;
  return [
    ...(own.length > 0
      ? [`only the site knows ${own.join(', ')}: ${fields(own)} (--values FILE gives the values, and then they are)`]
      : []),
    ...(sealed.length > 0
      ? [`${sealed.join(', ')} ${sealed.length === 1 ? 'is' : 'are'} encrypted: ${fields(sealed)}`]
      : []),
  ];
}
