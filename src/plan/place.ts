import { inheritable } from '../container/fields/mounts.ts';
import type { Withheld } from '../model/plan.ts';
import type { ActualContainer, DesiredContainer, DesiredService } from '../model/state.ts';
import { type Retry, slotKey, slotSubject } from '../model/subject.ts';
import type { AppContext, PlaceWork } from './context.ts';
import { type Assessment, assess, goalOf } from './decide/assess.ts';
import { isDrift } from './decide/drift.ts';
import { withOutsideReasons } from './decide/external-reasons.ts';
import { needsToCreate } from './decide/needs.ts';
import { holdLoop } from './decide/replacement-loop.ts';
import { isOnTrial, startsFirst, steadinessOf } from './decide/steady.ts';
import { create, isUp, onceUp, refOf, rename, start, takeOver } from './draft/slot/steps.ts';
import { countingFailures, discard, standIn } from './draft/slot/trial.ts';
import { rivalOf } from './facts/foreign.ts';
import { keptFrom, waitsForJoined } from './facts/holders.ts';
import { placeGoal } from './facts/joined.ts';
import { ownedFields } from './facts/owned-fields.ts';
import { freeName } from './facts/temporary-names.ts';
import { healOld } from './heal.ts';
import { blocked, newProgress, type PlaceResult } from './place-result.ts';
import { settle } from './settle.ts';

/** Decides for one place of a service (`web` number 2) what has to happen to the containers that claim it. */
export function planPlace(
  context: AppContext,
  service: DesiredService,
  wanted: DesiredContainer,
  paced?: Withheld,
): PlaceResult {
  const subject = slotSubject({ app: context.desired.name, service: service.name, number: wanted.number });
  const goal = placeGoal(context.desired, wanted, context.neighbours);
  const claimants = context.actual.containers.filter(
    ({ identity }) =>
      identity.app === context.desired.name && identity.service === service.name && identity.number === wanted.number,
  );
  const leaving = claimants.filter(({ status }) => status === 'removing');
  const present = claimants.filter(({ status }) => status !== 'removing');
  if (present.length === 0 && context.memory.completed[slotKey(subject)] === goalOf(wanted)) return 'completed';

  const owned = ownedFields(context.desired, service.name);
  const assessed = present.map((found) =>
    withOutsideReasons(context, wanted, assess(wanted, found, context.actual, context.newNetworks, owned)),
  );
  const right = best(
    assessed.filter(({ replace }) => replace.length === 0),
    wanted,
  );
  const drift = isDrift(context, wanted, right, assessed);
  // What came to nothing once for just this spec may do so for ever: every attempt counts, not only those that fail.
  const repeated = drift || right?.container.status === 'exited' || assessed.some(({ madeForThis }) => madeForThis);
  const retry: Retry = { purpose: 'converge', goal, counts: repeated ? 'attempts' : 'failures' };
  const change = { subject, cause: drift ? 'drift' : 'revision', retry } as const;
  const asked: PlaceWork = { context, service, wanted, ...change, withheld: context.hold(change) };
  // A successor that has failed once, and of which nobody has yet cleaned up.
  const failed =
    asked.withheld?.by === 'backoff' &&
    right !== undefined &&
    isOnTrial(service, wanted, right.container, present) &&
    steadinessOf(right.container).state !== 'steady';
  if (failed) discard({ ...asked, withheld: undefined }, right.container, 'it was not steady');
  const left = failed ? assessed.filter((each) => each !== right) : assessed;
  const old = right && !failed ? undefined : best(left, wanted);
  const loop = old && holdLoop(asked, old);
  const kept = right && !failed ? undefined : keptFrom(context, service, wanted);
  const waits = kept?.waits ?? waitsForJoined(context, wanted);
  const work = { ...asked, withheld: asked.withheld ?? loop ?? waits ?? paced };

  if (right && !failed)
    return settle(
      work,
      right,
      present.filter((other) => other !== right.container),
    );
  const foreign = rivalOf(context, service, wanted, claimants.length > 0) ?? kept?.problem;
  const needs = foreign ? undefined : needsToCreate(context, service, wanted);
  if (!needs || needs.blocked !== undefined) {
    // What runs in the old form goes on; what stands still is mended as far as it goes.
    healOld(
      work,
      left.map(({ container }) => container),
    );
    return needs ? blocked(work, needs.blocked) : blocked(work, foreign?.message as string, foreign?.hint);
  }
  if (
    work.withheld
      ? ['backoff', 'updateConfig', 'handOver'].includes(work.withheld.by)
      : needs.after.some((id) => mayTakeLong(context, id))
  )
    healOld(
      work,
      left.map(({ container }) => container),
    );
  const after = [...needs.after, ...leaving.map((container) => awaitGone(work, container))];
  return left.length === 0 ? makeFirst(work, after) : replace(work, left, after);
}

/** A registry has to be asked, something else has to come up first, or it may not be done now at all. */
function mayTakeLong({ draft }: AppContext, handle: number): boolean {
  const { kind } = draft.get(handle);
  return kind === 'pullImage' || kind === 'await' || draft.isHeld(handle);
}

/** The engine is at it already, whoever asked for it; its name is free only afterwards. */
const awaitGone = ({ context, service, subject, cause }: PlaceWork, container: ActualContainer): number =>
  context.draft.add({
    kind: 'await',
    subject,
    cause,
    container: refOf(container),
    condition: 'gone',
    service: service.name,
    reason: 'it is being removed',
    after: [],
  });

function makeFirst(work: PlaceWork, after: number[]): PlaceResult {
  const { context, service, wanted, cause } = work;
  // A container of ours that is to lose this name holds it for now.
  const taken = context.actual.containers.some(({ name, status }) => name === wanted.name && status !== 'removing');
  const name = taken ? freeName(wanted, context.actual.containers) : wanted.name;
  const made = create(work, name, {}, { finding: cause === 'drift' ? 'gone' : 'no such container' }, after);
  const started = start(work, made.ref, 'new', made.ready);
  context.starts.push({ handle: started, wanted, ready: made.ready });
  if (taken) rename(work, made.ref, [started], `the name that ${service.name} is to have`);
  return { progress: newProgress(made.ref, wanted), started: onceUp(context, started) };
}

function replace(given: PlaceWork, assessed: Assessment[], after: number[]): PlaceResult {
  const { context, service, wanted } = given;
  const old = best(assessed, wanted) as Assessment;
  const beside = startsFirst(service) && isUp(old.container);
  const work = beside ? countingFailures(given) : given;
  // Leftovers of an interrupted replacement go first: they run nothing, and may hold the temporary name. So does one that was on trial.
  const leftovers = assessed
    .filter((other) => other !== old && (beside || !isUp(other.container)))
    .map(({ container }) => container);
  const cleared = leftovers.map((container) => discard(work, container, 'left over from an interrupted replacement'));
  const others = assessed.map(({ container }) => container).filter((container) => !leftovers.includes(container));
  // What would be changed in place comes along, and people are to read all that changes.
  const reasons = [...old.replace, ...(old.update?.reasons ?? [])];
  const made = create(
    work,
    freeName(wanted, others),
    // Which of them the image declares is for the one to say that it is made of: a tag may have moved since we looked.
    inheritable(wanted.spec, undefined, old.container.anonymousVolumes),
    {
      finding: `replaces ${old.container.name}${old.container.adopted ? ', which docker compose made' : ''}: ${reasons.join('; ')}`,
    },
    [...after, ...cleared],
    old,
  );
  const name = `the name that ${service.name} is to have`;
  if (beside) {
    const { removed, ...result } = standIn(work, made.ref, undefined, others, made.ready);
    rename(work, made.ref, removed, name);
    return result;
  }
  const { started, stopped, removed } = takeOver(work, made.ref, false, others, made.ready);
  context.starts.push({ handle: started as number, wanted, ready: made.ready });
  rename(work, made.ref, removed, name);
  const swap = { ready: made.ready, stopped };
  return { progress: { ...newProgress(made.ref, wanted), swap }, started: onceUp(context, started as number) };
}

/** Of several, the one that runs, then the one with the final name, then the newest; IDs decide the rest. */
function best(candidates: Assessment[], wanted: DesiredContainer): Assessment | undefined {
  const rank = ({ container }: Assessment): number =>
    (isUp(container) ? 2 : 0) + (container.name === wanted.name ? 1 : 0);
  return [...candidates].sort((a, b) => rank(b) - rank(a) || (a.container.id < b.container.id ? -1 : 1))[0];
}
