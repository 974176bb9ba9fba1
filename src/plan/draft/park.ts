import { slotSubject } from '../../model/subject.ts';
import { type AppFacts, attempt } from '../facts/app-facts.ts';
import { isUp, refOf } from '../facts/containers.ts';
import type { Draft } from './draft.ts';
import { orderStops } from './prune.ts';
import { preStop, preStopOf } from './slot/hooks.ts';

/** Stops all of an app that runs, dependents first. Nothing of it is removed, so that it can be started again. */
export function draftParking(facts: AppFacts, draft: Draft, reason: string): void {
  const running = facts.actual.containers.filter((each) => each.identity.app === facts.desired.name && isUp(each));
  for (const container of running) {
    const { service } = container.identity;
    const subject = slotSubject(container.identity);
    const retry = { purpose: 'converge', goal: 'parked', counts: 'failures' } as const;
    const change = attempt(facts, { service, subject, cause: 'requirement', retry });
    // A program that lost its device may be sick, and its hooks may fail.
    const hooks = preStop(draft, container, preStopOf(facts, container), change, { reason, after: [], mayFail: true });
    draft.add({ kind: 'stopContainer', container: refOf(container), reason, after: hooks, ...change });
  }
  orderStops(draft, running);
}
