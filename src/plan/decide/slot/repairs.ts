import { own } from '../../../lib/maps/own.ts';
import type { Attempt } from '../../facts/app-facts.ts';
import { attempt } from '../../facts/app-facts.ts';
import { type Change, hasToBegin } from '../../facts/policy.ts';
import type { Known, Repairs } from '../decision.ts';
import { isAnyHeld, needNetwork } from '../needs.ts';
import type { Assessment } from './assess.ts';

/** The differences that can be put right in the container as it is: its networks and its limits. */
export function repairsOf(
  known: Known,
  slotChange: Attempt,
  { container, update, connect, disconnect }: Assessment,
  windows: Change['windows'],
): Repairs {
  const { networks } = known.resources;
  const reasons = [...disconnect, ...connect].map(({ reason }) => reason).concat(update?.reasons ?? []);
  /** A network that is made again as a whole brings its users back by itself. */
  const isMine = ({ network }: { network: string }): boolean => {
    const decision = networks.get(network);
    const isRemade = decision?.kind === 'remake' && !decision.change.withheld;
    return !isRemade || own(container.spec.Networks, network) === undefined;
  };
  const isUnusable = (network: string): boolean => networks.get(network)?.kind === 'unusable';
  const left = disconnect.filter(isMine).map(({ network, reason }) => {
    const endpoint = connect.find((each) => each.network === network)?.endpoint;
    return { network, reason, needs: needNetwork(known, network, endpoint) };
  });
  const joined = connect
    .filter((each) => isMine(each) && !isUnusable(each.network))
    .map((each) => {
      const needs = needNetwork(known, each.network, each.endpoint);
      const isAwaited = networks.get(each.network)?.kind === 'remake' && needs.length > 0;
      return { ...each, needs, waits: isAwaited && left.some(({ network }) => network === each.network) };
    });
  const blocking = connect.map(({ network }) => networks.get(network)).find((each) => each?.kind === 'unusable');
  return {
    change: repairChange(known, slotChange, reasons.join('; '), windows),
    disconnect: left,
    connect: joined,
    update,
    blocked: blocking?.kind === 'unusable' ? blocking.text : undefined,
  };
}

/** Repairs have a backoff of their own, by what is repaired: another drift is repaired at once, the same one again and again is not. */
export const repairChange = ({ facts }: Known, change: Attempt, goal: string, windows: Change['windows']): Attempt =>
  attempt(facts, { ...change, windows, retry: { purpose: 'repair', goal, counts: 'attempts' } });

/**
 * A network that the container has to join before its start will not be joined in this pass. One that it joins with a change that has yet to begin keeps it
 * from nothing.
 */
export const holdsStart = ({ change, connect }: Repairs): boolean =>
  connect.some(({ needs, waits }) => !waits && (isHeld(change) || isAnyHeld(needs)));

const isHeld = ({ withheld }: Attempt): boolean => withheld !== undefined && !hasToBegin(withheld);
