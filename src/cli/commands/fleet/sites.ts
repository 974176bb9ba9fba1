import { readSelector } from '../../../fleet/keys/read-selector.ts';
import { type ListedSite, listedSites } from '../../../fleet/listed-sites.ts';
import { formatProblem, InputError } from '../../../lib/errors.ts';
import { line } from '../../../lib/text/line.ts';
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
  { head: 'CHANGES', cell: changesNow },
  { head: 'REQUIRES', cell: ({ requires }) => listed(requires) },
  { head: 'DEPENDS ON', cell: ({ dependsOn }) => listed(dependsOn) },
  { head: 'PARKED', cell: ({ parked }) => listed(parked) },
  { head: 'APPS', cell: ({ apps }) => (apps === undefined ? 'not known' : apps.join(',') || 'none') },
];

/**
 * `closed until 2026-06-02 01:00 UTC`; where apps differ, `open: pos; closed until …: 12 apps`. Apps without sync windows may be changed at any time.
 */
function changesNow({ suspend, windows }: ListedSite): string {
  if (suspend) return 'suspended';
  const byText = new Map<string, string[]>();
  for (const [app, { isOpen, opens }] of Object.entries(windows ?? {})) {
    const until = opens === undefined ? '' : ` until ${opens.slice(0, 16).replace('T', ' ')} UTC`;
    const text = isOpen ? 'open' : `closed${until}`;
    byText.set(text, [...(byText.get(text) ?? []), app]);
  }
  if (byText.size <= 1) return [...byText.keys()].join('');
  const named = (apps: string[]): string => (apps.length > MOST_NAMED ? `${apps.length} apps` : apps.join(','));
  return [...byText].map(([text, apps]) => `${text}: ${named(apps)}`).join('; ');
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
