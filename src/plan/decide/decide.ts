import type { PlanProblem, Withheld } from '../../model/plan.ts';
import type { ActualContainer, DesiredContainer } from '../../model/state.ts';
import { type Attempt, heldBack } from '../facts/app-facts.ts';
import { isCompleted, isUp } from '../facts/containers.ts';
import { endsByItself } from '../facts/policy.ts';
import { freeName } from '../facts/temporary-names.ts';
import type { Decision, Slot } from './decision.ts';
import { isSlow } from './needs.ts';
import type { Assessment } from './slot/assess.ts';
import { best, startsFirst } from './slot/slot.ts';
import type { SlotFacts } from './slot/slot-facts.ts';
import { steadinessOf } from './slot/steady.ts';

/** Decides what happens to one slot. Rules are read from top to bottom: the first that applies decides. */
export function decide(slot: Slot, facts: SlotFacts): Decision {
  const { current, present, change } = slot;
  // A one-shot that has done its work is not run again because a person pruned its container.
  if (present.length === 0 && slot.hasCompleted) return { kind: 'completed', slot, change, problems: [] };
  // A successor on trial that failed goes, and the slot is decided without it.
  if (current && hasFailed(slot, current)) {
    const left = present.filter((each) => each !== current);
    return { ...decideSuccessor(slot, facts, left), failedTrial: current.container };
  }
  return current ? decideCurrent(slot, facts, current) : decideSuccessor(slot, facts, present);
}

/** Its failure was counted: that is why the next attempt waits for a backoff. */
const hasFailed = ({ isOnTrial, change }: Slot, { container }: Assessment): boolean =>
  isOnTrial && change.withheld?.by === 'backoff' && steadinessOf(container).state !== 'steady';

/** The rules for a slot whose right container is there. */
function ruleFor({ service, wanted, others, isOnTrial }: Slot, container: ActualContainer) {
  // A successor of an earlier pass runs beside the old container. The trial ends when it is steady, or fails.
  if (isOnTrial) return 'continueTrial';
  // Only a person pauses a container.
  if (container.status === 'paused') return 'unpause';
  // A one-shot has done its work.
  if (isCompleted(container, wanted)) return 'keep';
  // A job that failed stays so where Git says (x-holdfast.failedJob: leave), until Git asks for another one.
  if (service.leavesFailed && others.length === 0 && hasFailedAsJob(container, wanted)) return 'leave';
  // It ended, or a person stopped it, which switches the restart policy of the engine off.
  if (!isUp(container)) return 'start';
  // The engine has tried its health check often enough before it called the container unhealthy: the first restart is at once.
  if (container.status === 'running' && container.health === 'unhealthy' && others.length === 0) return 'restart';
  return 'keep';
}

/** The right container is there. */
function decideCurrent(slot: Slot, facts: SlotFacts, assessed: Assessment): Decision {
  const { wanted, others } = slot;
  const { container } = assessed;
  const service = slot.service.name;
  const rule = ruleFor(slot, container);
  const change = heldBack(slot.change, facts.joinedWaits() ?? facts.paced);
  const repairs = facts.repairs(assessed);
  const problems: PlanProblem[] = [];
  if (rule === 'leave') {
    const message = `ended with ${container.exitCode} and is not started again (x-holdfast.failedJob: leave)`;
    problems.push({ severity: 'warning', service, message });
  }
  // A container goes on without the image that it was made from, but making it again would need a pull.
  if (isUp(container) && rule !== 'continueTrial' && !facts.isImageHere()) {
    const message = `image ${wanted.spec.Image} is not on the disk any more; what runs of it goes on`;
    problems.push({ severity: 'warning', service, message });
  }
  // A container is not started on a network that cannot be used.
  const starts = rule === 'start' || (rule === 'continueTrial' && container.status === 'created');
  if (starts && repairs.blocked !== undefined)
    return blocked({ slot, change, problems, repairs, needs: [] }, repairs.blocked);

  const renaming = container.name === wanted.name ? undefined : facts.rename(container);
  if (renaming && 'message' in renaming) problems.push({ severity: 'error', service, ...renaming });
  const reason = others.length > 0 ? `the name that ${service} gets` : `is called ${container.name}`;
  const hooksFrom = facts.pendingHooks(container);
  const common = {
    slot,
    change,
    problems,
    container,
    others,
    repairs,
    rename: renaming && 'subject' in renaming ? { reason, change: renaming } : undefined,
    hooksFrom,
  };
  switch (rule) {
    case 'continueTrial': {
      const watched = facts.watch(container.name, container);
      const needs = starts ? facts.needsToStart() : [];
      return { ...common, kind: rule, change: countingFailures(change), needs, watched };
    }
    case 'start': {
      const previous =
        change.withheld?.by === 'backoff' || change.withheld?.by === 'policy' ? facts.previous(others) : undefined;
      return { ...common, kind: rule, needs: facts.needsToStart(), previous };
    }
    case 'restart': {
      const retry = { ...slot.change.retry, counts: 'attempts' } as const;
      return { ...common, kind: rule, change: facts.hold({ ...slot.change, cause: 'drift', retry }) };
    }
    default:
      return { ...common, kind: rule === 'leave' ? 'keep' : rule };
  }
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
    return blocked({ ...common, needs: [], previous }, conflict.message, conflict.hint);
  }
  const { needs, problems, blocked: reason } = facts.needs();
  common.problems.push(...problems);
  // The old container runs on or is started again while its successor cannot come, or has to wait for it.
  const isLater = change.withheld ? waitsOnly(change.withheld) : change.awaitsHooks || needs.some(isSlow);
  const mustWait = reason !== undefined || isLater;
  const previous = mustWait ? facts.previous(containers) : undefined;
  const making = { ...common, needs, previous };
  if (reason !== undefined) return blocked(making, reason);
  if (!old) return { kind: 'create', ...making };

  // With start-first, the old container runs until its successor is steady.
  const isBeside = startsFirst(slot.service) && isUp(old.container);
  const leftovers = containers.filter((each) => each !== old.container && (isBeside || !isUp(each)));
  const others = containers.filter((each) => !leftovers.includes(each));
  const name = freeName(wanted, others);
  const replacement = { ...making, old, others, leftovers, name, again: loop?.again };
  if (!isBeside) return { kind: 'replace', ...replacement };
  const watched = facts.watch(name);
  return { kind: 'replaceBeside', ...replacement, change: countingFailures(change), watched };
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
  problems: [...decision.problems, { severity: 'error', service: decision.slot.service.name, message: reason, hint }],
});

/** It may be done soon. A policy may hold it back for ever, and then the old container is left as it is. */
const waitsOnly = (withheld: Withheld): boolean =>
  endsByItself(withheld) || ['updateConfig', 'handOver', 'policy'].includes(withheld.by);

/** An attempt at a trial counts when it fails. */
const countingFailures = (change: Attempt): Attempt => ({ ...change, retry: { ...change.retry, counts: 'failures' } });

const hasFailedAsJob = ({ status, endedParked }: ActualContainer, { spec }: DesiredContainer): boolean =>
  status === 'exited' && !endedParked && ['no', 'on-failure'].includes(spec.RestartPolicy?.Name ?? 'no');
