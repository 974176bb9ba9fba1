import { own } from '../lib/own.ts';
import type { Operation } from '../model/plan.ts';
import type { ActualContainer } from '../model/state.ts';
import type { AppContext } from './context.ts';
import { addressesOf, type SharedThing, sharedAddressesOn } from './exclusive.ts';
import { isUp, refOf } from './steps.ts';

type Join = Operation & { kind: 'connectNetwork' };

/** Lets each container that joins a network under an address of its own wait for the one that has this address. */
export function handOverAddresses(context: AppContext): void {
  for (const { join, container } of joins(context)) {
    for (const holder of context.actual.containers) {
      if (holder.id === container.id || !isUp(holder)) continue;
      const things = sharedAddressesOn(join.network, join.endpoint, own(holder.spec.Networks, join.network));
      if (things.length > 0) handOver(context, join, container, holder);
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
 * Whoever joins stays on the network until the address is free, unless the holder waits for its address in turn: then both leave before either
 * joins.
 */
function handOver(context: AppContext, join: Join, container: ActualContainer, holder: ActualContainer): void {
  const { draft, stops } = context;
  const freed = leaveOf(draft.all(), holder, join.network) ?? stops.get(holder.id);
  if (freed === undefined) return;
  if (!draft.order(freed, join.id)) {
    // It stops only after something that waits for this join: so it leaves the network early.
    const { network, service, backoff, withheld } = join;
    const reason = `lets go of the address that ${container.name} is to have`;
    const early = draft.add({
      kind: 'disconnectNetwork',
      container: refOf(holder),
      network,
      reason,
      after: [],
      ...(service !== undefined && { service }),
      ...(backoff && { backoff }),
      ...(withheld && { withheld }),
    });
    draft.order(early, join.id);
    return;
  }
  const left = leaveOf(draft.all(), container, join.network);
  if (left !== undefined) draft.order(freed, left);
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
