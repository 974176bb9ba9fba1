import type { PlanProblem, Withheld } from '../../model/plan.ts';
import { type Attempt, heldBack } from '../facts/app-facts.ts';
import { isCompleted, isUp } from '../facts/containers.ts';
import { freeName } from '../facts/temporary-names.ts';
import type { Current, Decision, Slot } from './decision.ts';
import { isSlow } from './needs.ts';
import type { Assessment } from './slot/assess.ts';
import { best, startsFirst } from './slot/slot.ts';
import type { SlotFacts } from './slot/slot-facts.ts';
import { steadinessOf } from './slot/steady.ts';

/** Decides what happens to one slot. The rules are read from top to bottom: the first that applies decides. */
export function decide(slot: Slot, facts: SlotFacts): Decision {
  const { current, present, change } = slot;
  // A one-shot that has done its work is not run again because a person pruned its container.
  if (present.length === 0 && slot.hasCompleted) return { kind: 'completed', slot, change, problems: [] };
  // A successor on trial that failed goes, and the slot is decided without it. The backoff tells that the failure was counted.
  if (
    current &&
    slot.isOnTrial &&
    change.withheld?.by === 'backoff' &&
    steadinessOf(current.container).state !== 'steady'
  )
    return {
      ...decideSuccessor(
        slot,
        facts,
        present.filter((each) => each !== current),
      ),
      failedTrial: current.container,
    };
  return current ? decideCurrent(slot, facts, current) : decideSuccessor(slot, facts, present);
}

/** The right container is there. */
function decideCurrent(slot: Slot, facts: SlotFacts, assessed: Assessment): Decision {
  const { service, wanted, others, isOnTrial } = slot;
  const { container } = assessed;
  const change = heldBack(slot.change, facts.joinedWaits() ?? facts.paced);
  const repairs = facts.repairs(assessed);
  const problems: PlanProblem[] = [];
  const { name } = service;
  const isOver = isCompleted(container, wanted);
  const isFailed = !isOver && others.length === 0 && isLeftFailed(slot, assessed);

  if (isFailed) {
    const message = `ended with ${container.exitCode} and is not started again (x-holdfast.failedJob: leave)`;
    problems.push({ severity: 'warning', service: name, message });
  }
  // A container goes on without the image that it was made from, but making it again would need a pull.
  if (isUp(container) && !isOnTrial && !facts.isImageHere()) {
    const message = `image ${wanted.spec.Image} is not on the disk any more; what runs of it goes on`;
    problems.push({ severity: 'warning', service: name, message });
  }
  // A container is not started on a network that cannot be used.
  const starts = isOnTrial ? container.status === 'created' : !isUp(container) && !isOver && !isFailed;
  if (starts && repairs.blocked !== undefined)
    return blocked({ slot, change, problems, repairs, needs: [] }, repairs.blocked);

  const common: Current & Pick<Decision, 'slot' | 'change' | 'problems'> = {
    slot,
    change,
    problems,
    container,
    others,
    repairs,
  };
  if (container.name !== wanted.name) {
    const renaming = facts.rename(container);
    if ('message' in renaming) problems.push({ severity: 'error', service: name, ...renaming });
    else {
      const reason = others.length > 0 ? `the name that ${name} gets` : `is called ${container.name}`;
      common.rename = { reason, change: renaming };
    }
  }
  const hooksFrom = facts.pendingHooks(container);
  if (hooksFrom !== undefined) common.hooksFrom = hooksFrom;
  // The trial goes on: it ends when the successor is steady, or fails.
  if (isOnTrial) {
    const needs = starts ? facts.needsToStart() : [];
    const watched = facts.watch(container.name, container);
    return { kind: 'continueTrial', ...common, change: countingFailures(change), needs, ...(watched && { watched }) };
  }
  // Only a person pauses a container.
  if (container.status === 'paused') return { kind: 'unpause', ...common };
  if (starts) {
    const previous = change.withheld?.by === 'backoff' ? facts.previous(others) : undefined;
    return { kind: 'start', ...common, needs: facts.needsToStart(), ...(previous && { previous }) };
  }
  // The engine has tried its health check often enough before it called the container unhealthy: the first restart is at once.
  if (container.status === 'running' && container.health === 'unhealthy' && others.length === 0) {
    const retry = { ...slot.change.retry, counts: 'attempts' } as const;
    return { kind: 'restart', ...common, change: facts.hold({ ...slot.change, cause: 'drift', retry }) };
  }
  return { kind: 'keep', ...common };
}

/** A container has to be made. `present` are those that claim the slot. */
function decideSuccessor(slot: Slot, facts: SlotFacts, present: readonly Assessment[]): Decision {
  const { wanted } = slot;
  const old = best(present, wanted);
  const loop = old && facts.loop(old);
  const kept = facts.kept();
  const change = heldBack(slot.change, loop?.withheld ?? kept?.waits ?? facts.joinedWaits() ?? facts.paced);
  const containers = present.map(({ container }) => container);
  const common = { slot, change, problems: loop?.problem ? [loop.problem] : [] };

  // A container that is not ours, or that is not stopped, is in the way.
  const conflict = facts.rival() ?? kept?.problem;
  if (conflict) {
    const previous = facts.previous(containers);
    return blocked({ ...common, needs: [], ...(previous && { previous }) }, conflict.message, conflict.hint);
  }
  const { needs, problems, blocked: reason } = facts.needs();
  common.problems.push(...problems);
  // The old container runs on or is started again while its successor cannot come, or has to wait for it.
  const mustWait = reason !== undefined || (change.withheld ? waitsOnly(change.withheld) : needs.some(isSlow));
  const previous = mustWait ? facts.previous(containers) : undefined;
  const making = { ...common, needs, ...(previous && { previous }) };
  if (reason !== undefined) return blocked(making, reason);
  if (!old) return { kind: 'create', ...making };

  // With start-first, the old container runs until its successor is steady.
  const isBeside = startsFirst(slot.service) && isUp(old.container);
  const leftovers = containers.filter((each) => each !== old.container && (isBeside || !isUp(each)));
  const others = containers.filter((each) => !leftovers.includes(each));
  const name = freeName(wanted, others);
  const replacement = { ...making, old, others, leftovers, name, ...(loop && { again: loop.again }) };
  if (!isBeside) return { kind: 'replace', ...replacement };
  const watched = facts.watch(name);
  return { kind: 'replaceBeside', ...replacement, change: countingFailures(change), ...(watched && { watched }) };
}

/** It cannot be brought about, and people are told why. */
const blocked = (
  decision: Omit<Decision & { kind: 'blocked' }, 'kind' | 'reason'>,
  reason: string,
  hint?: string,
): Decision => ({
  ...decision,
  kind: 'blocked',
  reason,
  problems: [
    ...decision.problems,
    { severity: 'error', service: decision.slot.service.name, message: reason, ...(hint && { hint }) },
  ],
});

/** It may be done soon. A policy may hold it back for ever, and then the old container is left as it is. */
const waitsOnly = ({ by }: Withheld): boolean => by === 'backoff' || by === 'updateConfig' || by === 'handOver';

/** An attempt at a trial counts when it fails. */
const countingFailures = (change: Attempt): Attempt => ({ ...change, retry: { ...change.retry, counts: 'failures' } });

/** A job that ended with an error, and that stays so until Git asks for another one. */
const isLeftFailed = ({ service, wanted }: Slot, { container }: Assessment): boolean =>
  service.leavesFailed === true &&
  container.status === 'exited' &&
  ['no', 'on-failure'].includes(wanted.spec.RestartPolicy?.Name ?? 'no');
