import { type Decision, stoppedReason } from '../../decide/decision.ts';
import { finding } from '../../facts/app-facts.ts';
import { refOf } from '../../facts/containers.ts';
import type { SlotDraft, SlotWork } from '../app-draft.ts';
import { meet } from '../needs.ts';
import { restOfPostStart } from './hooks.ts';
import { draftPrevious } from './previous.ts';
import { draftRepairs } from './repairs.ts';
import { blank } from './replace.ts';
import { restartWith } from './restart-with.ts';
import { rename, start, stop, unpause } from './steps.ts';
import { removeOthers, takeOver } from './take-over.ts';

/** The right container is there: it is repaired, started if it does not run, and gets its name. Others that claim the slot go. */
export function draftCurrent(
  work: SlotWork,
  decision: Decision & { kind: 'keep' | 'start' | 'restart' | 'unpause' },
): SlotDraft {
  const { slot, container, others, hooksFrom } = decision;
  const ref = refOf(container);
  const repaired = draftRepairs(work.app, container, decision.repairs);
  const drafted: SlotDraft = { ...blank(slot, ref), started: [] };
  let removed: number[] = [];
  switch (decision.kind) {
    case 'unpause':
      drafted.started = [unpause(work, container)];
      break;
    case 'start': {
      draftPrevious(work.app, decision.previous);
      const ready = [...repaired, ...meet(work.app, slot.service.name, decision.needs)];
      const begun =
        others.length > 0
          ? takeOver(work, ref, others, ready)
          : { ...start(work, ref, stoppedReason(container, work.change), ready), removed };
      removed = begun.removed;
      drafted.started = begun.up;
      drafted.start = { handle: begun.started, ready };
      break;
    }
    case 'restart': {
      const reason = finding('unhealthy', work.change);
      const stopped = stop(work, container, reason, repaired, true);
      drafted.started = start(work, ref, reason, [stopped]).up;
      drafted.swap = { ready: repaired, stopped: [stopped] };
      break;
    }
    case 'keep':
      break;
  }
  const isSame = decision.kind === 'keep';
  if (removed.length === 0 && others.length > 0)
    removed = removeOthers(work, ref, others, isSame ? repaired : drafted.started);
  const { rename: renaming } = decision;
  if (renaming) drafted.rename = rename({ ...work, change: renaming.change }, ref, removed, renaming.reason);
  if (isSame && hooksFrom !== undefined) drafted.started = restOfPostStart(work, ref, repaired, hooksFrom);
  return decision.kind === 'keep' && decision.with ? restartWith(work, container, decision.with, drafted) : drafted;
}
