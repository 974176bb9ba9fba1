import { addressesOf } from '../../../lib/host/ip-address.ts';
import { own } from '../../../lib/maps/own.ts';
import type { Operation } from '../../../model/plan.ts';
import type { ActualContainer } from '../../../model/state.ts';
import { isUp, refOf } from '../../facts/containers.ts';
import { fateOf } from '../../facts/neighbours.ts';
import { waitsFor, wishOf } from '../../facts/others/holders.ts';
import { type SharedThing, sharedAddressesOn } from '../../facts/others/shared-things.ts';
import type { AppDraft } from '../app-draft.ts';
import type { Draft } from '../draft.ts';
import { leaveOf, stopOf } from '../queries.ts';

/** A container that runs, and the operation by which it joins a network under an address of its own. */
interface Joining {
  join: Operation & { kind: 'connectNetwork' };
  container: ActualContainer;
}

/** If a container joins a network under an address of its own, it waits for the container that has this address. */
export function handOverAddresses(app: AppDraft): void {
  for (const joining of joins(app)) {
    const { join, container } = joining;
    for (const holder of app.facts.actual.containers) {
      if (holder.id === container.id || !isUp(holder)) continue;
      const things = sharedAddressesOn(join.network, join.endpoint, own(holder.spec.Networks, join.network));
      if (things.length > 0) handOver(app, joining, holder, things);
    }
  }
}

/** The operations by which a container that runs leaves the networks of these addresses; undefined where it stays on one of them. */
export function leavesOf(draft: Draft, holder: ActualContainer, things: SharedThing[]): number[] | undefined {
  const left = things.map(({ network }) => (network === undefined ? undefined : leaveOf(draft, holder.id, network)));
  return left.every((id) => id !== undefined) ? left : undefined;
}

const joins = ({ draft, facts }: AppDraft): Joining[] =>
  draft.all().flatMap((join) => {
    if (join.kind !== 'connectNetwork' || join.onlyIfFailed !== undefined) return [];
    const container = facts.actual.containers.find(({ id }) => id === join.container.id);
    return container && isUp(container) && addressesOf(join.endpoint).length > 0 ? [{ join, container }] : [];
  });

/**
 * A container stays on the network until its new address is free, unless the holder of that waits for its address in turn: then both leave
 * before either joins.
 */
function handOver(app: AppDraft, joining: Joining, holder: ActualContainer, things: SharedThing[]): void {
  const { draft, facts } = app;
  const { join, container } = joining;
  const left = leaveOf(draft, container.id, join.network);
  const freed = leaveOf(draft, holder.id, join.network) ?? stopOf(draft, holder.id);
  if (holder.identity.app !== facts.desired.name || freed === undefined) {
    waitFor(app, joining, left, holder, things);
    return;
  }
  const isFreed = draft.order(freed, join.id);
  if (left !== undefined) draft.order(freed, left);
  // It stops only after something that waits for this join: so it leaves the network early.
  if (!isFreed) draft.order(leaveEarly(draft, join, holder), join.id);
}

const leaveEarly = (
  draft: Draft,
  { network, service, subject, cause, retry, withheld, container }: Joining['join'],
  holder: ActualContainer,
) =>
  draft.add({
    kind: 'disconnectNetwork',
    container: refOf(holder),
    network,
    reason: `lets go of the address that ${container.name} needs`,
    after: [],
    service,
    subject,
    cause,
    retry,
    withheld,
  });

/**
 * A container of another app lets go by that app's own plan, and one of this app may have to wait itself. If another one needs the address of
 * this container in turn, this one leaves at once: they may be swapping in a circle, and no app sees more than its own part of that.
 */
function waitFor(
  { draft, facts }: AppDraft,
  { join, container }: Joining,
  left: number | undefined,
  holder: ActualContainer,
  things: SharedThing[],
): void {
  const thing = things.find((each) => fateOf(facts.neighbours, holder, each).letsGo);
  if (!thing) return;
  if (left !== undefined && wishOf(facts, container)) join.after = join.after.filter((id) => id !== left);
  draft.withhold(join.id, waitsFor(facts, holder, thing.text));
}
