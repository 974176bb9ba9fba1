import { durationText } from '../../../lib/units/duration.ts';
import type { HookPhase } from '../../../model/app/hook-phase.ts';
import type { PlanProblem, Withheld } from '../../../model/plan.ts';
import type { ActualContainer, SyncHook } from '../../../model/state.ts';
import { serviceKey, slotSubject } from '../../../model/subject.ts';
import { type AppFacts, type Attempt, attempt, heldBack } from '../../facts/app-facts.ts';
import { isUp } from '../../facts/containers.ts';
import { nameHolder } from '../../facts/others/foreign.ts';
import { freeName } from '../../facts/temporary-names.ts';
import type { Known, Need } from '../decision.ts';
import { needsToCreate } from '../needs.ts';

/**
 * The decision on one hook that has yet to complete for the change of its app.
 *
 * - `run`: it gets a new container, which is started. Earlier runs go.
 * - `follow`: it runs, or has failed and nobody was told. `late`: it has run for too long, and is stopped.
 * - `blocked`: it cannot be run, for a reason that people are told.
 */
export type HookDecision = { hook: SyncHook; change: Attempt } & (
  | { kind: 'run'; name: string; needs: Need[]; earlier: ActualContainer[] }
  | { kind: 'follow'; container: ActualContainer; late: string | undefined }
  | { kind: 'blocked'; reason: string; problems: PlanProblem[] }
);

/** Milliseconds until a service that is not ready is looked at again, for engines whose events do not tell. */
export const LOOK_MS = 5_000;

/** Decides each of these hooks. They run side by side, unless one depends on another. */
export function decideHooks(known: Known, hooks: readonly SyncHook[], held?: Withheld): HookDecision[] {
  const decided: HookDecision[] = [];
  for (const hook of inOrder(hooks)) {
    const names = hook.service.dependsOn.map(({ service }) => service);
    const blocked = decided.find((each) => each.kind === 'blocked' && names.includes(each.hook.service.name));
    const waits = blocked && ({ by: 'syncHook', text: `the hook ${blocked.hook.service.name} cannot run` } as const);
    decided.push(decideHook(known, hook, held ?? waits));
  }
  return decided;
}

function decideHook(known: Known, hook: SyncHook, held: Withheld | undefined): HookDecision {
  const { facts } = known;
  const { desired, actual, change: appChange } = facts;
  const { service, phase } = hook;
  const [wanted] = service.containers;
  const id = { app: desired.name, service: service.name, number: 1 };
  if (!wanted) throw new RangeError(`the hook ${service.name} has no container`);
  const runs = actual.containers.filter(
    ({ identity, syncHook, adopted }) =>
      (syncHook || adopted) && identity.app === desired.name && identity.service === service.name,
  );
  const change: Attempt = {
    ...attempt(
      facts,
      {
        service: service.name,
        subject: slotSubject(id),
        cause: 'revision',
        // A change that has begun is finished, and a failure is told, when the sync windows are closed as well.
        windows: phase === 'PreSync' ? undefined : 'never',
        hooks: 'never',
        retry: { purpose: 'converge', goal: appChange.digest, counts: 'failures' },
      },
      facts.forbidden ?? held,
    ),
    syncHook: phase,
  };
  const current = runs.find(({ syncHook }) => syncHook?.change === appChange.digest);
  const isOfNow = current !== undefined && appChange.countsRuns;
  const isTold = current !== undefined && appChange.failed[service.name] === current.id;
  const isOver = current === undefined || current.status === 'created' || current.endedParked || isTold;
  if (current && isOfNow && current.status !== 'removing' && (isUp(current) || !isOver))
    return {
      kind: 'follow',
      hook,
      change,
      container: current,
      late: isUp(current) ? lateText(facts, hook, current) : undefined,
    };

  const { needs, problems, blocked } = needsToCreate(known, { id, service, wanted });
  const rival = nameHolder(facts, wanted.name);
  const reason = blocked ?? rival?.message;
  if (reason !== undefined) {
    const problem: PlanProblem = { severity: 'error', service: service.name, message: reason, hint: rival?.hint };
    return { kind: 'blocked', hook, change, reason, problems: [...problems, problem] };
  }
  const others = actual.containers.filter((each) => !runs.includes(each));
  const isTaken = others.some(({ name }) => name === wanted.name);
  return {
    kind: 'run',
    hook,
    change: heldBack(change, endsFirst(facts, hook, runs)),
    name: isTaken ? freeName(wanted, others) : wanted.name,
    needs: needs
      .filter((need) => phase !== 'PreSync' || isMetBefore(known, need))
      .map((need) => asOwn(known, need, phase)),
    earlier: runs,
  };
}

/** An image that only hooks need is theirs: the services are as Git says without it. */
function asOwn({ alwaysPulled, services }: Known, need: Need, phase: HookPhase): Need {
  if (need.kind !== 'pull') return need;
  const decisions = [...services.values()].flatMap((each) => each.decisions);
  const isShared =
    alwaysPulled.includes(need.pull) ||
    decisions.some((each) => 'needs' in each && each.needs.some((one) => 'pull' in one && one.pull === need.pull));
  return isShared ? need : { ...need, pull: { ...need.pull, change: { ...need.pull.change, syncHook: phase } } };
}

/** A service that a PreSync hook depends on is started before it, where it has no container yet. One that will be replaced is left as it is until then. */
const isMetBefore = ({ services }: Known, need: Need): boolean =>
  need.kind !== 'service' ||
  (services.get(need.service)?.decisions ?? []).every(
    ({ kind }) => kind !== 'replace' && kind !== 'replaceBeside' && kind !== 'continueTrial',
  );

/** A run for an earlier change is not cut off. */
function endsFirst(facts: AppFacts, hook: SyncHook, runs: readonly ActualContainer[]): Withheld | undefined {
  const busy = runs.find((each) => isUp(each) && lateText(facts, hook, each) === undefined);
  if (!busy) return undefined;
  const text = `it waits until ${busy.name}, which runs for an earlier change, has ended`;
  return { by: 'syncHook', text, until: facts.now + LOOK_MS };
}

/** The reason to stop a run; undefined: it has time left. */
export function lateText(
  { memory, now }: AppFacts,
  { timeoutMs }: SyncHook,
  container: ActualContainer,
): string | undefined {
  const seen = memory.hookRuns[serviceKey(container.identity)];
  if (seen?.container !== container.id || now - seen.since < timeoutMs) return undefined;
  return `it has run for ${durationText(timeoutMs)} (x-holdfast.hookTimeout)`;
}

/** The hooks of one phase, each after those that it depends on. The compiler has refused circles. */
function inOrder(hooks: readonly SyncHook[]): SyncHook[] {
  const sorted = new Set<SyncHook>();
  const visit = (hook: SyncHook): void => {
    for (const { service } of hook.service.dependsOn) {
      const before = hooks.find((each) => each.service.name === service);
      if (before && !sorted.has(before)) visit(before);
    }
    sorted.add(hook);
  };
  for (const hook of hooks) visit(hook);
  return [...sorted];
}
