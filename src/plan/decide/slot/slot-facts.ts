import { hooksDigest } from '../../../container/labels/hash.ts';
import type { Problem } from '../../../lib/errors.ts';
import { own } from '../../../lib/maps/own.ts';
import type { Withheld } from '../../../model/plan.ts';
import type { ActualContainer, DesiredContainer } from '../../../model/state.ts';
import { slotKey } from '../../../model/subject.ts';
import { type AppFacts, type Attempt, attempt } from '../../facts/app-facts.ts';
import { isCompleted, isUp, runOf } from '../../facts/containers.ts';
import { nameHolder, rivalOf } from '../../facts/others/foreign.ts';
import { keptFrom, waitsForJoined } from '../../facts/others/holders.ts';
import type { Known, Need, Previous, Repairs, Slot } from '../decision.ts';
import { type Needs, needsToCreate, needsToStart } from '../needs.ts';
import type { Assessment } from './assess.ts';
import { repairChange, repairsOf } from './repairs.ts';
import { type Loop, loopOf } from './replacement-loop.ts';
import { windowsOnMending, windowsOnName } from './slot-windows.ts';
import { watch } from './steady.ts';

/** The questions that the rules of decide.ts ask. They change nothing. */
export interface SlotFacts {
  /** The rollout of the service lets this replacement wait. */
  paced: Withheld | undefined;
  /** A container of another app that this one joins does not run. */
  joinedWaits(): Withheld | undefined;
  /** Another container of ours has something that this one needs and keeps it. */
  kept(): { problem?: Problem; waits?: Withheld } | undefined;
  /** A container that is not ours is in the way. */
  rival(): Problem | undefined;
  /** The same field is replaced again and again. */
  loop(old: Assessment): Loop | undefined;
  needs(): Needs;
  needsToStart(): Need[];
  repairs(current: Assessment): Repairs;
  /** A change of the container's name. A problem: a container that is not ours has it. */
  rename(current: ActualContainer): Attempt | Problem;
  /** The last good one of these containers, where it has to be started for now. */
  previous(containers: readonly ActualContainer[]): Previous | undefined;
  /** The first post_start hook that an earlier start of a container still owes; undefined: it owes none. */
  pendingHooks(current: ActualContainer): number | undefined;
  isImageHere(): boolean;
  /** The change, with the policies and backoffs that hold it. */
  hold(change: Omit<Attempt, 'withheld'>): Attempt;
  /** A successor without a health check, which may not be there yet, is watched for some time before it takes over. */
  watch(name: string, found?: ActualContainer): Withheld | undefined;
}

export function slotFacts(known: Known, slot: Slot, paced: Withheld | undefined): SlotFacts {
  const { facts } = known;
  const { wanted, leaving, present, change } = slot;
  return {
    paced,
    joinedWaits: () => waitsForJoined(facts, wanted),
    kept: () => keptFrom(facts, slot),
    rival: () => rivalOf(facts, slot, leaving.length + present.length > 0),
    loop: (old) => loopOf(facts, slot, old),
    needs: () => needsToCreate(known, slot),
    needsToStart: () => needsToStart(known, slot, true),
    repairs: (current) => repairsOf(known, change, current, windowsOnMending(facts, slot)),
    // Per container: that another one had to be renamed before must not keep a replacement unfinished.
    rename: ({ id, name }) =>
      nameHolder(facts, wanted.name) ?? repairChange(known, change, `name of ${id}`, windowsOnName(slot, name)),
    previous: (containers) => previousOf(known, slot, containers),
    pendingHooks: (current) => pendingHooks(facts, slot, current),
    isImageHere: () => own(facts.actual.images, wanted.spec.Image) !== undefined,
    hold: (each) => attempt(facts, each),
    watch: (name, found) => watch(facts, slot, name, found),
  };
}

/** undefined: one of them runs, or no one ever ran. */
function previousOf(known: Known, slot: Slot, containers: readonly ActualContainer[]): Previous | undefined {
  const { wanted, change } = slot;
  const ran = containers.filter(
    (each) => each.status !== 'created' && each.status !== 'dead' && !isCompleted(each, each),
  );
  const container = ran.find(isUp) ?? ran.find(({ name }) => name === wanted.name) ?? ran[0];
  if (!container || ran.some((each) => isUp(each) && each.status !== 'paused')) return undefined;
  return {
    container,
    wanted: asItWas(wanted, container),
    change: attempt(known.facts, {
      ...change,
      cause: 'drift',
      retry: { purpose: 'previous', goal: container.id, counts: 'attempts' },
    }),
    needs: container.status === 'paused' ? [] : needsToStart(known, slot, false),
  };
}

function pendingHooks({ memory }: AppFacts, { id }: Slot, container: ActualContainer): number | undefined {
  const pendingHooks = memory.pendingHooks[slotKey(id)];
  return pendingHooks && container.status === 'running' && !pendingHooks.before.includes(runOf(container))
    ? pendingHooks.done
    : undefined;
}

/** The configs, secrets and hooks that Git wants now are for its successor. */
function asItWas({ hooks, ...wanted }: DesiredContainer, container: ActualContainer): DesiredContainer {
  const kept = hooks && hasSameHooks(container, { hooks }) ? { hooks } : {};
  return { ...wanted, spec: { ...wanted.spec, Files: [] }, ...kept };
}

/** The hooks that Git names now are those that a container was made with. */
export const hasSameHooks = (container: ActualContainer, { hooks }: Pick<DesiredContainer, 'hooks'>): boolean =>
  container.hooksDigest === hooksDigest(hooks);
