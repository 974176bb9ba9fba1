import type { PlaceWork } from '../../context.ts';
import type { Assessment } from '../../decide/assess.ts';
import { neededFor } from '../remake-network.ts';
import { base, refOf } from './steps.ts';

/** What has to be done before a container that stands still is started: handles, or why it cannot be done at all. */
export type Mended = { ready: number[]; blocked?: string };

/** What differs but can be mended in the container as it is: its networks and its limits. */
export function mend(work: PlaceWork, { container, update, connect, disconnect }: Assessment): Mended {
  const { context } = work;
  const { draft } = context;
  const reasons = [...disconnect, ...connect].map(({ reason }) => reason).concat(update?.reasons ?? []);
  const mending = mendingWork(work, reasons.join('; '));
  const ref = refOf(container);
  // What is made anew as a whole brings its users back by itself.
  const ready = [...(context.rejoined.get(container.id) ?? [])];
  const isMine = ({ network }: { network: string }): boolean => !context.leftFor.get(container.id)?.has(network);

  const left = new Map<string, number>();
  /** Joining again has to wait for another network: so it stays on the one that there is, and is started there. */
  const waits = new Set<string>();
  for (const { network, reason } of disconnect.filter(isMine)) {
    const joined = connect.find((each) => each.network === network);
    const after = joined ? neededFor(context, network, joined.endpoint) : (context.networks.get(network) ?? []);
    if (joined && context.awaited.has(network) && after.length > 0) waits.add(network);
    left.set(
      network,
      draft.add({ kind: 'disconnectNetwork', container: ref, network, reason, after, ...base(mending) }),
    );
  }
  const blocked = connect.map(({ network }) => context.unusable.get(network)).find((reason) => reason !== undefined);
  for (const { network, endpoint, reason } of connect.filter(isMine)) {
    if (context.unusable.has(network)) continue;
    const after = [
      ...neededFor(context, network, endpoint),
      ...(left.has(network) ? [left.get(network) as number] : []),
    ];
    const joined = draft.add({
      kind: 'connectNetwork',
      container: ref,
      network,
      endpoint,
      reason,
      after,
      ...base(mending),
    });
    if (!waits.has(network)) ready.push(joined);
  }
  if (update) {
    const { changes } = update;
    const reason = update.reasons.join('; ');
    const id = draft.add({ kind: 'updateContainer', container: ref, changes, reason, after: [], ...base(mending) });
    // Limits that are off keep nothing down for long: once they could not be set, the start goes on without.
    if (!draft.isHeld(id)) ready.push(id);
  }
  return { ready: [...ready, ...[...left.values()].filter((id) => !draft.isHeld(id))], ...(blocked && { blocked }) };
}

/** Mending in place has a backoff of its own, per thing to mend: another drift is mended at once, the same one over and over is not. */
export function mendingWork(work: PlaceWork, goal: string): PlaceWork {
  const retry = { purpose: 'repair', goal, counts: 'attempts' } as const;
  return { ...work, retry, withheld: work.context.hold({ ...work, retry }) };
}
