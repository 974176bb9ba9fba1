import type { OperationResult } from '../../model/outcome.ts';
import type { AppPlan, Operation } from '../../model/plan.ts';
import { subjectKey } from '../../model/subject.ts';

/**
 * The subjects of a run of operations. All runs of a site share the names of lanes, and in each lane one run works at a time: so a slow pull, or a container
 * that will not stop, holds up only the operations that depend on it.
 */
export interface Lanes {
  /** Lanes with operations that have not ended. */
  busy(): string[];
  /** Counts a result. Gives all results of its lane after the last one. */
  end(result: OperationResult): OperationResult[] | undefined;
}

export function lanesOf(operations: readonly Operation[]): Lanes {
  const lanes = new Map<string, { pending: number; results: OperationResult[] }>();
  for (const operation of operations) {
    const lane = lanes.get(laneOf(operation)) ?? { pending: 0, results: [] };
    lane.pending += 1;
    lanes.set(laneOf(operation), lane);
  }
  return {
    busy: () => [...lanes].filter(([, { pending }]) => pending > 0).map(([name]) => name),
    end(result) {
      const lane = lanes.get(laneOf(result.operation));
      if (!lane) return undefined;
      lane.results.push(result);
      lane.pending -= 1;
      return lane.pending === 0 ? lane.results : undefined;
    },
  };
}

/** Two operations on one subject never run in two runs at once. An operation that only looks keeps no subject busy. */
const laneOf = ({ subject, retry, kind }: Operation): string => (retry ? subjectKey(subject) : kind);

/** The plan without the operations on busy subjects, and without all that come after them. Waits stay: they only look. */
export function withoutLanes(plan: AppPlan, busy: ReadonlySet<string>): AppPlan {
  if (busy.size === 0) return plan;
  const left = new Set<number>();
  for (const operation of plan.operations) {
    const needs = [...operation.after, ...(operation.onlyIfFailed === undefined ? [] : [operation.onlyIfFailed])];
    if ((operation.kind === 'await' || !busy.has(laneOf(operation))) && needs.every((id) => left.has(id)))
      left.add(operation.id);
  }
  return { ...plan, operations: plan.operations.filter(({ id }) => left.has(id)) };
}
