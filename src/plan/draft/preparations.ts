import type { Operation, Withheld } from '../../model/plan.ts';

/**
 * While the sync windows of an app are closed, nothing is fetched or made that only held operations wait for. An image, a network or a volume that a healed
 * container needs comes all the same. `operations` are changed in place.
 */
export function withholdPreparations(operations: Operation[], closed: Withheld | undefined): Operation[] {
  if (!closed) return operations;
  for (const operation of operations) {
    if (operation.withheld || operation.cause !== 'revision' || !PREPARING.has(operation.kind)) continue;
    const waiting = operations.filter(({ after }) => after.includes(operation.id));
    if (waiting.every(({ withheld }) => withheld?.by === 'syncWindow')) operation.withheld = closed;
  }
  return operations;
}

const PREPARING: ReadonlySet<Operation['kind']> = new Set(['pullImage', 'createNetwork', 'createVolume']);
