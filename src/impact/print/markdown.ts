import { formatProblem } from '../../lib/errors.ts';
import { printable } from '../../lib/text/printable.ts';
import type { Change } from '../../plan/print/changes.ts';
import { countsText, detailOf, titleOf } from '../../plan/print/render-changes.ts';
import type { GroupImpact, ImpactGroup } from '../impact.ts';
import {
  behindText,
  count,
  factsText,
  type ImpactReport,
  notComparedText,
  openingTexts,
  parkedSitesText,
  pullText,
  sizeLines,
  stepText,
  totalsOf,
} from './report.ts';

/** A comment of a pull request may have 65,536 characters at GitHub; in bytes. */
const MOST_BYTES = 60 * 1024;
/** The sites of a group that are named. */
const MOST_SITES = 50;
/** The rows of the table of groups. */
const MOST_ROWS = 50;

/** The same for a pull request: a summary, a table of groups, and the details of each group, folded. It says so if details are left out for its size. */
export function impactMarkdown(report: ImpactReport): string {
  const told = report.groups.filter(({ impact }) => impact.kind !== 'unchanged');
  const head = [...summaryOf(report), ...tableOf(told)].join('\n');
  const details = told.map((group) => detailsOf(group, report));
  const fitting: string[] = [];
  let bytes = Buffer.byteLength(head) + ROOM_FOR_REST;
  for (const each of details) {
    bytes += Buffer.byteLength(each) + 1;
    if (bytes > MOST_BYTES) break;
    fitting.push(each);
  }
  const left = told.slice(fitting.length);
  const rest =
    left.length === 0
      ? []
      : [
          `The details of ${count(left.length, 'group')} with ${count(sitesIn(left), 'site')} are left out, since a comment may not be larger: \`holdfast diff --fleet\` shows them.`,
        ];
  return [head, ...fitting, ...rest].join('\n');
}

/** Bytes that the sentence about what is left out may take. */
const ROOM_FOR_REST = 300;

const sitesIn = (groups: readonly ImpactGroup[]): number => groups.reduce((sum, { sites }) => sum + sites.length, 0);

function summaryOf(report: ImpactReport): string[] {
  const totals = totalsOf(report);
  const { changed, unchanged, refused, restarts, restartSites, images } = totals;
  const actions = countsText(totals.actions, totals.withheld);
  const behind = behindText(report);
  return [
    '### Effect on the fleet',
    '',
    ...(behind === undefined ? [] : [`${text(behind)}.`, '']),
    changed === 0
      ? `Nothing changes on any of ${count(report.sites, 'site')}.`
      : `**${count(changed, 'site')}** of ${report.sites} change, ${unchanged} do not.${refused > 0 ? ` On **${count(refused, 'site')}** something is refused.` : ''}`,
    ...(actions === '' ? [] : ['', `In all: ${text(actions)}.`]),
    ...(restarts === 0
      ? []
      : [`${count(restarts, 'container')} stopped at least for a moment, on ${count(restartSites, 'site')}.`]),
    ...[parkedSitesText(totals), factsText(report), notComparedText(report)].flatMap((note) =>
      note === undefined ? [] : ['', `${text(note[0]?.toUpperCase() + note.slice(1))}.`],
    ),
    ...(images.length === 0
      ? []
      : [
          '',
          `Images to pull: ${images
            .slice(0, 20)
            .map(({ image, sites }) => `${code(image)} on ${count(sites, 'site')}`)
            .join(', ')}${images.length > 20 ? ` and ${images.length - 20} more` : ''}.`,
        ]),
    ...sizeLines(report)
      .slice(0, 20)
      .flatMap((each) => ['', `${text(each)}.`]),
    '',
  ];
}

function tableOf(groups: readonly ImpactGroup[]): string[] {
  if (groups.length === 0) return [];
  const rows = groups.slice(0, MOST_ROWS).map((group) => `| ${group.sites.length} | ${text(shortOf(group.impact))} |`);
  const left = groups.slice(MOST_ROWS);
  const more = left.length > 0 ? [`| ${sitesIn(left)} | ${count(left.length, 'more group')} |`] : [];
  return ['| sites | change |', '| ---: | --- |', ...rows, ...more, ''];
}

/** A group in one line. */
export function shortOf(impact: GroupImpact): string {
  switch (impact.kind) {
    case 'unchanged':
      return 'nothing';
    case 'removed':
      return 'no longer in Git';
    case 'broken':
      return `refused: ${impact.problems.map(({ message }) => message).join('; ')}`;
    case 'unknown':
      return `not known: ${impact.why}`;
    default: {
      const { apps } = impact.impact;
      const named = apps.map(({ app, changes, refused, problems, parked }) => {
        const actions = [...new Set(changes.filter(({ withheld }) => !withheld).map(({ action }) => action))];
        const withheld = changes.some((change) => change.withheld) ? ['withheld'] : [];
        const faults = refused || problems.some(({ severity }) => severity === 'error') ? ['refused'] : [];
        const parkings = parked === undefined ? [] : [`parked: ${parked}`];
        return `${app}: ${[...actions, ...withheld, ...faults, ...parkings].join(', ') || 'warnings'}`;
      });
      const shown = named.slice(0, 5).join('; ');
      return `${impact.kind === 'added' ? 'new; ' : ''}${shown}${named.length > 5 ? `; ${named.length - 5} more apps` : ''}`;
    }
  }
}

function detailsOf(group: ImpactGroup, { sizes }: ImpactReport): string {
  const { sites, impact } = group;
  const more = sites.length > MOST_SITES ? ` and ${sites.length - MOST_SITES} more` : '';
  return [
    `<details><summary>${count(sites.length, 'site')}: ${html(shortOf(impact))}</summary>`,
    '',
    `${sites.slice(0, MOST_SITES).map(code).join(', ')}${more}`,
    '',
    ...linesOf(impact),
    ...openingTexts(group).flatMap((each) => [text(each), '']),
    text(pullText(impact, sizes) ?? ''),
    '',
    '</details>',
  ].join('\n');
}

function linesOf(impact: GroupImpact): string[] {
  if (impact.kind === 'broken') return impact.problems.map((problem) => `- refused: ${text(formatProblem(problem))}`);
  if (!('impact' in impact)) return [];
  return impact.impact.apps.flatMap(({ app, changes, problems, refused = [], parked, ...begins }) => [
    `**${text(app)}**${text(stepText(begins))}`,
    '',
    ...(parked === undefined ? [] : [`- parked: ${text(parked)}`]),
    ...refused.map((problem) => `- refused: ${text(formatProblem(problem))}`),
    ...problems.map((problem) => `- ${problem.severity}: ${text(formatProblem(problem))}`),
    ...changes.map((change) => `- ${code(titleOf(change))} ${change.action}: ${detail(change)}`),
    '',
  ]);
}

const detail = (change: Change): string =>
  `${text(detailOf(change))}${change.withheld ? ` (withheld: ${text(change.withheld.text)})` : ''}`;

/** Text from a repo must not become a heading, a link, a mention or HTML of the comment. */
const text = (words: string): string =>
  html(printable(words).replace(/[\\`*_[\]|~#!]/g, '\\$&')).replaceAll('@', '&#64;');

const html = (words: string): string =>
  printable(words).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('@', '&#64;');

const code = (words: string): string => `<code>${html(words)}</code>`;
