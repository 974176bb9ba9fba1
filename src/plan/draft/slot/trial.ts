import type { ContainerRef, Withheld } from '../../../model/plan.ts';
import type { ActualContainer } from '../../../model/state.ts';
import type { Decision } from '../../decide/decision.ts';
import { heldBack } from '../../facts/app-facts.ts';
import { refOf } from '../../facts/containers.ts';
import type { SlotDraft, SlotWork } from '../app-draft.ts';
import { meet } from '../needs.ts';
import { stopOf } from '../queries.ts';
import { preStop, restOfPostStart } from './hooks.ts';
import { draftRepairs } from './repairs.ts';
import { blank, draftSuccessor, nameOf } from './replace.ts';
import { rename, start, unpause } from './steps.ts';
import { removeOthers } from './take-over.ts';

/**
 * `order: start-first`: the successor runs beside the old container, under its temporary name, until it is steady. Only then the old one is
 * stopped. If it does not start, or does not become steady, it goes, and the old one has never been touched. After an interruption the next
 * pass finds the two, tells them apart by what they were made for, and goes on with the trial.
 */
export function draftTrial(
  work: SlotWork,
  { slot, watched, ...decision }: Decision & { kind: 'replaceBeside' },
  after: number[],
): SlotDraft {
  const { ref, ready } = draftSuccessor(work, slot, decision, after);
  const trial = standTrial(work, ref, undefined, decision.others, ready, watched);
  return { ...blank(slot, ref), ...trial, rename: rename(work, ref, trial.removed, nameOf(slot)) };
}

/** Goes on with a successor that an earlier pass has made. */
export function continueTrial(work: SlotWork, decision: Decision & { kind: 'continueTrial' }): SlotDraft {
  const { app } = work;
  const { slot, container, others, repairs, needs, watched, hooksFrom } = decision;
  const ref = refOf(container);
  const repaired = draftRepairs(app, container, repairs);
  const ready = [...repaired, ...meet(app, slot.service.name, needs)];
  if (container.status === 'paused') ready.push(unpause(work, container));
  else if (hooksFrom !== undefined) ready.push(...restOfPostStart(work, ref, repaired, hooksFrom));
  const trial = standTrial(work, ref, container, others, ready, watched);
  const renamed =
    decision.rename && rename({ ...work, change: decision.rename.change }, ref, trial.removed, nameOf(slot));
  return { ...blank(slot, ref), ...trial, rename: renamed };
}

/** A successor that may not even have been started takes over once it is steady. Others wait for the end of that. */
function standTrial(
  work: SlotWork,
  next: ContainerRef,
  found: ActualContainer | undefined,
  others: readonly ActualContainer[],
  ready: number[],
  watched: Withheld | undefined,
): { removed: number[] } & Pick<SlotDraft, 'started' | 'swap' | 'start'> {
  const { app, change } = work;
  const { draft } = app;
  const names = others.map(({ name }) => name).join(' and ');
  const isStarted = found !== undefined && found.status !== 'created';
  const begun = isStarted ? undefined : start(work, next, `starts beside ${names}`, ready);
  if (begun) {
    const container = { container: next, force: true, reason: 'it did not start', after: [] };
    draft.add({ kind: 'removeContainer', ...container, onlyIfFailed: begun.started, ...change });
  }
  const steady = draft.add({
    kind: 'await',
    container: next,
    condition: 'steady',
    reason: `only then it takes over from ${names}`,
    after: begun?.up ?? ready,
    ...change,
  });
  giveUp(work, next, found, steady);
  const removed = removeOthers({ ...work, change: heldBack(change, watched) }, next, others, [steady]);
  const stopped = others.flatMap(({ id }) => stopOf(draft, id) ?? []);
  return {
    removed,
    started: [steady, ...stopped],
    swap: { ready: [steady], stopped },
    start: begun && { handle: begun.started, ready, beside: change.service },
  };
}

/** The way back, for a successor that does not become steady. */
function giveUp(
  { app: { draft }, wanted, change }: SlotWork,
  next: ContainerRef,
  found: ActualContainer | undefined,
  steady: number,
): void {
  const reason = 'it is not steady';
  const wayBack = { container: next, reason, onlyIfFailed: steady, ...change };
  const hooks = { reason, after: [], mayFail: true, onlyIfFailed: steady };
  const after = found ? preStop(draft, found, wanted.hooks?.preStop, change, hooks) : [];
  const stopped = draft.add({ kind: 'stopContainer', ...wayBack, after });
  draft.add({ kind: 'removeContainer', ...wayBack, force: true, after: [stopped] });
}
