import type { DesiredContainer } from '../model/state.ts';
import type { PlaceProgress, PlaceWork } from './context.ts';

/** What becomes of a place, for those that depend on it. */
export type PlaceResult = { progress: PlaceProgress; started: number[] } | { blocked: string } | 'completed';

/** Of a container that is made or made anew. */
export const newProgress = (ref: PlaceProgress['ref'], { number }: DesiredContainer): PlaceProgress => ({
  number,
  ref,
  changed: true,
  replaced: true,
  healthy: false,
  completed: false,
  may: { healthy: true, completed: true },
  gates: {},
});

/** It cannot be brought about, and people are told why, once. */
export function blocked(work: PlaceWork, message: string, hint?: string): { blocked: string } {
  const { context, service } = work;
  if (!context.problems.some((problem) => problem.message === message)) {
    context.problems.push({ severity: 'error', service: service.name, message, ...(hint && { hint }) });
  }
  return { blocked: message };
}
