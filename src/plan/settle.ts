import { own } from '../lib/own.ts';
import type { ActualContainer } from '../model/state.ts';
import type { PlaceProgress, PlaceWork } from './context.ts';
import type { Assessment } from './decide/assess.ts';
import { needsToStart } from './decide/needs.ts';
import { isOnTrial } from './decide/steady.ts';
import { writesFor } from './draft/files.ts';
import { owedHooks } from './draft/slot/hooks.ts';
import { mend, mendingWork } from './draft/slot/repair.ts';
import { isUp, onceUp, refOf, rename, restart, start, takeOver, unpause } from './draft/slot/steps.ts';
import { tryOut } from './draft/slot/trial.ts';
import { healOld, isCompleted, isLeftFailed, stoppedReason } from './heal.ts';
import { blocked, type PlaceResult } from './place-result.ts';

/** The right container is there: what is wrong with it is mended in place, others that claim its place go, and it gets its name. */
export function settle(work: PlaceWork, right: Assessment, others: ActualContainer[]): PlaceResult {
  const { context, service, wanted } = work;
  const { container } = right;
  if (isOnTrial(service, wanted, container, others)) return tryOut(work, right, others);
  const ref = refOf(container);
  const completed = isCompleted(container, wanted);
  const progress: PlaceProgress = {
    number: wanted.number,
    ref,
    changed: false,
    replaced: false,
    healthy: container.status === 'running' && container.health === 'healthy',
    completed,
    may: { healthy: isUp(container) && container.health === 'starting', completed: isUp(container) },
    gates: {},
  };
  const mended = mend(work, right);
  let started: number | undefined;
  let free: number[] = [];

  if (container.status === 'paused') {
    started = unpause(work, container);
  } else if (!completed && others.length === 0 && isLeftFailed(service, container, wanted)) {
    warn(work, `ended with ${container.exitCode} and is not started again (x-holdfast.failedJob: leave)`);
  } else if (!isUp(container) && !completed) {
    if (mended.blocked) return blocked(work, mended.blocked);
    if (work.withheld?.by === 'backoff') healOld(work, others);
    const writes = writesFor(context, wanted).all.filter((write) => !context.draft.isHeld(write));
    const ready = [...mended.ready, ...writes, ...needsToStart(context, service)];
    if (others.length > 0) {
      const taken = takeOver(work, ref, false, others, ready);
      started = taken.started;
      free = taken.removed;
    } else {
      started = start(work, ref, stoppedReason(container), ready);
    }
    context.starts.push({ handle: started as number, wanted, ready });
  } else if (container.status === 'running' && container.health === 'unhealthy' && others.length === 0) {
    started = restart(healthWork(work), container, { finding: 'unhealthy' }, mended.ready);
    const stopped = context.stops.get(container.id);
    Object.assign(progress, { failing: true, restarted: true });
    progress.swap = { ready: mended.ready, stopped: stopped === undefined ? [] : [stopped] };
  }
  if (isUp(container)) warnOfImage(work);
  if (others.length > 0 && free.length === 0) {
    free = takeOver(work, ref, true, others, started ? [started] : mended.ready).removed;
  }
  if (container.name !== wanted.name) {
    const reason = others.length > 0 ? `the name that ${service.name} is to have` : `is called ${container.name}`;
    // Per container: that another one had to be renamed before must not keep a replacement unfinished.
    rename(mendingWork(work, `name of ${container.id}`), ref, free, reason);
  }
  if (started === undefined) return { progress, started: owedHooks(work, container, ref, mended.ready) };
  return { progress: { ...progress, changed: true, healthy: false }, started: onceUp(context, started) };
}

/**
 * No revision asks for a restart, so that selfHeal decides, and every attempt counts. The first is at once: the engine has tried its probe often
 * enough before it called the container unhealthy.
 */
function healthWork(work: PlaceWork): PlaceWork {
  const change = { subject: work.subject, cause: 'drift', retry: { ...work.retry, counts: 'attempts' } } as const;
  return { ...work, ...change, withheld: work.context.hold(change) };
}

/** What runs goes on running without it; but were it to be made anew, a registry would have to be asked. */
function warnOfImage({ context, service, wanted }: PlaceWork): void {
  const { Image } = wanted.spec;
  if (own(context.actual.images, Image) !== undefined) return;
  warn({ context, service }, `image ${Image} is not on the disk any more; what runs of it goes on`);
}

function warn({ context, service }: Pick<PlaceWork, 'context' | 'service'>, message: string): void {
  if (context.problems.some((problem) => problem.service === service.name && problem.message === message)) return;
  context.problems.push({ severity: 'warning', service: service.name, message });
}
