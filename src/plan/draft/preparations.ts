import type { Operation, OperationKind, Withheld } from '../../model/plan.ts';
import { hasToBegin } from '../facts/policy.ts';

/**
 * Nothing is fetched or made that only changes wait for which have yet to begin. An image, a network or a volume that a healed container needs comes all the
 * same. `closed`: the sync windows are. `waits`: the app waits for another one; its images are fetched meanwhile, so that its change is short. `operations`
 * are changed in place.
 */
export function withholdPreparations(
  operations: Operation[],
  closed: Withheld | undefined,
  waits: Withheld | undefined,
): Operation[] {
  for (const operation of operations) {
    const held = closed ?? (operation.kind === 'pullImage' ? undefined : waits);
    if (!held || operation.withheld || operation.cause !== 'revision' || !PREPARING.has(operation.kind)) continue;
    const waiting = operations.filter(({ after }) => after.includes(operation.id));
    if (waiting.every(({ withheld }) => withheld && hasToBegin(withheld))) operation.withheld = held;
  }
  return operations;
}

const PREPARING: ReadonlySet<OperationKind> = new Set(['pullImage', 'createNetwork', 'createVolume']);
