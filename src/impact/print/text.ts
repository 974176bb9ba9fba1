import { formatProblem } from '../../lib/errors.ts';
import { Line, line, type Palette, plain } from '../../lib/text/line.ts';
import { changeLines, countsText } from '../../plan/print/render-changes.ts';
import type { GroupImpact, ImpactGroup, SiteImpact } from '../impact.ts';
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

/** The sites of a group that are named. */
const MOST_NAMED = 6;

/** The effect of a change on a fleet, for people: a group of sites a paragraph, the largest first, and a summary. */
export function impactText(report: ImpactReport, palette: Palette = plain): Line[] {
  const { groups } = report;
  const told = groups.filter(({ impact }) => impact.kind !== 'unchanged');
  const behind = behindText(report);
  return [
    ...(behind === undefined ? [] : [palette.change(behind), Line.of('')]),
    ...told.flatMap((group) => [
      palette.bold(headOf(group)),
      ...bodyOf(group.impact, palette),
      ...openingTexts(group).map((each) => Line.of(`  ${each}`)),
      ...pullLine(group.impact, report),
      Line.of(''),
    ]),
    ...summary(report, palette),
  ];
}

function headOf({ sites, impact }: ImpactGroup): Line {
  const more = sites.length > MOST_NAMED ? ` and ${sites.length - MOST_NAMED} more` : '';
  const kind = { added: ', new', removed: ', no longer in Git' }[impact.kind as string] ?? '';
  return line`${count(sites.length, 'site')}${kind}: ${sites.slice(0, MOST_NAMED).join(', ')}${more}`;
}

function pullLine(impact: GroupImpact, { sizes }: ImpactReport): Line[] {
  const text = pullText(impact, sizes);
  return text === undefined ? [] : [Line.of(`  ${text}`)];
}

function bodyOf(impact: GroupImpact, palette: Palette): Line[] {
  switch (impact.kind) {
    case 'unchanged':
      return [];
    case 'removed':
      return [Line.of('  nothing changes there: an agent whose site is gone from Git keeps what it runs, and says so')];
    case 'broken':
      return impact.problems.map((problem) => palette.error(`  ! refused: ${formatProblem(problem)}`));
    case 'unknown':
      return [palette.change(`  ? not known: ${impact.why}`)];
    default:
      return appsOf(impact.impact, palette);
  }
}

const appsOf = ({ apps }: SiteImpact, palette: Palette): Line[] =>
  apps.flatMap(({ app, changes, problems, refused, parked, isUnknown, ...begins }) => [
    palette.bold(
      `  ${app}${stepText(begins)}${isUnknown ? ' (its old revision cannot be used: nobody knows from Git what runs)' : ''}`,
    ),
    ...(parked === undefined ? [] : [palette.change(`    = is parked: ${parked}`)]),
    ...(refused ?? []).map((problem) => palette.error(`    ! refused: ${formatProblem(problem)}`)),
    ...problems.map((problem) =>
      palette[problem.severity === 'error' ? 'error' : 'change'](
        `    ! ${problem.service ? `${problem.service}: ` : ''}${formatProblem(problem)}`,
      ),
    ),
    ...changeLines(changes, palette).map((each) => line`  ${each}`),
  ]);

function summary(report: ImpactReport, palette: Palette): Line[] {
  const totals = totalsOf(report);
  const { unchanged, changed, restarts, images } = totals;
  const lines = [
    line`${palette.bold(`${report.from} -> ${report.to}`)}: ${count(report.sites, 'site')}, ${changed === 0 ? 'nothing changes' : `${changed} of them change in ${count(totals.groups, 'way')}`}${unchanged > 0 && changed > 0 ? `, ${unchanged} do not` : ''}`,
  ];
  const actions = countsText(totals.actions, totals.withheld);
  if (actions !== '') lines.push(Line.of(`in all: ${actions}`));
  if (restarts > 0)
    lines.push(
      Line.of(
        `${count(restarts, 'container')} stopped at least for a moment, on ${count(totals.restartSites, 'site')}`,
      ),
    );
  if (totals.volumes > 0)
    lines.push(Line.of(`${count(totals.volumes, 'volume')} of these containers, which keep their data`));
  const notes = [parkedSitesText(totals), factsText(report), notComparedText(report)];
  lines.push(...notes.flatMap((note) => (note === undefined ? [] : [Line.of(note)])));
  for (const { image, sites } of images) lines.push(Line.of(`image to pull: ${image} on ${count(sites, 'site')}`));
  lines.push(...sizeLines(report).map((each) => Line.of(each)));
  return lines;
}
