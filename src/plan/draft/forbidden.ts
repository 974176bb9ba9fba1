import type { Operation } from '../../model/plan.ts';
import type { ActualSite } from '../../model/state.ts';
import { slotSubject } from '../../model/subject.ts';
import { isUp, refOf } from '../facts/containers.ts';
import { waiting } from '../facts/policy.ts';
import { superfluous } from '../facts/prune-guard.ts';
import type { AppDraft } from './app-draft.ts';
import { preStop, preStopOf } from './slot/hooks.ts';

/** Holds back all that would make something of an app that the policy of the site refuses, wherever it was decided. */
export function withholdForbidden({ facts, draft }: AppDraft): void {
  if (!facts.forbidden) return;
  for (const operation of draft.all())
    if (makes(operation, facts.actual)) draft.withhold(operation.id, facts.forbidden);
}

function makes(operation: Operation, { containers }: ActualSite): boolean {
  switch (operation.kind) {
    case 'pullImage':
    case 'createNetwork':
    case 'createVolume':
    case 'createContainer':
      return true;
    // A container that never ran would be a new one.
    case 'startContainer': {
      const { id } = operation.container;
      return id === undefined || containers.find((each) => each.id === id)?.status === 'created';
    }
    default:
      return false;
  }
}

/** Stops an app that the policy of the site refuses (`onViolation: stop`). Git cannot hold this back. */
export function draftStops({ facts, draft }: AppDraft): void {
  const { desired, actual, memory, now, forbidden } = facts;
  const going = new Set(superfluous(desired, actual));
  for (const container of actual.containers) {
    const { app, service } = container.identity;
    if (app !== desired.name || going.has(container) || !isUp(container)) continue;
    const subject = slotSubject(container.identity);
    const retry = { purpose: 'converge', goal: 'forbidden', counts: 'failures' } as const;
    const withheld = waiting(subject, retry, memory, now);
    const change = { service, subject, cause: 'revision', retry, withheld } as const;
    const reason = forbidden?.text ?? '';
    const after = preStop(draft, container, preStopOf(facts, container), change, { reason, after: [], mayFail: true });
    draft.add({ kind: 'stopContainer', container: refOf(container), reason, after, ...change });
  }
}
