import type { ContainerRef } from '../../../model/plan.ts';
import type { ActualContainer } from '../../../model/state.ts';
import { hasSameHooks } from '../../decide/slot/slot-facts.ts';
import { refOf } from '../../facts/containers.ts';
import type { SlotWork } from '../app-draft.ts';
import { postStart } from './hooks.ts';
import { remove, runs, start, stop } from './steps.ts';

/**
 * `next` takes the slot over: the others are stopped, it is started, and they are removed. If it does not start, it goes, and the one that ran before
 * is started again.
 */
export function takeOver(
  work: SlotWork,
  next: ContainerRef,
  others: readonly ActualContainer[],
  ready: number[],
): { started: number; up: number[]; stopped: number[]; removed: number[] } {
  const { app, wanted, change } = work;
  const running = others.filter((old) => runs(app, old));
  const stopped = running.map((old) => stop(work, old, `makes way for ${next.name}`, ready));
  const { started, up } = start(work, next, 'takes over', [...ready, ...stopped]);
  const wayBack = { onlyIfFailed: started, ...change };
  const gone = app.draft.add({
    kind: 'removeContainer',
    container: next,
    force: true,
    reason: 'it did not start',
    after: [],
    ...wayBack,
  });
  const reason = 'runs again, since its successor did not start';
  // One of them only, should several have claimed the slot: the one with its name.
  const back = running.find(({ name }) => name === wanted.name) ?? running[0];
  if (back) {
    const container = refOf(back);
    const again = app.draft.add({ kind: 'startContainer', container, reason, after: [gone], ...wayBack });
    if (hasSameHooks(back, wanted)) postStart(work, container, [again], { reason, onlyIfFailed: started });
  }
  return { started, up, stopped, removed: removeOthers(work, next, others, [started]) };
}

/** The containers that `next` has taken over from go. */
export const removeOthers = (
  work: SlotWork,
  next: ContainerRef,
  others: readonly ActualContainer[],
  after: number[],
): number[] => others.map((old) => remove(work, old, `${next.name} has taken over`, after));
