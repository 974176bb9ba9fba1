import type { AppPlan, Cause, FieldChange, Operation, Withheld } from '../../model/plan.ts';
import { type Subject, subjectKey } from '../../model/subject.ts';

/** Everything that a plan does to one container, network, volume or image, or to the files of an app. */
export interface Change {
  kind: 'container' | 'hook' | 'network' | 'volume' | 'image' | 'files';
  /** The name of the thing; of files, their number in words. */
  name: string;
  /** The number of things: 1, or the number of files. */
  count: number;
  service?: string | undefined;
  action: Action;
  effect: Effect;
  cause: Cause;
  /** The fields that differ; empty where the action says all. */
  fields: readonly FieldChange[];
  /** Why, in words: for an action without fields. */
  reason: string;
  withheld?: Withheld | undefined;
}

export type Action =
  | 'create'
  | 'replace'
  | 'update'
  | 'restart'
  | 'start'
  | 'stop'
  | 'unpause'
  | 'rename'
  | 'run hooks'
  | 'run'
  | 'remove'
  | 'make again'
  | 'pull'
  | 'write'
  | 'delete';

/** The effect of a change on something that runs: it is stopped, at least for a moment; it is changed as it runs; or nothing. */
export type Effect = 'restart' | 'in place' | 'none';

const EFFECTS: Record<Action, Effect> = {
  create: 'none',
  replace: 'restart',
  update: 'in place',
  restart: 'restart',
  start: 'none',
  stop: 'restart',
  unpause: 'none',
  rename: 'in place',
  'run hooks': 'in place',
  run: 'none',
  remove: 'restart',
  'make again': 'restart',
  pull: 'none',
  write: 'none',
  delete: 'none',
};

type Kinds = ReadonlySet<Operation['kind']>;

/** The rules that tell the action on a container from its operations. The first that applies decides; none: it is only waited for. */
const CONTAINER_ACTIONS: readonly [Action, (kinds: Kinds, goes: boolean) => boolean][] = [
  ['replace', (kinds, goes) => kinds.has('createContainer') && goes],
  ['create', (kinds) => kinds.has('createContainer')],
  ['restart', (kinds) => kinds.has('startContainer') && kinds.has('stopContainer')],
  ['start', (kinds) => kinds.has('startContainer')],
  ['remove', (kinds) => kinds.has('removeContainer')],
  ['stop', (kinds) => kinds.has('stopContainer')],
  ['unpause', (kinds) => kinds.has('unpauseContainer')],
  [
    'update',
    (kinds) => ['updateContainer', 'connectNetwork', 'disconnectNetwork'].some((kind) => kinds.has(kind as never)),
  ],
  ['run hooks', (kinds) => kinds.has('runHook')],
  ['rename', (kinds) => kinds.has('renameContainer')],
];

/** The changes of an app, in the order in which the plan begins them. The way back of a replacement is no change. */
export function changesOf({ operations }: Pick<AppPlan, 'operations'>): Change[] {
  const bySubject = new Map<string, Operation[]>();
  for (const operation of operations) {
    if (operation.onlyIfFailed !== undefined) continue;
    const key = subjectKey(operation.subject);
    bySubject.set(key, [...(bySubject.get(key) ?? []), operation]);
  }
  return [...bySubject.values()].flatMap((found) => changeOf(found) ?? []);
}

/** A change as other programs get it. */
export const changeJson = ({ withheld, ...change }: Change): object => ({
  ...change,
  withheld: withheld && { by: withheld.by, text: withheld.text },
});

function changeOf(operations: readonly Operation[]): Change | undefined {
  const [first] = operations;
  const told = first && actionOn(first.subject, operations);
  if (!told) return undefined;
  const { action, main } = told;
  const { cause, service, reason, withheld, subject } = main;
  return {
    kind: subject.kind === 'slot' ? (isHook(operations) ? 'hook' : 'container') : subject.kind,
    name: nameOf(subject, operations),
    count: subject.kind === 'files' ? operations.length : 1,
    service,
    action,
    effect: EFFECTS[action],
    cause,
    fields: operations.flatMap(({ fields = [] }) => fields),
    reason,
    withheld,
  };
}

/** The action, and the operation that tells why. */
function actionOn(subject: Subject, operations: readonly Operation[]): { action: Action; main: Operation } | undefined {
  const first = (...kinds: Operation['kind'][]): Operation | undefined =>
    operations.find(({ kind }) => kinds.includes(kind));
  const as = (action: Action, main: Operation | undefined) => main && { action, main };
  switch (subject.kind) {
    case 'image':
      return as('pull', first('pullImage'));
    case 'files':
      return as('write', first('writeFile')) ?? as('delete', first('removeFile'));
    case 'network':
    case 'volume': {
      const [made, gone] = [first('createNetwork', 'createVolume'), first('removeNetwork', 'removeVolume')];
      // The removal says what differs.
      return as(made ? (gone ? 'make again' : 'create') : 'remove', gone ?? made);
    }
    default: {
      const kinds = new Set(operations.map(({ kind }) => kind));
      // A run that is only followed has been told of.
      if (isHook(operations) && kinds.has('createContainer')) return as('run', first('createContainer'));
      const rule = CONTAINER_ACTIONS.find(([, applies]) => applies(kinds, operations.some(isOldGone)));
      if (!rule) return undefined;
      const [action] = rule;
      return { action, main: mainOf(action, operations) };
    }
  }
}

const isHook = (operations: readonly Operation[]): boolean => operations.some(({ syncHook }) => syncHook !== undefined);

/** It stops or removes a container that was there before. */
const isOldGone = (operation: Operation): boolean =>
  (operation.kind === 'removeContainer' || operation.kind === 'stopContainer') && 'id' in operation.container;

const MAIN: Partial<Record<Action, Operation['kind']>> = {
  replace: 'createContainer',
  create: 'createContainer',
  restart: 'stopContainer',
  start: 'startContainer',
};

const mainOf = (action: Action, operations: readonly Operation[]): Operation =>
  operations.find(({ kind }) => kind === MAIN[action]) ??
  operations.find(({ kind }) => kind !== 'await') ??
  (operations[0] as Operation);

/** A successor has a temporary name until it takes over: the old container, or the renaming, tells the final one. */
function nameOf(subject: Subject, operations: readonly Operation[]): string {
  switch (subject.kind) {
    case 'image':
      return subject.reference;
    case 'network':
    case 'volume':
      return subject.name;
    case 'files':
      return `${operations.length} file${operations.length === 1 ? '' : 's'}`;
    default: {
      if (isHook(operations)) return subject.service;
      const names = operations.flatMap((operation) => {
        if (operation.kind === 'renameContainer') return [operation.name];
        return 'container' in operation && 'id' in operation.container ? [operation.container.name] : [];
      });
      const made = operations.find(({ kind }) => kind === 'createContainer');
      const renamed = operations.find(({ kind }) => kind === 'renameContainer');
      if (renamed?.kind === 'renameContainer') return renamed.name;
      return names[0] ?? (made?.kind === 'createContainer' ? made.name : `${subject.service}-${subject.number}`);
    }
  }
}
