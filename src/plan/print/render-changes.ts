import { formatProblem } from '../../lib/errors.ts';
import { Line, line, type Palette, plain } from '../../lib/text/line.ts';
import { printable } from '../../lib/text/printable.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { AppPlan, FieldChange, Plan } from '../../model/plan.ts';
import { type Action, type Change, changesOf } from './changes.ts';

/** A plan for people: an app a paragraph, a container a line with the fields that differ, and a summary. */
export function renderChanges(plan: Plan, palette: Palette = plain, unplanned = 0): Line[] {
  const apps = plan.apps.map((app) => ({ ...app, changes: changesOf(app) }));
  const told = apps.filter(
    ({ changes, problems, adopted, parked }) => parked || changes.length + problems.length + (adopted?.length ?? 0) > 0,
  );
  return [
    ...told.flatMap((app) => [...renderHead(app, palette), ...changeLines(app.changes, palette), Line.of('')]),
    Line.of(
      summary(
        plan,
        unplanned,
        apps.flatMap(({ changes }) => changes),
      ),
    ),
  ];
}

/** The heading of an app, and its problems. */
export function renderHead({ app, problems, adopted, parked }: AppPlan, palette: Palette): Line[] {
  return [
    palette.bold(app),
    ...(parked ? [palette.change(`  = is ${parked.isDue ? 'parked' : 'about to be parked'}: ${parked.reason}`)] : []),
    ...problems.map((problem) => {
      const text = `  ! ${problem.service ? `${problem.service}: ` : ''}${formatProblem(problem)}`;
      return problem.severity === 'error' ? palette.error(text) : palette.change(text);
    }),
    ...(adopted ? [palette.dim(`  = keeps ${adopted.join(', ')}, made by docker compose (adopted)`)] : []),
  ];
}

/** Changes, a line each: `~ web-1  replace  image: 1.2 -> 1.3`. */
export function changeLines(changes: readonly Change[], palette: Palette): Line[] {
  const name = (change: Change): string => printable(titleOf(change));
  const width = Math.min(40, Math.max(0, ...changes.map((change) => name(change).length)));
  const actions = Math.max(0, ...changes.map(({ action }) => action.length));
  return changes.map((change) => {
    const head = `${signOf(change.action)} ${name(change).padEnd(width)}  ${change.action.padEnd(actions)}`;
    const withheld = change.withheld ? palette.dim(` [withheld: ${change.withheld.text}]`) : '';
    const paint = change.withheld ? palette.dim : palette[paintOf(change.action)];
    return line`  ${paint(head)}  ${detailOf(change)}${withheld}`;
  });
}

/** The thing that changes, in words. */
export const titleOf = ({ kind, name }: Change): string =>
  kind === 'container' || kind === 'files' ? name : `${kind} ${name}`;

const paintOf = (action: Action): 'add' | 'remove' | 'change' => {
  if (['create', 'pull', 'write', 'start', 'run', 'unpause'].includes(action)) return 'add';
  return ['remove', 'delete', 'stop'].includes(action) ? 'remove' : 'change';
};
const signOf = (action: Action): string => ({ add: '+', remove: '-', change: '~' })[paintOf(action)];

/** Many reasons say it themselves. */
const DRIFT = ' (drift)';

/** The fields that differ, with the values of both sides; without fields, the reason. */
export function detailOf({ fields, reason, cause }: Change): string {
  const text = fields.length === 0 ? reason : fields.map(fieldText).join('; ');
  return cause !== 'drift' || text.endsWith(DRIFT) ? text : text + DRIFT;
}

/** `memory: 128m -> 64m`; `environment.TOKEN: changed (not shown)`. */
export function fieldText({ field, from, to, hidden, unknown }: FieldChange): string {
  if (unknown) return `${field}: changed, content unknown`;
  if (hidden) return `${field}: changed (not shown)`;
  if (from === undefined && to === undefined) return field;
  const shown = (value: string | undefined): string => (value === undefined ? 'none' : value === '' ? '""' : value);
  return `${field}: ${shown(from)} -> ${shown(to)}`;
}

const PAST: Record<Action, string> = {
  create: 'created',
  replace: 'replaced',
  update: 'updated in place',
  restart: 'restarted',
  start: 'started',
  stop: 'stopped',
  unpause: 'unpaused',
  rename: 'renamed',
  'run hooks': 'with hooks to run',
  run: 'run',
  remove: 'removed',
  'make again': 'made again',
  pull: 'pulled',
  write: 'written',
  delete: 'deleted',
};

/** The number of times that one action is done to things of one kind. */
export interface Count {
  kind: Change['kind'];
  action: Action;
  count: number;
}

const KINDS = ['container', 'hook', 'network', 'volume', 'image', 'files'] as const;

/** The changes that are not withheld, counted. Each counts as often as it is made. */
export function countsOf(changes: readonly { change: Change; times: number }[]): Count[] {
  const counts = new Map<string, Count>();
  for (const { change, times } of changes) {
    if (change.withheld) continue;
    const { kind, action } = change;
    const known = counts.get(`${kind} ${action}`) ?? { kind, action, count: 0 };
    counts.set(`${kind} ${action}`, { ...known, count: known.count + change.count * times });
  }
  return [...counts.values()].sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
}

/** `2 containers replaced, 1 created; 1 image pulled; 3 withheld`. */
export function countsText(counts: readonly Count[], withheld: number): string {
  const parts = KINDS.flatMap((kind) => {
    const noun = kind === 'files' ? 'file' : kind;
    const words = counts
      .filter((each) => each.kind === kind)
      .map(({ action, count: n }, index) => `${index === 0 ? count(n, noun) : n} ${PAST[action]}`);
    return words.length > 0 ? [words.join(', ')] : [];
  });
  return [...parts, ...(withheld > 0 ? [`${withheld} withheld`] : [])].join('; ');
}

function summary({ site, revision, apps }: Plan, unplanned: number, changes: readonly Change[]): string {
  const errors = apps.flatMap(({ problems }) => problems).filter(({ severity }) => severity === 'error').length;
  const counts = countsOf(changes.map((change) => ({ change, times: 1 })));
  const withheld = changes.filter((change) => change.withheld).length;
  const parts = [countsText(counts, withheld) || 'nothing to do', ...(errors > 0 ? [count(errors, 'error')] : [])];
  const others = unplanned > 0 ? `; ${count(unplanned, 'app')} cannot be planned` : '';
  return `${site} at ${shortRevision(revision)}: ${parts.join('; ')} (${count(apps.length, 'app')}${others})`;
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
