import type { ActualContainer } from '../../../model/state.ts';
import type { Decision } from '../../decide/decision.ts';
import { refOf } from '../../facts/containers.ts';
import type { AppDraft, SlotDraft, SlotWork } from '../app-draft.ts';
import { meet } from '../needs.ts';
import { draftCurrent } from './current.ts';
import { draftPrevious } from './previous.ts';
import { draftRepairs } from './repairs.ts';
import { draftCreate, draftReplace } from './replace.ts';
import { discard } from './steps.ts';
import { continueTrial, draftTrial } from './trial.ts';

/** Turns the decision on a slot into operations. undefined: it has no container, now or later. */
export function draftSlot(app: AppDraft, decision: Decision): SlotDraft | undefined {
  const { slot, change, failedTrial, previous } = decision;
  const work: SlotWork = { app, wanted: slot.wanted, change };
  if (failedTrial) {
    const { withheld: _, ...now } = change;
    discard({ ...work, change: now }, failedTrial, 'it was not steady');
  }
  switch (decision.kind) {
    case 'completed':
      return undefined;
    case 'blocked':
      if (decision.repairs && slot.current) draftRepairs(app, slot.current.container, decision.repairs);
      meet(app, slot.service.name, decision.needs);
      draftPrevious(app, previous);
      return undefined;
    case 'keep':
    case 'start':
    case 'restart':
    case 'unpause':
      return draftCurrent(work, decision);
    case 'continueTrial':
      return continueTrial(work, decision);
    default: {
      const needed = meet(app, slot.service.name, decision.needs);
      draftPrevious(app, previous);
      const after = [...needed, ...slot.leaving.map((container) => awaitGone(work, container))];
      if (decision.kind === 'create') return draftCreate(work, slot, after);
      if (decision.kind === 'replace') return draftReplace(work, slot, decision, after);
      return draftTrial(work, decision, after);
    }
  }
}

/** The engine is removing it already. Its name is free only afterwards. */
const awaitGone = ({ app, change: { service, subject, cause } }: SlotWork, container: ActualContainer): number =>
  app.draft.add({
    kind: 'await',
    service,
    subject,
    cause,
    container: refOf(container),
    condition: 'gone',
    reason: 'it is being removed',
    after: [],
  });
