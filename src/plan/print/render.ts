import { Line, line, type Palette, plain } from '../../lib/text/line.ts';
import { printable } from '../../lib/text/printable.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { AppPlan, Operation, OperationKind, Plan } from '../../model/plan.ts';
import { changeJson, changesOf } from './changes.ts';
import { renderHead } from './render-changes.ts';

type Sign = '+' | '-' | '~' | '?';
type Words<Kind> = (operation: Extract<Operation, { kind: Kind }>) => string;

/** For each kind of operation its sign (it adds, removes, changes or looks) and its words. */
const PRINTED: { [Kind in OperationKind]: readonly [Sign, Words<Kind>] } = {
  pullImage: ['+', ({ image }) => `pull ${image}`],
  writeFile: ['+', ({ file }) => `write ${file.path}`],
  removeFile: ['-', ({ path }) => `delete ${path}`],
  createNetwork: ['+', ({ network }) => `create network ${network.Name}`],
  removeNetwork: ['-', ({ name }) => `remove network ${name}`],
  createVolume: ['+', ({ volume }) => `create volume ${volume.Name}`],
  removeVolume: ['-', ({ name }) => `remove volume ${name}`],
  createContainer: ['+', ({ name }) => `create ${name}`],
  connectNetwork: ['~', ({ container, network }) => `connect ${container.name} to ${network}`],
  disconnectNetwork: ['~', ({ container, network }) => `disconnect ${container.name} from ${network}`],
  copyFiles: ['~', ({ container }) => `copy files into ${container.name}`],
  runHook: ['~', ({ phase, index, container }) => `run ${phase}[${index}] in ${container.name}`],
  updateContainer: ['~', ({ container }) => `update ${container.name}`],
  startContainer: ['~', ({ container }) => `start ${container.name}`],
  stopContainer: ['~', ({ container }) => `stop ${container.name}`],
  unpauseContainer: ['~', ({ container }) => `unpause ${container.name}`],
  renameContainer: ['~', ({ container, name }) => `rename ${container.name} to ${name}`],
  removeContainer: ['-', ({ container }) => `remove ${container.name}`],
  await: [
    '?',
    ({ container, condition }) =>
      `wait until ${container.name} ${condition === 'completed' ? 'has completed' : `is ${condition}`}`,
  ],
};

/** The operation in words, without its reason: `create web-1`. */
export const describe = (operation: Operation): string =>
  (PRINTED[operation.kind][1] as (one: Operation) => string)(operation);

/** A plan with each of its steps: an app a paragraph, an operation a line with its reason. */
export function renderSteps(plan: Plan, palette: Palette = plain, unplanned = 0): Line[] {
  const changing = plan.apps.filter(
    ({ operations, problems, adopted, parked }) =>
      parked || operations.length + problems.length + (adopted?.length ?? 0) > 0,
  );
  const lines = changing.flatMap((app) => [...renderApp(app, palette), Line.of('')]);
  return [...lines, Line.of(summary(plan, unplanned))];
}

function renderApp(app: AppPlan, palette: Palette): Line[] {
  const { operations } = app;
  const width = Math.min(60, Math.max(0, ...operations.map((operation) => printable(describe(operation)).length)));
  return [...renderHead(app, palette), ...operations.map((operation) => renderOperation(operation, width, palette))];
}

function renderOperation(operation: Operation, width: number, palette: Palette): Line {
  const sign = PRINTED[operation.kind][0];
  const paint = { '+': palette.add, '-': palette.remove, '~': palette.change, '?': palette.dim }[sign];
  const after = [
    ...(operation.after.length > 0 ? [`after ${operation.after.join(', ')}`] : []),
    ...(operation.onlyIfFailed ? [`only if ${operation.onlyIfFailed} fails`] : []),
  ].join(', ');
  const head = `${sign} ${`[${operation.id}]`.padEnd(5)} ${printable(describe(operation)).padEnd(width)}`;
  const tail = line`  ${operation.reason}${after && palette.dim(` (${after})`)}`;
  const withheld = operation.withheld ? palette.dim(` [withheld: ${operation.withheld.text}]`) : '';
  return line`  ${operation.withheld || operation.onlyIfFailed ? palette.dim(head) : paint(head)}${tail}${withheld}`;
}

function summary({ site, revision, apps }: Plan, unplanned: number): string {
  const operations = apps.flatMap((app) => app.operations).filter(({ onlyIfFailed }) => !onlyIfFailed);
  const withheld = operations.filter((operation) => operation.withheld).length;
  const errors = apps.flatMap(({ problems }) => problems).filter(({ severity }) => severity === 'error').length;
  const at = `${site} at ${shortRevision(revision)}`;
  const parts = [
    operations.length === 0 ? 'nothing to do' : count(operations.length, 'operation'),
    ...(withheld > 0 ? [`${withheld} withheld`] : []),
    ...(errors > 0 ? [count(errors, 'error')] : []),
  ];
  const others = unplanned > 0 ? `; ${count(unplanned, 'app')} cannot be planned` : '';
  return `${at}: ${parts.join(', ')} (${count(apps.length, 'app')}${others})`;
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

/**
 * A plan for programs: the operations with all that tells them apart, without file contents, environment or labels, which may be secret.
 * Its shape is schemas/diff.schema.json: keys are added, never changed.
 */
export function renderJson(plan: Plan): string {
  const apps = plan.apps.map(({ app, revision, operations, problems, adopted, parked }) => ({
    app,
    revision,
    changes: changesOf({ operations }).map(changeJson),
    operations: operations.map((operation) => ({
      id: operation.id,
      kind: operation.kind,
      service: operation.service,
      description: describe(operation),
      subject: operation.subject,
      cause: operation.cause,
      reason: operation.reason,
      after: operation.after,
      onlyIfFailed: operation.onlyIfFailed,
      withheld: operation.withheld && {
        by: operation.withheld.by,
        text: operation.withheld.text,
        opens: operation.withheld.opens,
      },
    })),
    problems,
    adopted,
    parked: parked?.reason,
  }));
  return JSON.stringify(
    { apiVersion: 'holdfast/v1', kind: 'Diff', site: plan.site, revision: plan.revision, apps },
    null,
    2,
  );
}
