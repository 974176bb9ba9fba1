import { own } from '../../../lib/maps/own.ts';
import { slotKey } from '../../../model/subject.ts';
import type { AppFacts } from '../../facts/app-facts.ts';
import { isUp } from '../../facts/containers.ts';
import { goalOf } from '../../facts/goals.ts';
import type { Change } from '../../facts/policy.ts';
import { isTemporaryName } from '../../facts/temporary-names.ts';
import type { Slot } from '../decision.ts';

/**
 * Closed sync windows let a slot be healed, and let a replacement that has begun be finished. Meanwhile a revision of the same app may wait, and then the
 * memory of the slot tells a change from the healing.
 */

type Windows = Change['windows'];
type Facts = Pick<AppFacts, 'memory'>;
type Named = Pick<Slot, 'id' | 'wanted'>;

/** Git asks for nothing new in this slot since the app last converged. */
export const isSettled = ({ memory }: Facts, { id, wanted }: Named): boolean =>
  own(memory.settled, slotKey(id)) === goalOf(wanted);

/** The right container is made or started. `isCutOff`: it needs a successor only because a container that it joins is another one. */
export function windowsOnSlot(
  facts: Facts,
  slot: Named & Pick<Slot, 'present' | 'current' | 'others'>,
  isCutOff: boolean,
): Windows {
  if (isCutOff || isSettled(facts, slot)) return 'never';
  const { current, others, present } = slot;
  // A successor that was only created has disturbed nothing yet.
  if (current) return current.container.status === 'created' && others.some(isUp) ? undefined : 'never';
  if (present.length > 0) return undefined;
  // A container that ran here is gone: it comes back as Git says now, since nothing tells how it was. Nothing runs there that this could disturb.
  return own(facts.memory.settled, slotKey(slot.id)) === undefined ? 'start' : 'never';
}

/** The container stays, and its networks and limits are put right. */
export const windowsOnMending = (facts: Facts, slot: Named): Windows => (isSettled(facts, slot) ? 'never' : 'start');

/** The container stays, and gets another name. A replacement ends so. The memory of a slot does not tell which name it had. */
export const windowsOnName = ({ wanted }: Pick<Slot, 'wanted'>, name: string): Windows =>
  isTemporaryName(name, wanted) ? 'never' : 'start';
