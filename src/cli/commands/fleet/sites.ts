import { readSelector } from '../../../fleet/keys/read-selector.ts';
import { afterText } from '../../../fleet/keys/rollout.ts';
import { type ListedSite, listedSites } from '../../../fleet/listed-sites.ts';
import { formatProblem, InputError } from '../../../lib/errors.ts';
import { entry } from '../../../lib/maps/map-entry.ts';
import { own } from '../../../lib/maps/own.ts';
import { line } from '../../../lib/text/line.ts';
import { localTime } from '../../../windows/local-time.ts';
import { defineCommand } from '../../command.ts';
import { windowsByHand } from '../../engine/windows-by-hand.ts';
import { EXIT } from '../../exit.ts';
import { desiredOptions, factsOption, folderArgument } from '../../options/desired-options.ts';
import { oneOf, text } from '../../options/kinds.ts';
import { optional, withDefault } from '../../options/option.ts';
import { type Column, tableLines } from '../../output/table.ts';
import { errorPalette, palette, print, printError, printJson } from '../../output/terminal.ts';
import { withSnapshot } from '../../repo/desired.ts';
import { knownSites } from '../../repo/known-sites.ts';

const { repo, revision, path } = desiredOptions;

/** One row says what a Site has; a column without any text is not printed. */
const COLUMNS: readonly Column<ListedSite>[] = [
  { head: 'SITE', cell: ({ name }) => name },
  { head: 'PINNED TO', cell: ({ pin }) => pin ?? '' },
  {
    head: 'LABELS',
    cell: ({ labels }) =>
      Object.entries(labels)
        .map((pair) => pair.join('='))
        .join(','),
  },
  { head: 'STEP', cell: stepsOf },
  { head: 'CHANGES', cell: changesNow },
  { head: 'REQUIRES', cell: ({ requires }) => listed(requires) },
  { head: 'DEPENDS ON', cell: ({ dependsOn }) => listed(dependsOn) },
  { head: 'PARKED', cell: ({ parked }) => listed(parked) },
  { head: 'APPS', cell: ({ apps }) => (apps === undefined ? 'not known' : apps.join(',') || 'none') },
];

/** `2 of 3, after 1 h`: the step of the rollout in which the apps of the site change. */
function stepsOf({ steps = {}, apps = [] }: ListedSite): string {
  return byText(
    apps.map((app) => {
      const step = own(steps, app);
      return [app, step ? `${step.step} of ${step.of}, ${afterText(step.after)}` : 'at once'];
    }),
    'at once',
  );
}

/** `closed until 2026-06-02 01:00 Europe/Lisbon`. Apps without sync windows may be changed at any time. */
function changesNow({ suspend, windows = {}, timeZone = 'UTC' }: ListedSite): string {
  if (suspend) return 'suspended';
  return byText(
    Object.entries(windows).map(([app, { isOpen, opens }]) => {
      const until = opens === undefined ? '' : ` until ${localTime(Date.parse(opens), timeZone)}`;
      return [app, isOpen ? 'open' : `closed${until}`];
    }),
  );
}

/** One text for all apps; where they differ, `open: pos; closed: 12 apps`. "" where all have the text that goes without saying. */
function byText(texts: readonly (readonly [app: string, text: string])[], usual?: string): string {
  const apps = new Map<string, string[]>();
  for (const [app, text] of texts) entry(apps, text, () => []).push(app);
  if (apps.size === 0 || (apps.size === 1 && usual !== undefined && apps.has(usual))) return '';
  if (apps.size === 1) return [...apps.keys()].join('');
  const named = (all: string[]): string => (all.length > MOST_NAMED ? `${all.length} apps` : all.join(','));
  return [...apps].map(([text, all]) => `${text}: ${named(all)}`).join('; ');
}

/** `pos: /dev/ttyUSB0; scale: a GPU`, `pos: db,cache`. */
const listed = (texts: Record<string, string | string[]> = {}): string =>
  Object.entries(texts)
    .map((pair) => pair.join(': '))
    .join('; ');

const MOST_NAMED = 3;

const NOTES = `The apps of a pinned site are those at its pin, if the clone or the repo has that revision.

    holdfast sites
    holdfast sites --selector 'region=eu,ring!=canary'
    holdfast sites --repo https://git.example.com/shops.git -o json`;

export const command = defineCommand({
  argument: folderArgument,
  options: {
    repo,
    revision,
    path,
    selector: optional(
      text('labels'),
      'only sites with these labels, as region=eu,ring!=canary, "zone in (a,b)", gpu, !old',
    ),
    ...factsOption,
    output: withDefault(oneOf('text', 'json'), 'text', 'the format', { short: 'o' }),
  },
  notes: NOTES,
  exitCodes: { 0: 'listed', 2: 'bad input, or a document that cannot be read; the other sites are listed' },
  run(folder, options) {
    const selector = options.selector === undefined ? undefined : readSelector(options.selector);
    const reading = { ...options, env: false, filesDir: '/' };
    return withSnapshot(folder, reading, async (snapshot, pinned) => {
      const { sites, problems } = await listedSites(snapshot, {
        selector,
        known: knownSites(options.facts),
        verdicts: windowsByHand(),
        pinned: (pin) =>
          pinned(pin).catch((error: unknown) => {
            if (!(error instanceof InputError)) throw error;
            printError(line`${errorPalette().change('warning:')} ${error.message}`);
            return undefined;
          }),
      });
      if (options.output === 'json') printJson(JSON.stringify({ sites }, null, 2));
      else if (sites.length > 0) print(tableLines(sites, COLUMNS, palette()));
      else printError('no site is selected');
      for (const problem of problems) printError(line`${errorPalette().error('error:')} ${formatProblem(problem)}`);
      return problems.length > 0 ? EXIT.input : EXIT.ok;
    });
  },
});
