import type { OperationResult } from '../../../src/model/outcome.ts';
import type { AppPlan, ContainerRef, Operation } from '../../../src/model/plan.ts';
import type { ModelEngine } from '../../support/engine/model-engine.ts';

/** Every operation of a plan, done or not, in an order that `pick` chooses among those that may come next; cut off after `most`. */
export function carryOut(
  app: AppPlan,
  model: ModelEngine,
  pick: (among: number) => number,
  most: number,
): OperationResult[] {
  const results = new Map<number, OperationResult>();
  const created = new Map<number, string>();
  const resolve = (ref: ContainerRef): string =>
    ref.id !== undefined ? ref.id : (created.get(ref.createdBy) as string);
  let left = most;
  const one = (operation: Operation): OperationResult => {
    const needed = operation.after.map((id) => results.get(id) as OperationResult);
    const trigger = operation.onlyIfFailed === undefined ? undefined : results.get(operation.onlyIfFailed);
    if (operation.withheld) return { operation, status: 'withheld' };
    if (trigger && trigger.status !== 'failed') return { operation, status: 'skipped', reason: 'not needed' };
    if (needed.some(({ status }) => status !== 'done')) return { operation, status: 'skipped', reason: 'not reached' };
    if (left === 0) return { operation, status: 'skipped', reason: 'cut off' };
    left -= 1;
    try {
      if (operation.kind === 'await') {
        return model.holds(operation, resolve)
          ? { operation, status: 'done' }
          : { operation, status: 'waiting', reason: 'not yet' };
      }
      const id = model.carryOut(operation, app.app, resolve);
      if (id) created.set(operation.id, id);
      return { operation, status: 'done' };
    } catch (error) {
      return { operation, status: 'failed', error: error as never };
    }
  };
  const open = [...app.operations];
  while (open.length > 0) {
    const ready = open.filter(({ after, onlyIfFailed }) =>
      [...after, ...(onlyIfFailed === undefined ? [] : [onlyIfFailed])].every((id) => results.has(id)),
    );
    const next = ready[pick(ready.length)] as Operation;
    open.splice(open.indexOf(next), 1);
    results.set(next.id, one(next));
  }
  return [...results.values()];
}
