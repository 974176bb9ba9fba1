import { addressesOf } from '../../lib/host/ip-address.ts';
import { own } from '../../lib/own.ts';
import type { Operation } from '../../model/plan.ts';
import type { ActualContainer } from '../../model/state.ts';
import type { AppContext } from '../context.ts';
import { waitsFor, wishOf } from '../facts/holders.ts';
import { fateOf } from '../facts/neighbours.ts';
import { type SharedThing, sharedAddressesOn } from '../facts/shared-things.ts';
import { isUp, refOf } from './slot/steps.ts';

type Join = Operation & { kind: 'connectNetwork' };

/** Lets each container that joins a network under an address of its own wait for the one that has this address. */
export function handOverAddresses(context: AppContext): void {
  for (const { join, container } of joins(context)) {
    for (const holder of context.actual.containers) {
      if (holder.id === container.id || !isUp(holder)) continue;
      const things = sharedAddressesOn(join.network, join.endpoint, own(holder.spec.Networks, join.network));
      if (things.length > 0) handOver(context, join, container, holder, things);
    }
  }
}

/** The operations by which a container that runs leaves the networks of these addresses; undefined where it stays on one of them. */
export function leavesOf({ draft }: AppContext, holder: ActualContainer, things: SharedThing[]): number[] | undefined {
  const left = things.map(({ network }) => (network === undefined ? undefined : leaveOf(draft.all(), holder, network)));
  return left.every((id) => id !== undefined) ? left : undefined;
}

/** Containers that run and join a network under addresses of their own. */
const joins = ({ draft, actual }: AppContext): { join: Join; container: ActualContainer }[] =>
  draft.all().flatMap((join) => {
    if (join.kind !== 'connectNetwork' || join.onlyIfFailed !== undefined || !('id' in join.container)) return [];
    const { id } = join.container;
    const container = actual.containers.find((each) => each.id === id);
    return container && isUp(container) && addressesOf(join.endpoint).length > 0 ? [{ join, container }] : [];
  });

/**
 * A container that is to join stays on the network until the address is free, unless the holder waits for its address in turn: then both leave before either
 * joins.
 */
function handOver(
  context: AppContext,
  join: Join,
  container: ActualContainer,
  holder: ActualContainer,
  things: SharedThing[],
): void {
  const { draft, stops, desired } = context;
  const left = leaveOf(draft.all(), container, join.network);
  const freed = leaveOf(draft.all(), holder, join.network) ?? stops.get(holder.id);
  if (holder.identity.app !== desired.name || freed === undefined) {
    waitFor(context, join, left, container, holder, things);
    return;
  }
  const isFreed = draft.order(freed, join.id);
  if (left !== undefined) draft.order(freed, left);
  // It stops only after something that waits for this join: so it leaves the network early.
  if (!isFreed) draft.order(leaveEarly(context, join, holder), join.id);
}

const leaveEarly = (
  { draft }: AppContext,
  { network, service, subject, cause, retry, withheld, container }: Join,
  holder: ActualContainer,
) =>
  draft.add({
    kind: 'disconnectNetwork',
    container: refOf(holder),
    network,
    reason: `lets go of the address that ${container.name} is to have`,
    after: [],
    ...(service !== undefined && { service }),
    subject,
    cause,
    ...(retry && { retry }),
    ...(withheld && { withheld }),
  });

/**
 * A container of another app lets go by that app's own plan, and one of this app may have to wait itself. If anything is to have the address of
 * this container in turn, this one leaves at once: they may be swapping in a circle, of which no app sees more than its own part.
 */
function waitFor(
  context: AppContext,
  join: Join,
  left: number | undefined,
  container: ActualContainer,
  holder: ActualContainer,
  things: SharedThing[],
): void {
  const thing = things.find((each) => fateOf(context.neighbours, holder, each).letsGo);
  if (!thing) return;
  if (left !== undefined && wishOf(context, container)) join.after = join.after.filter((id) => id !== left);
  context.draft.withhold(join.id, waitsFor(context, holder, thing.text));
}

const leaveOf = (operations: readonly Operation[], { id }: ActualContainer, network: string): number | undefined =>
  operations.find(
    (each) =>
      each.kind === 'disconnectNetwork' &&
      each.onlyIfFailed === undefined &&
      each.network === network &&
      'id' in each.container &&
      each.container.id === id,
  )?.id;
