import { mapValues } from '../../lib/maps/map-values.ts';
import type { ContainerRef, Operation, Withheld } from '../../model/plan.ts';
import { type Subject, subjectKey } from '../../model/subject.ts';
import { spreadWithheld } from './withhold.ts';

/** An operation before it has its final number. */
export type NewOperation = Operation extends infer Each ? (Each extends Operation ? Omit<Each, 'id'> : never) : never;

/**
 * The plan of one app while it is drafted: operations in the order of drafting, and the orders between them. `finish` sorts them so that each
 * comes after those it needs, and numbers them from 1. The order is total and depends on nothing but the input.
 */
export interface Draft {
  /** Resolves to the operation's handle, for `after`, `onlyIfFailed` and `createdBy`. */
  add(operation: NewOperation): number;
  /** Lets `later` wait for `earlier`, unless that would close a circle; tells whether it could. */
  order(earlier: number, later: number): boolean;
  /** Holds an operation back, and with it all that wait for it. An earlier reason stays. */
  withhold(handle: number, withheld: Withheld): void;
  get(handle: number): Operation;
  all(): readonly Operation[];
  /** The operations on a container that is there, in the order of drafting, without those of a way back. */
  on(containerId: string): readonly Operation[];
  /** The operations on a subject. */
  about(subject: Subject): readonly Operation[];
  /** All that it waits for, over any number of steps. */
  behind(handle: number): Operation[];
  /** It, or something that it waits for, is withheld: it will not come about now. */
  isHeld(handle: number): boolean;
  finish(): Operation[];
}

export function createDraft(): Draft {
  const operations: Operation[] = [];
  const byContainer = new Map<string, Operation[]>();
  const bySubject = new Map<string, Operation[]>();
  const get = (handle: number): Operation => {
    const found = operations[handle - 1];
    if (!found) throw new RangeError(`no operation ${handle} in this draft`);
    return found;
  };
  const needs = (operation: Operation): number[] =>
    operation.onlyIfFailed === undefined ? operation.after : [...operation.after, operation.onlyIfFailed];

  /** It and all that it needs. */
  const chain = (from: number): Set<number> => {
    const seen = new Set([from]);
    for (const handle of seen) for (const need of needs(get(handle))) seen.add(need);
    return seen;
  };

  /** The first of the pre_stop hooks that a stop comes after; undefined where it has none, or where one must come before `others`. */
  const firstHook = (stop: number, others: Set<number>): number | undefined => {
    const hook = get(stop).after.find((handle) => {
      const before = get(handle);
      return before.kind === 'runHook' && before.phase === 'pre_stop';
    });
    if (hook === undefined || get(stop).kind === 'startContainer' || others.has(hook)) return undefined;
    return firstHook(hook, others) ?? hook;
  };

  return {
    add(operation) {
      const id = operations.length + 1;
      const added = { ...operation, id, after: unique(operation.after) } as Operation;
      operations.push(added);
      if ('container' in added && added.container.id !== undefined && added.onlyIfFailed === undefined)
        push(byContainer, added.container.id, added);
      push(bySubject, subjectKey(added.subject), added);
      return id;
    },
    order(earlier, later) {
      if (chain(earlier).has(later)) return false;
      // An operation that comes before a stop comes before its hooks, too: once they have run, the stop follows.
      const operation = get(firstHook(later, chain(earlier)) ?? later);
      operation.after = unique([...operation.after, earlier]);
      return true;
    },
    withhold(handle, withheld) {
      get(handle).withheld ??= withheld;
    },
    get,
    all: () => operations,
    on: (containerId) => byContainer.get(containerId) ?? [],
    about: (subject) => bySubject.get(subjectKey(subject)) ?? [],
    behind: (handle) => [...chain(handle)].filter((id) => id !== handle).map(get),
    isHeld: (handle) => [...chain(handle)].some((id) => get(id).withheld !== undefined),
    finish: () => spreadWithheld(renumber(sort(operations, needs))),
  };
}

function push<Key>(map: Map<Key, Operation[]>, key: Key, operation: Operation): void {
  const before = map.get(key);
  if (before) before.push(operation);
  else map.set(key, [operation]);
}

const unique = (handles: number[]): number[] => [...new Set(handles)].sort((a, b) => a - b);

/** Depth first in the order of drafting: what belongs together stays together. */
function sort(operations: Operation[], needs: (operation: Operation) => number[]): Operation[] {
  const sorted: Operation[] = [];
  const placed = new Set<number>();
  const place = (operation: Operation): void => {
    if (placed.has(operation.id)) return;
    placed.add(operation.id);
    for (const need of needs(operation)) place(operations[need - 1] as Operation);
    sorted.push(operation);
  };
  for (const operation of operations) place(operation);
  return sorted;
}

function renumber(operations: Operation[]): Operation[] {
  const numbers = new Map(operations.map((operation, index) => [operation.id, index + 1]));
  const number = (handle: number): number => numbers.get(handle) as number;
  const ref = (container: ContainerRef): ContainerRef =>
    container.createdBy === undefined ? container : { ...container, createdBy: number(container.createdBy) };

  return operations.map((operation) => {
    const renumbered = {
      ...operation,
      id: number(operation.id),
      after: operation.after.map(number).sort((a, b) => a - b),
      onlyIfFailed: operation.onlyIfFailed && number(operation.onlyIfFailed),
    } as Operation;
    if ('container' in renumbered) renumbered.container = ref(renumbered.container);
    if (renumbered.kind === 'createContainer') renumbered.joins = mapValues(renumbered.joins, ref);
    return renumbered;
  });
}
