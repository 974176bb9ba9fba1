import { own } from '../../../lib/maps/own.ts';
import type { ActualContainer } from '../../../model/state.ts';
import { type Retry, slotKey, slotSubject } from '../../../model/subject.ts';
import { type AppFacts, attempt } from '../../facts/app-facts.ts';
import { claims, isCompleted, isUp, refOf, wantedAt } from '../../facts/containers.ts';
import { goalOf } from '../../facts/goals.ts';
import type { AppDraft } from '../app-draft.ts';
import type { NewOperation } from '../draft.ts';
import { removalOf, revivalOf } from '../queries.ts';

/** If the engine refuses to remove a container that another one has joined, that other one goes first. One of another app is waited for. */
export function orderJoinedRemovals({ facts, draft }: AppDraft): void {
  const { actual, desired } = facts;
  const { containers } = actual;
  if (actual.engine.can.removesJoined) return;
  for (const gone of containers) {
    const removal = removalOf(draft, gone.id);
    if (removal === undefined) continue;
    for (const other of containers.filter((each) => hasJoined(each, gone, containers))) {
      const { app } = other.identity;
      const first = removalOf(draft, other.id);
      const text = `it waits until ${other.name} of app ${app}, which has joined it, is made again`;
      if (app !== desired.name) draft.withhold(removal, { by: 'handOver', text });
      else if (first !== undefined) removeBefore({ facts, draft }, other, first, removal);
      else if (hasCompleted(facts, other)) draft.order(removeCompleted({ facts, draft }, other, removal), removal);
    }
  }
}

/**
 * The removal of the one that joined comes first. If it waits for its successor, which waits for this removal, it goes at once: it does not run, so that
 * nothing is lost.
 */
function removeBefore(
  { draft }: Pick<AppDraft, 'facts' | 'draft'>,
  other: ActualContainer,
  first: number,
  removal: number,
): void {
  if (draft.order(first, removal) || isUp(other) || revivalOf(draft, other.id) !== undefined) return;
  const { id: _, ...going } = draft.get(first);
  const early = draft.add({ ...going, after: [] } as NewOperation);
  draft.order(early, removal);
  draft.order(early, first);
}

/** It is a one-shot that has done its work, and the memory knows it: without its container it is not run again. */
function hasCompleted({ desired, memory }: AppFacts, container: ActualContainer): boolean {
  const wanted = wantedAt(desired, container.identity);
  const known = own(memory.completed, slotKey(container.identity));
  return wanted !== undefined && known === goalOf(wanted) && isCompleted(container, wanted);
}

/** It stays after its work, and would keep the container that it joined from being removed for ever. */
function removeCompleted(
  { facts, draft }: Pick<AppDraft, 'facts' | 'draft'>,
  container: ActualContainer,
  removal: number,
): number {
  const { service } = container.identity;
  const going = draft.get(removal);
  const change = attempt(facts, { service, subject: slotSubject(container.identity), cause: going.cause, retry: GONE });
  const reason = 'it has completed, and the engine removes nothing that it has joined';
  return draft.add({
    kind: 'removeContainer',
    container: refOf(container),
    force: false,
    reason,
    after: [],
    ...change,
  });
}

const GONE = { purpose: 'converge', goal: 'gone', counts: 'failures' } as const satisfies Retry;

/** A container that started after the successor has joined that one. */
function hasJoined(other: ActualContainer, gone: ActualContainer, containers: readonly ActualContainer[]): boolean {
  if (other === gone || !joins(other, gone)) return false;
  return !containers.some(
    (each) =>
      each !== gone &&
      claims(each, gone.identity) &&
      each.startedAt !== '' &&
      Date.parse(each.startedAt) <= Date.parse(other.startedAt),
  );
}

function joins({ spec, identity }: ActualContainer, { name, identity: of }: ActualContainer): boolean {
  const modes = [spec.NetworkMode, spec.PidMode, spec.IpcMode];
  return modes.includes(`container:${name}`) || (identity.app === of.app && modes.includes(`service:${of.service}`));
}
