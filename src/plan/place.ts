import type { Withheld } from '../model/plan.ts';
import type { ActualContainer, DesiredContainer, DesiredService } from '../model/state.ts';
import { inheritable } from '../spec/mounts.ts';
import { type Assessment, assess, goalOf } from './assess.ts';
import type { AppContext, PlaceWork } from './context.ts';
import { isDrift } from './drift.ts';
import { rivalOf } from './foreign.ts';
import { healOld } from './heal.ts';
import { ownedFields } from './ignore.ts';
import { holdLoop } from './loop.ts';
import { freeName } from './names.ts';
import { needsToCreate } from './needs.ts';
import { withOutsideReasons } from './outside-reasons.ts';
import { blocked, newProgress, type PlaceResult } from './place-result.ts';
import { settle } from './settle.ts';
import { create, isUp, onceUp, refOf, remove, rename, start, takeOver } from './steps.ts';

/** Decides for one place of a service (`web` number 2) what has to happen to the containers that claim it. */
export function planPlace(
  context: AppContext,
  service: DesiredService,
  wanted: DesiredContainer,
  paced?: Withheld,
): PlaceResult {
  const key = `${context.desired.name}/${service.name}/${wanted.number}`;
  const goal = goalOf(wanted);
  const claimants = context.actual.containers.filter(
    ({ identity }) =>
      identity.app === context.desired.name && identity.service === service.name && identity.number === wanted.number,
  );
  if (claimants.length === 0 && context.memory.completed[key] === goal) return 'completed';
  const leaving = claimants.filter(({ status }) => status === 'removing');
  const present = claimants.filter(({ status }) => status !== 'removing');

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
  const backoff = { key: `place ${key}`, goal, counts: repeated ? ('attempts' as const) : ('failures' as const) };
  const asked: PlaceWork = { context, service, wanted, drift, backoff, withheld: context.hold({ drift, backoff }) };
  const old = right ? undefined : best(assessed, wanted);
  const loop = old && holdLoop(asked, old);
  const work = { ...asked, withheld: asked.withheld ?? loop ?? paced };

  if (right)
    return settle(
      work,
      right,
      present.filter((other) => other !== right.container),
    );
  const foreign = rivalOf(context, service, wanted, claimants.length > 0);
  const needs = foreign ? undefined : needsToCreate(context, service, wanted);
  if (!needs || needs.blocked !== undefined) {
    // What runs in the old form goes on; what stands still is mended as far as it goes.
    healOld(work, present);
    return needs ? blocked(work, needs.blocked) : blocked(work, foreign?.message as string, foreign?.hint);
  }
  if (
    work.withheld
      ? ['backoff', 'updateConfig'].includes(work.withheld.by)
      : needs.after.some((id) => mayTakeLong(context, id))
  )
    healOld(work, present);
  const after = [...needs.after, ...leaving.map((container) => awaitGone(work, container))];
  return assessed.length === 0 ? makeFirst(work, after) : replace(work, assessed, after);
}

/** A registry has to be asked, something else has to come up first, or it may not be done now at all. */
function mayTakeLong({ draft }: AppContext, handle: number): boolean {
  const { kind } = draft.get(handle);
  return kind === 'pullImage' || kind === 'await' || draft.isHeld(handle);
}

/** The engine is at it already, whoever asked for it; its name is free only afterwards. */
const awaitGone = ({ context, service }: PlaceWork, container: ActualContainer): number =>
  context.draft.add({
    kind: 'await',
    container: refOf(container),
    condition: 'gone',
    service: service.name,
    reason: 'it is being removed',
    after: [],
  });

function makeFirst(work: PlaceWork, after: number[]): PlaceResult {
  const { context, service, wanted, drift } = work;
  // A container of ours that is to lose this name holds it for now.
  const taken = context.actual.containers.some(({ name, status }) => name === wanted.name && status !== 'removing');
  const name = taken ? freeName(wanted, context.actual.containers) : wanted.name;
  const made = create(work, name, {}, drift ? 'gone (drift)' : 'no such container', after);
  const started = start(work, made.ref, 'new', made.ready);
  context.starts.push({ handle: started, wanted, ready: made.ready });
  if (taken) rename(work, made.ref, [started], `the name that ${service.name} is to have`);
  return { progress: newProgress(made.ref, wanted), started: onceUp(context, started) };
}

function replace(work: PlaceWork, assessed: Assessment[], after: number[]): PlaceResult {
  const { context, service, wanted } = work;
  const old = best(assessed, wanted) as Assessment;
  // Leftovers of an interrupted replacement go first: they run nothing, and may hold the temporary name.
  const leftovers = assessed
    .filter((other) => other !== old && !isUp(other.container))
    .map(({ container }) => container);
  const cleared = leftovers.map((container) =>
    remove(work, container, 'left over from an interrupted replacement', []),
  );
  const others = assessed.map(({ container }) => container).filter((container) => !leftovers.includes(container));
  // What would be changed in place comes along, and people are to read all that changes.
  const reasons = [...old.replace, ...(old.update?.reasons ?? [])];
  const made = create(
    work,
    freeName(wanted, others),
    inheritable(wanted.spec, context.actual.images[wanted.spec.Image]?.config, old.container.anonymousVolumes),
    `replaces ${old.container.name}${old.container.adopted ? ', which docker compose made' : ''}: ${reasons.join('; ')}${work.drift ? ' (drift)' : ''}`,
    [...after, ...cleared],
    old,
  );
  const { started, stopped, removed } = takeOver(work, made.ref, false, others, made.ready);
  context.starts.push({ handle: started as number, wanted, ready: made.ready });
  rename(work, made.ref, removed, `the name that ${service.name} is to have`);
  const swap = { ready: made.ready, stopped };
  return { progress: { ...newProgress(made.ref, wanted), swap }, started: onceUp(context, started as number) };
}

/** Of several, the one that runs, then the one with the final name, then the newest; IDs decide the rest. */
function best(candidates: Assessment[], wanted: DesiredContainer): Assessment | undefined {
  const rank = ({ container }: Assessment): number =>
    (isUp(container) ? 2 : 0) + (container.name === wanted.name ? 1 : 0);
  return [...candidates].sort((a, b) => rank(b) - rank(a) || (a.container.id < b.container.id ? -1 : 1))[0];
}
