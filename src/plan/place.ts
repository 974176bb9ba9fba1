import type { ActualContainer, DesiredContainer, DesiredService } from '../model/state.ts';
import { type Assessment, assess, goalOf } from './assess.ts';
import { type AppContext, held, type PlaceProgress } from './context.ts';
import { isDrift } from './drift.ts';
import { writesFor } from './files.ts';
import { freeName, temporaryName } from './names.ts';
import { needsToCreate, needsToStart } from './needs.ts';
import { create, isUp, mend, type PlaceWork, refOf, remove, start, takeOver } from './steps.ts';

/** What becomes of a place, for those that depend on it. */
export type PlaceResult = { progress: PlaceProgress; started: number[] } | { blocked: string } | 'completed';

/** Decides for one place of a service (`web` number 2) what has to happen to the containers that claim it. */
export function planPlace(context: AppContext, service: DesiredService, wanted: DesiredContainer): PlaceResult {
  const key = `${context.desired.name}/${service.name}/${wanted.number}`;
  const goal = goalOf(wanted);
  const claimants = context.actual.containers.filter(
    ({ identity }) =>
      identity.app === context.desired.name && identity.service === service.name && identity.number === wanted.number,
  );
  if (claimants.length === 0 && context.memory.completed[key] === goal) return 'completed';
  const leaving = claimants.filter(({ status }) => status === 'removing');
  const present = claimants.filter(({ status }) => status !== 'removing');

  const assessed = present.map((found) =>
    withOutsideReasons(context, wanted, assess(wanted, found, context.actual, context.newNetworks)),
  );
  const right = best(
    assessed.filter(({ replace }) => replace.length === 0),
    wanted,
  );
  const drift = isDrift(context, wanted, right, assessed);
  // What came to nothing once for just this spec may do so for ever: every attempt counts, not only those that fail.
  const repeated = drift || right?.container.status === 'exited' || assessed.some(({ madeForThis }) => madeForThis);
  const backoff = { key: `place ${key}`, goal, counts: repeated ? ('attempts' as const) : ('failures' as const) };
  const work: PlaceWork = { context, service, wanted, drift, backoff, withheld: context.hold({ drift, backoff }) };

  if (right)
    return settle(
      work,
      right,
      present.filter((other) => other !== right.container),
    );
  const foreign = context.actual.foreignNames[wanted.name];
  if (foreign) {
    const message = `the name ${wanted.name} is held by container ${foreign.slice(0, 12)}, which is not ours`;
    return blocked(work, message, 'rename or remove that one, or give the service a container_name');
  }
  const needs = needsToCreate(context, service, wanted);
  if (needs.blocked !== undefined) {
    // What runs in the old form goes on; what stands still is mended as far as it goes.
    healOld(work, assessed);
    return blocked(work, needs.blocked);
  }
  const after = [...needs.after, ...leaving.map((container) => awaitGone(work, container))];
  return assessed.length === 0 ? makeFirst(work, after) : replace(work, assessed, after);
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
  const { context, wanted, drift } = work;
  // A container of ours that is to lose this name holds it for now.
  const taken = context.actual.containers.some(({ name, status }) => name === wanted.name && status !== 'removing');
  const name = taken ? temporaryName(wanted) : wanted.name;
  const made = create(work, name, {}, drift ? 'gone (drift)' : 'no such container', after);
  const started = start(work, made.ref, 'new', made.ready);
  context.newlyStarted.push({ handle: started, wanted });
  if (taken) takeOver(work, made.ref, true, [], [started]);
  return { progress: newProgress(made.ref, wanted), started: [started] };
}

function replace(work: PlaceWork, assessed: Assessment[], after: number[]): PlaceResult {
  const { context, wanted } = work;
  const old = best(assessed, wanted) as Assessment;
  const drift = work.drift ? ' (drift)' : '';
  // Leftovers of an interrupted replacement go first: they run nothing, and may hold the temporary name.
  const leftovers = assessed
    .filter((other) => other !== old && !isUp(other.container))
    .map(({ container }) => container);
  const cleared = leftovers.map((container) =>
    remove(work, container, 'left over from an interrupted replacement', []),
  );
  if (work.withheld?.by === 'backoff') healOld(work, [old]);

  const others = assessed.map(({ container }) => container).filter((container) => !leftovers.includes(container));
  const made = create(
    work,
    freeName(wanted, others),
    old.container.anonymousVolumes,
    `replaces ${old.container.name}: ${old.replace.join('; ')}${drift}`,
    [...after, ...cleared],
  );
  const started = takeOver(work, made.ref, false, others, made.ready) as number;
  context.newlyStarted.push({ handle: started, wanted });
  return { progress: newProgress(made.ref, wanted), started: [started] };
}

/** The right container is there: others that claim its place go, and what is wrong with it is mended in place. */
function settle(work: PlaceWork, right: Assessment, others: ActualContainer[]): PlaceResult {
  const { context, service, wanted } = work;
  const { container } = right;
  const progress: PlaceProgress = {
    number: wanted.number,
    ref: refOf(container),
    changed: false,
    replaced: false,
    healthy: container.status === 'running' && container.health === 'healthy',
    completed: isCompleted(container, wanted),
    gates: {},
  };
  // Another claimant may hold the name: then it is handed over when that one goes.
  const mended = mend(mendingWork(work, right), right, others.length > 0);
  if (container.status === 'paused') {
    const id = context.draft.add({
      kind: 'unpauseContainer',
      container: refOf(container),
      reason: 'paused (drift)',
      after: [],
      service: service.name,
      backoff: work.backoff,
      ...held(work.withheld),
    });
    return finish(id);
  }
  if (others.length > 0) {
    const runs = isUp(container) || progress.completed;
    const started = takeOver(
      work,
      refOf(container),
      runs,
      others,
      runs ? mended : [...mended, ...needsToStart(context, service)],
    );
    return started ? finish(started) : { progress, started: [] };
  }
  // `restarting` is the engine's own doing: its restart policy covers the exit, and the engine owns that.
  if (isUp(container) || progress.completed) return { progress, started: [] };
  return finish(
    start(work, refOf(container), stoppedReason(container), [...mended, ...needsToStart(context, service)]),
  );

  function finish(handle: number): PlaceResult {
    return { progress: { ...progress, changed: true, healthy: false }, started: [handle] };
  }
}

/** Mending in place has a backoff of its own, per thing to mend: another drift is mended at once, the same one over and over is not. */
function mendingWork(work: PlaceWork, { connect, disconnect, update }: Assessment): PlaceWork {
  const goal = [...disconnect, ...connect]
    .map(({ reason }) => reason)
    .concat(update?.reasons ?? [])
    .join('; ');
  const backoff = { key: work.backoff.key.replace('place ', 'mend '), goal, counts: 'attempts' as const };
  return { ...work, backoff, withheld: work.context.hold({ drift: work.drift, backoff }) };
}

/** While a replacement is not possible, the last good container is what is healed to. */
function healOld(work: PlaceWork, assessed: Assessment[]): void {
  const { context, service, wanted } = work;
  const old = best(assessed, wanted)?.container;
  if (!old || isUp(old) || old.status === 'created' || isCompleted(old, { ...wanted, spec: old.spec })) return;
  const backoff = { key: `${work.backoff.key} old`, goal: old.id, counts: 'attempts' as const };
  const mending: PlaceWork = {
    context,
    service,
    wanted: { ...wanted, spec: { ...wanted.spec, Files: [] } },
    drift: true,
    backoff,
    withheld: context.hold({ drift: true, backoff }),
  };
  start(mending, refOf(old), `${stoppedReason(old)}; its replacement has to wait`, needsToStart(context, service));
}

/** A container whose policy is `no` or `on-failure` and that exited with 0 has done its work. */
export function isCompleted(container: ActualContainer, wanted: DesiredContainer): boolean {
  const policy = wanted.spec.RestartPolicy?.Name ?? 'no';
  return (
    container.status === 'exited' &&
    container.exitCode === 0 &&
    !container.oomKilled &&
    (policy === 'no' || policy === 'on-failure')
  );
}

function stoppedReason(container: ActualContainer): string {
  if (container.status === 'created')
    return container.error ? `did not start: ${container.error}` : 'created but never started';
  const how = container.oomKilled ? 'ran out of memory' : `exited with ${container.exitCode}`;
  return `${how} (drift)`;
}

const newProgress = (ref: PlaceProgress['ref'], { number }: DesiredContainer): PlaceProgress => ({
  number,
  ref,
  changed: true,
  replaced: true,
  healthy: false,
  completed: false,
  gates: {},
});

function blocked(work: PlaceWork, message: string, hint?: string): PlaceResult {
  const { context, service } = work;
  if (!context.problems.some((problem) => problem.message === message)) {
    context.problems.push({ severity: 'error', service: service.name, message, ...(hint && { hint }) });
  }
  return { blocked: message };
}

/** Reasons for a replacement that lie outside the container: a file whose old inode it holds, a namespace it joined that is gone. */
function withOutsideReasons(context: AppContext, wanted: DesiredContainer, assessment: Assessment): Assessment {
  const replace = [...assessment.replace];
  for (const path of writesFor(context, wanted).boundItself)
    replace.push(`${path} is written anew, and it binds the old one`);
  const { NetworkMode, PidMode, IpcMode } = wanted.spec;
  for (const mode of new Set([NetworkMode, PidMode, IpcMode])) {
    const joined = mode?.startsWith('service:')
      ? context.services.get(mode.slice('service:'.length))?.containers[0]
      : undefined;
    if (!joined) continue;
    if (joined.replaced) replace.push(`${mode} gets a new container`);
    else if (mode === NetworkMode && startedLater(context, joined.ref, assessment.container)) {
      replace.push(`${mode} was started after it, and has another network namespace now`);
    }
  }
  return { ...assessment, replace };
}

function startedLater(context: AppContext, ref: PlaceProgress['ref'], than: ActualContainer): boolean {
  const other = 'id' in ref ? context.actual.containers.find(({ id }) => id === ref.id) : undefined;
  return (
    other?.status === 'running' &&
    than.status === 'running' &&
    sortableTime(other.startedAt) > sortableTime(than.startedAt)
  );
}

/** Engines trim zeros at the end of the fraction: made equally long, RFC 3339 in UTC sorts as text. */
function sortableTime(time: string): string {
  const [seconds = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}`;
}

/** Of several, the one that runs, then the one with the final name, then the newest; IDs decide the rest. */
function best(candidates: Assessment[], wanted: DesiredContainer): Assessment | undefined {
  const rank = ({ container }: Assessment): number =>
    (isUp(container) ? 2 : 0) + (container.name === wanted.name ? 1 : 0);
  return [...candidates].sort((a, b) => rank(b) - rank(a) || (a.container.id < b.container.id ? -1 : 1))[0];
}
