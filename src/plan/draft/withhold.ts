import type { AppPlan, Operation, Withheld } from '../../model/plan.ts';
import { subjectKey } from '../../model/subject.ts';

/**
 * An operation that waits for a withheld one is withheld for the same reason; otherwise we would start work that we cannot finish. And the other way
 * round: nothing is stopped for a successor that may not start, and nothing leaves a network that it may not join again. `operations` are sorted and
 * numbered; they are changed in place.
 */
export function spreadWithheld(operations: Operation[]): Operation[] {
  const numbered = new Map(operations.map((operation) => [operation.id, operation]));
  let spreads = true;
  while (spreads) {
    for (const operation of operations) {
      const withheld = operation.withheld ?? inherited(operation, numbered);
      if (withheld) operation.withheld = withheld;
    }
    spreads =
      operations.filter(
        (operation) =>
          sparesPredecessor(operation, numbered) ||
          sparesHooks(operation, numbered) ||
          sparesEndpoint(operation, numbered),
      ).length > 0;
  }
  return operations;
}

function inherited({ after, onlyIfFailed }: Operation, numbered: Map<number, Operation>): Operation['withheld'] {
  const needs = onlyIfFailed === undefined ? after : [...after, onlyIfFailed];
  return needs.map((id) => numbered.get(id)?.withheld).find((withheld) => withheld !== undefined);
}

/** Withholds the stops that a withheld start of the same place comes after; tells whether there were any. */
function sparesPredecessor(operation: Operation, numbered: Map<number, Operation>): boolean {
  if (operation.kind !== 'startContainer' || !operation.withheld) return false;
  const { withheld } = operation;
  const stops = operation.after.flatMap((id) => {
    const stop = numbered.get(id);
    return stop?.kind === 'stopContainer' &&
      !stop.withheld &&
      subjectKey(stop.subject) === subjectKey(operation.subject)
      ? [stop]
      : [];
  });
  for (const stop of stops) stop.withheld = withheld;
  return stops.length > 0;
}

/** Withholds that a container leaves a network which it may not join again now. */
function sparesEndpoint(operation: Operation, numbered: Map<number, Operation>): boolean {
  if (operation.kind !== 'connectNetwork' || !operation.withheld || operation.onlyIfFailed !== undefined) return false;
  const { network, container, withheld } = operation;
  const leaves = operation.after.flatMap((id) => {
    const leave = numbered.get(id);
    if (leave?.kind !== 'disconnectNetwork' || leave.withheld || leave.network !== network) return [];
    return 'id' in container && 'id' in leave.container && container.id === leave.container.id ? [leave] : [];
  });
  for (const leave of leaves) leave.withheld = withheld;
  return leaves.length > 0;
}

/** Withholds the pre_stop hooks of a withheld stop: nobody is told of an end that does not come. */
function sparesHooks({ after, kind, withheld }: Operation, numbered: Map<number, Operation>): boolean {
  if (!withheld || (kind !== 'stopContainer' && kind !== 'runHook')) return false;
  const hooks = after.flatMap((id) => {
    const hook = numbered.get(id);
    return hook?.kind === 'runHook' && hook.phase === 'pre_stop' && !hook.withheld ? [hook] : [];
  });
  for (const hook of hooks) hook.withheld = withheld;
  return hooks.length > 0;
}

/** Those withheld on their own account: of a chain that waits for one thing, people want to be told only of that. */
export function heldThemselves(operations: readonly Operation[]): Operation[] {
  const held = new Set(operations.filter(({ withheld }) => withheld).map(({ id }) => id));
  return operations.filter(
    ({ withheld, after, onlyIfFailed }) => withheld && onlyIfFailed === undefined && !after.some((id) => held.has(id)),
  );
}

const KEPT: readonly Withheld['by'][] = ['prune', 'allowEmpty', 'pruneThreshold'];

/** The app is as Git says. Containers that a policy or a guard keeps from being pruned are no part of it. */
export const isConverged = ({ operations, problems }: AppPlan): boolean =>
  operations.every(({ withheld }) => withheld && KEPT.includes(withheld.by)) &&
  problems.every(({ severity }) => severity !== 'error');
