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
    spreads = false;
    for (const operation of operations) {
      const { after, onlyIfFailed } = operation;
      const needs = onlyIfFailed === undefined ? after : [...after, onlyIfFailed];
      const withheld = operation.withheld ?? needs.flatMap((id) => numbered.get(id)?.withheld ?? [])[0];
      if (!withheld) continue;
      operation.withheld = withheld;
      for (const id of after) {
        const earlier = numbered.get(id);
        if (!earlier || earlier.withheld || !isForNothing(earlier, operation)) continue;
        earlier.withheld = withheld;
        spreads = true;
      }
    }
  }
  return operations;
}

/** The earlier operation only makes way for the later one, which does not come. */
function isForNothing(earlier: Operation, later: Operation): boolean {
  switch (later.kind) {
    // The predecessor of a container that may not start runs on.
    case 'startContainer':
      return earlier.kind === 'stopContainer' && subjectKey(earlier.subject) === subjectKey(later.subject);
    // A container stays on a network that it may not join again.
    case 'connectNetwork':
      return (
        earlier.kind === 'disconnectNetwork' &&
        later.onlyIfFailed === undefined &&
        earlier.network === later.network &&
        earlier.container.id !== undefined &&
        earlier.container.id === later.container.id
      );
    // A container is not told of an end that does not come.
    case 'stopContainer':
    case 'runHook':
      return earlier.kind === 'runHook' && earlier.phase === 'pre_stop';
    default:
      return false;
  }
}

/** The first withheld operation of each chain: people want to be told only of the one that the others wait for. */
export function heldThemselves(operations: readonly Operation[]): Operation[] {
  const held = new Set(operations.filter(({ withheld }) => withheld).map(({ id }) => id));
  return operations.filter(
    ({ withheld, after, onlyIfFailed }) => withheld && onlyIfFailed === undefined && !after.some((id) => held.has(id)),
  );
}

export const KEPT: readonly Withheld['by'][] = ['prune', 'allowEmpty', 'pruneThreshold'];

/** The app is as Git says, and runs. Hooks, and containers that a policy or a guard keeps from being pruned are no part of it. */
export const isConverged = ({ operations, problems, parked }: AppPlan): boolean =>
  parked === undefined &&
  operations.every(({ withheld, syncHook }) => syncHook || (withheld && KEPT.includes(withheld.by))) &&
  problems.every(({ severity }) => severity !== 'error');
