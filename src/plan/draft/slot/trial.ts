import { own } from '../../../lib/own.ts';
import type { ContainerRef, Withheld } from '../../../model/plan.ts';
import type { ActualContainer } from '../../../model/state.ts';
import { serviceKey } from '../../../model/subject.ts';
import type { PlaceWork } from '../../context.ts';
import type { Assessment } from '../../decide/assess.ts';
import { needsToStart } from '../../decide/needs.ts';
import { blocked, newProgress, type PlaceResult } from '../../place-result.ts';
import { writesFor } from '../files.ts';
import { owedHooks, preStop } from './hooks.ts';
import { mend, mendingWork } from './repair.ts';
import { base, isUp, onceUp, refOf, remove, rename, start, stop, unpause } from './steps.ts';

/**
 * `order: start-first`: the successor runs beside the one that it is to replace, under its temporary name, until it is steady. Only then the old one
 * is stopped. Should it not start, or not become steady, it goes, and the old one has never been touched. Interrupted anywhere, the next pass
 * finds the two, tells them apart by what they were made for, and goes on with the trial.
 */

/** Lets a successor that may not even have been started take over from `old`. What waits for the place waits for the end of that. */
export function standIn(
  given: PlaceWork,
  next: ContainerRef,
  found: ActualContainer | undefined,
  others: ActualContainer[],
  ready: number[],
): { removed: number[] } & Extract<PlaceResult, { started: number[] }> {
  const work = countingFailures(given);
  const { context, wanted, service } = work;
  const { draft } = context;
  const names = others.map(({ name }) => name).join(' and ');
  let started: number | undefined;
  let up = ready;
  if (!found || found.status === 'created') {
    started = start(work, next, `starts beside ${names}`, ready);
    context.starts.push({ handle: started, wanted, ready, beside: service.name });
    up = onceUp(context, started);
    const reason = 'it did not start';
    const wayBack = { onlyIfFailed: started, ...base(work) };
    draft.add({ kind: 'removeContainer', container: next, force: true, reason, after: [], ...wayBack });
  }
  const reason = `only then it takes over from ${names}`;
  const steady = draft.add({ kind: 'await', container: next, condition: 'steady', reason, after: up, ...base(work) });
  giveUp(work, next, found, steady);
  const watched = { ...work, withheld: work.withheld ?? watch(work, next, found) };
  const removed = others.map((old) => remove(watched, old, `${next.name} has taken over`, [steady]));
  const stopped = others.flatMap(({ id }) => context.stops.get(id) ?? []);
  const progress = { ...newProgress(next, wanted), swap: { ready: [steady], stopped } };
  return { progress, started: [steady, ...stopped], removed };
}

/** Goes on with a successor that an earlier pass has made. */
export function tryOut(given: PlaceWork, right: Assessment, others: ActualContainer[]): PlaceResult {
  const work = countingFailures(given);
  const { context, service, wanted } = work;
  const { container } = right;
  const ref = refOf(container);
  const mended = mend(work, right);
  const ready = [...mended.ready];
  if (container.status === 'created') {
    if (mended.blocked) return blocked(work, mended.blocked);
    const writes = writesFor(context, wanted).all.filter((write) => !context.draft.isHeld(write));
    ready.push(...writes, ...needsToStart(context, service));
  } else if (container.status === 'paused') ready.push(unpause(work, container));
  else ready.push(...owedHooks(work, container, ref, mended.ready));
  const { removed, progress, started } = standIn(work, ref, container, others, ready);
  rename(mendingWork(work, `name of ${container.id}`), ref, removed, `the name that ${service.name} is to have`);
  return { progress, started };
}

/** Takes a container away that is not to take over; the one beside it runs on. */
export function discard(work: PlaceWork, container: ActualContainer, reason: string): number {
  return remove(work, container, reason, isUp(container) ? [stop(work, container, reason, [], true)] : []);
}

/** An attempt counts as soon as it fails; before that there is no telling. */
export const countingFailures = (work: PlaceWork): PlaceWork => ({
  ...work,
  retry: { ...work.retry, counts: 'failures' },
});

function giveUp(work: PlaceWork, next: ContainerRef, found: ActualContainer | undefined, steady: number): void {
  const { context, service, wanted } = work;
  const reason = 'it is not steady';
  const hooks = { ...work, service: service.name, reason, after: [], mayFail: true, onlyIfFailed: steady };
  const after = found ? preStop(context, found, wanted.hooks?.preStop, hooks) : [];
  const wayBack = { reason, onlyIfFailed: steady, ...base(work) };
  const stopped = context.draft.add({ kind: 'stopContainer', container: next, after, ...wayBack });
  context.draft.add({ kind: 'removeContainer', container: next, force: true, after: [stopped], ...wayBack });
}

/** A container without a health check is watched for `monitor` instead. */
function watch(work: PlaceWork, next: ContainerRef, found: ActualContainer | undefined): Withheld | undefined {
  const { context, service, wanted } = work;
  const monitorMs = service.update?.monitorMs ?? 0;
  const isStarted = found !== undefined && found.status !== 'created';
  const checks =
    wanted.spec.Healthcheck?.Test ?? own(context.actual.images, wanted.spec.Image)?.config.Healthcheck?.Test ?? [];
  const isChecked = isStarted ? found.health !== 'none' : checks.length > 0 && checks[0] !== 'NONE';
  const leftMs = isChecked ? 0 : isStarted ? monitorMs - watchedMs(work, found) : monitorMs;
  if (leftMs <= 0) return undefined;
  const text = `update_config watches ${next.name} for ${Math.ceil(leftMs / 1000)} s`;
  return { by: 'updateConfig', text, until: context.now + leftMs };
}

/** For how long it has run, by what is remembered of the start, and by the site's clock where it makes sense; the shorter one. */
function watchedMs({ context, service }: PlaceWork, found: ActualContainer): number {
  const rollout = context.memory.rollouts[serviceKey({ app: context.desired.name, service: service.name })];
  const remembered =
    rollout?.goal === context.digest ? context.now - (rollout.until - rollout.pauseMs) : Number.POSITIVE_INFINITY;
  const told =
    context.actual.at === undefined ? Number.NaN : Date.parse(context.actual.at) - Date.parse(found.startedAt);
  return Math.min(remembered, told >= 0 ? told : Number.POSITIVE_INFINITY);
}
