import { Line, line, type Palette } from '../../../lib/text/line.ts';
import { shortRevision } from '../../../lib/text/revision.ts';
import { durationText } from '../../../lib/units/duration.ts';
import type { AppStatus, SiteStatus } from '../../../model/status/site-status.ts';
import { type Column, tableLines } from '../table.ts';

/** Reasons that the first lines name; the table has the rest. */
const MOST_REASONS = 5;

/**
 * The status of a site for people. The first line says if the site is well; the next ones why not. Then come the apps, what holds them, and where all this is
 * known from. `only`: one app.
 */
export function statusLines(status: SiteStatus, palette: Palette, only?: string): Line[] {
  const { apps, asOf } = status;
  const shown = only === undefined ? apps : apps.filter(({ app }) => app === only);
  const details = shown.flatMap((app) => detailsOf(app, asOf));
  return [
    ...(only === undefined ? headOf(status, palette) : []),
    ...(shown.length > 0 ? [Line.of(''), ...tableLines(shown, columns(asOf), palette)] : []),
    ...(details.length > 0 ? [Line.of(''), ...details] : []),
    Line.of(''),
    ...sourcesOf(status).map((text) => palette.dim(text)),
  ].slice(only === undefined ? 0 : 1);
}

function headOf({ site, verdict, apps }: SiteStatus, palette: Palette): Line[] {
  const count = `${apps.length} ${apps.length === 1 ? 'app' : 'apps'}`;
  const { is, reasons } = verdict;
  const head = {
    well: palette.add(`${site} is well: ${count}, all as Git says`),
    busy: palette.change(`${site} is not done yet, and nothing is wrong: ${count}`),
    unwell: palette.error(`${site} is not well: ${count}`),
  }[is];
  const rest = reasons.length - MOST_REASONS;
  return [
    head,
    ...reasons.slice(0, MOST_REASONS).map((reason) => line`  ${reason}`),
    ...(rest > 0 ? [line`  and ${rest} more`] : []),
  ];
}

const columns = (asOf: string): readonly Column<AppStatus>[] => [
  { head: 'APP', cell: ({ app }) => app },
  { head: 'SYNC', cell: ({ sync }) => (sync === 'outOfSync' ? 'out of sync' : sync) },
  { head: 'HEALTH', cell: ({ health }) => health },
  { head: 'OPERATION', cell: ({ operation }) => (operation === 'none' ? '' : operation) },
  { head: 'FOR', cell: ({ since }) => ago(since, asOf) },
  { head: 'REVISION', cell: ({ revision }) => shortRevision(revision) },
  { head: 'SERVICES', cell: ({ services }) => services.map(serviceText).join(', ') },
];

/** `web 2/2`, `web 1/2 (1 unhealthy)`, `migrate done`. */
function serviceText({
  service,
  wanted,
  running,
  completed,
  unhealthy,
  restarts,
}: AppStatus['services'][number]): string {
  const notes = [
    ...(unhealthy > 0 ? [`${unhealthy} unhealthy`] : []),
    ...(restarts > 0 ? [`${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`] : []),
  ];
  const count = completed === wanted && wanted > 0 ? 'done' : `${running + completed}/${wanted}`;
  return `${service} ${count}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
}

function detailsOf({ app, problems, held, waits, lastError, healed }: AppStatus, asOf: string): Line[] {
  const texts = [
    ...problems,
    ...held.map(({ text, operations, nextAt }) => {
      const next = nextAt === undefined ? '' : `; looked at again ${until(nextAt, asOf)}`;
      return `${operations} ${operations === 1 ? 'operation' : 'operations'} held back: ${text}${next}`;
    }),
    ...(waits ? [`${waits.text} (${shortRevision(waits.revision)})`] : []),
    ...(lastError ? [`failed ${ago(lastError.at, asOf)} ago: ${lastError.text}`] : []),
    ...(healed.last
      ? [`put right ${healed.count} times, the last time ${ago(healed.last.at, asOf)} ago: ${healed.last.text}`]
      : []),
  ];
  return texts.map((text) => line`${app}: ${text}`);
}

function sourcesOf({ asOf, git, engine, policy, agent }: SiteStatus): string[] {
  const { repo, commit, pinned, contactAt, trouble, refused } = git;
  const at = commit === undefined ? 'nothing accepted yet' : `accepted ${shortRevision(commit)}`;
  const contact =
    contactAt === undefined ? 'no answer since the agent started' : `answered ${ago(contactAt, asOf)} ago`;
  return [
    `git: ${repo}, ${at}${pinned === undefined ? '' : `, pinned to ${shortRevision(pinned)}`}, ${contact}`,
    ...(trouble ? [`git: for ${ago(trouble.since, asOf)}: ${trouble.text}`] : []),
    ...(refused ? [`git: for ${ago(refused.since, asOf)}: ${refused.text}`] : []),
    engine.seenAt === undefined
      ? 'engine: not seen yet'
      : `engine: ${engine.product}, seen ${ago(engine.seenAt, asOf)} ago`,
    ...(engine.trouble ? [`engine: for ${ago(engine.trouble.since, asOf)}: ${engine.trouble.text}`] : []),
    `policy: ${policy.profile}${policy.digest === undefined ? '' : ` (${policy.digest.slice(0, 12)})`}`,
    `agent: ${agent.version}, runs for ${ago(agent.startedAt, asOf)}; as of ${asOf}`,
  ];
}

/** The time between two moments in words: `12 s`, `3 h`, `12 d`. A clock that was set back makes it nothing. */
const ago = (from: string, to: string): string => durationText(Math.max(0, Date.parse(to) - Date.parse(from)));

const until = (at: string, now: string): string => {
  const left = Date.parse(at) - Date.parse(now);
  return left <= 0 ? 'now' : `in ${durationText(left)}`;
};
