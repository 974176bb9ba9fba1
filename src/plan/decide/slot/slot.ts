import { own } from '../../../lib/maps/own.ts';
import type { DesiredContainer, DesiredService } from '../../../model/state.ts';
import { type Retry, slotKey, slotSubject } from '../../../model/subject.ts';
import { attempt } from '../../facts/app-facts.ts';
import { claimantsOf, isCompleted, isUp } from '../../facts/containers.ts';
import { goalOf } from '../../facts/goals.ts';
import { slotGoal } from '../../facts/others/joined.ts';
import { ownedFields } from '../../facts/owned-fields.ts';
import { isTemporaryName } from '../../facts/temporary-names.ts';
import type { Known, Slot } from '../decision.ts';
import { isStoppedByReboot, writesFor } from '../files.ts';
import { type Assessment, assess } from './assess.ts';
import { externalReasons } from './external-reasons.ts';
import { isSettled, windowsOnSlot } from './slot-windows.ts';

/** The services that this one joins have to be decided. */
export function slotOf(known: Known, service: DesiredService, wanted: DesiredContainer): Slot {
  const { facts, resources } = known;
  const { desired, actual, memory, neighbours } = facts;
  const id = { app: desired.name, service: service.name, number: wanted.number };
  const claimants = claimantsOf(actual.containers, id);
  const created = new Set([...resources.networks].flatMap(([name, { kind }]) => (kind === 'create' ? [name] : [])));
  const owned = ownedFields(desired, service.name);
  /** All present ones would be right if a container that they join were the same. */
  let isCutOff = writesFor(resources.files, wanted).boundItself.length === 0;
  const present = claimants
    .filter(({ status }) => status !== 'removing')
    .map((found) => {
      const assessed = assess(wanted, found, actual, created, owned);
      if (assessed.replace.length > 0) isCutOff = false;
      const external = externalReasons(known, wanted, found);
      return {
        ...assessed,
        replace: [...assessed.replace, ...external],
        changed: [...assessed.changed, ...external.map((field) => ({ field }))],
      };
    });
  const current = best(
    present.filter(({ replace }) => replace.length === 0),
    wanted,
  );
  const others = present.flatMap(({ container }) => (container === current?.container ? [] : [container]));
  const isParked = current?.container.endedParked === true;
  const cause = isDrift(known, wanted, current, present) ? (isParked ? 'requirement' : 'drift') : 'revision';
  const afterReboot = current && isStoppedByReboot(resources.files, desired, wanted, current.container);
  // An attempt that came to nothing once for just this spec may do so for ever: then success counts, too.
  const isRepeated =
    !afterReboot &&
    (cause !== 'revision' || current?.container.status === 'exited' || present.some(({ madeForThis }) => madeForThis));
  const retry: Retry = {
    purpose: 'converge',
    goal: slotGoal(desired, wanted, neighbours),
    counts: isRepeated ? 'attempts' : 'failures',
  };
  const windows = windowsOnSlot(
    facts,
    { id, wanted, present, current, others },
    isCutOff && present.length > 0 && current === undefined,
  );
  // A container that never ran would be a new one.
  const makes = current === undefined || current.container.status === 'created';
  // Nothing runs there, but another version may not run before the hooks.
  const hooks = present.length === 0 && !isSettled(facts, { id, wanted }) ? 'always' : undefined;
  const change = {
    service: service.name,
    subject: slotSubject(id),
    cause,
    windows,
    hooks,
    retry,
    afterReboot,
  } as const;
  return {
    id,
    service,
    wanted,
    change: attempt(facts, change, makes ? facts.forbidden : undefined),
    leaving: claimants.filter(({ status }) => status === 'removing'),
    present,
    current,
    others,
    hasCompleted: memory.completed[slotKey(id)] === goalOf(wanted),
    isOnTrial:
      current !== undefined &&
      startsFirst(service) &&
      current.container.name !== wanted.name &&
      !isCompleted(current.container, wanted) &&
      others.some(isUp),
  };
}

/** `deploy.update_config.order`. */
export const startsFirst = ({ update }: DesiredService): boolean => update?.order === 'start-first';

/**
 * The one that runs comes first, then the one with the final name, then one that a person has renamed, before a successor that has not taken over; IDs decide
 * the rest.
 */
export function best(candidates: readonly Assessment[], wanted: DesiredContainer): Assessment | undefined {
  const rank = ({ container }: Assessment): number =>
    (isUp(container) ? 4 : 0) +
    (container.name === wanted.name ? 2 : 0) +
    (isTemporaryName(container.name, wanted) ? 0 : 1);
  return [...candidates].sort((a, b) => rank(b) - rank(a) || (a.container.id < b.container.id ? -1 : 1))[0];
}

/** No new revision asks for the difference, so that selfHeal decides. */
function isDrift(
  { facts: { memory, desired, settled } }: Known,
  wanted: DesiredContainer,
  current: Assessment | undefined,
  present: readonly Assessment[],
): boolean {
  if (settled) return true;
  const [only, ...others] = present;
  // The slot is empty, or something interrupted the work that a revision began.
  if (!only || others.length > 0 || isTemporaryName(only.container.name, wanted)) return false;
  if (only.container.status === 'created') return false;
  // No revision stops a container that it does not replace.
  if (current?.container.status === 'exited') return true;
  // Where another revision was applied before this one, that is the difference. Where nothing is remembered, the labels tell.
  return own(memory.applied, desired.name) === undefined && only.madeForThis;
}
