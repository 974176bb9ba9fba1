import type { Memory } from '../../model/memory.ts';
import type { Operation } from '../../model/plan.ts';
import type { Parkings } from '../../model/requirement.ts';
import type { ActualContainer, ActualSite } from '../../model/state.ts';
import { type SlotId, slotKey } from '../../model/subject.ts';
import { runOf } from '../facts/containers.ts';
import { forgetBackoffs } from './backoffs.ts';

/**
 * A container that was stopped because its app was parked did not end, and nobody stopped it by hand: it is started when the app may run again, whatever
 * selfHeal says. The memory knows its last run, since no engine tells.
 */

type Facts = Pick<Memory, 'parked'>;

/** Its last run ended because its app was parked. */
export const endedParked = ({ parked }: Facts, container: ActualContainer): boolean =>
  container.status === 'exited' && parked[slotKey(container.identity)] === runOf(container);

/** The container with that fact. */
export const withParked = (container: ActualContainer, memory: Facts): ActualContainer =>
  endedParked(memory, container) ? { ...container, endedParked: true } : container;

/** Notes the containers that these operations stop, before they are stopped, and those of parked apps that a lost device has ended. */
export function noteParked(
  memory: Memory,
  parkings: Parkings | undefined,
  operations: readonly Operation[],
  actual: ActualSite,
): Memory {
  const parked = { ...memory.parked };
  const stopped = new Set(
    operations.flatMap((each) =>
      each.kind === 'stopContainer' && each.cause === 'requirement' && !each.withheld ? [each.container.id] : [],
    ),
  );
  for (const container of actual.containers) {
    const { id, identity, status, exitCode } = container;
    const hasFailed = parkings?.has(identity.app) && status === 'exited' && exitCode !== 0;
    if (stopped.has(id) || hasFailed) parked[slotKey(identity)] = runOf(container);
  }
  if (JSON.stringify(parked) === JSON.stringify(memory.parked)) return memory;
  // Its failures were those of an app without its device.
  const isParked = (slot: SlotId): boolean => parked[slotKey(slot)] !== memory.parked[slotKey(slot)];
  return { ...forgetBackoffs(memory, (subject) => subject.kind === 'slot' && isParked(subject)), parked };
}

/** The runs that are still the last ones of their slots. */
export const keepParked = ({ parked }: Facts, { containers }: ActualSite): Memory['parked'] =>
  Object.fromEntries(
    Object.entries(parked).filter(([key, run]) =>
      containers.some((each) => slotKey(each.identity) === key && runOf(each) === run),
    ),
  );
