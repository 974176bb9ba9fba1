import { contentDigest, hooksDigest, specHash } from '../../../container/labels/hash.ts';
import { primaryNetwork } from '../../../container/networks.ts';
import { own } from '../../../lib/own.ts';
import type { ContainerRef, Reason } from '../../../model/plan.ts';
import type { ActualContainer } from '../../../model/state.ts';
import { type AppContext, held, type PlaceWork } from '../../context.ts';
import type { Assessment } from '../../decide/assess.ts';
import { loopOf } from '../../decide/replacement-loop.ts';
import { nameHolder } from '../../facts/foreign.ts';
import { joinsOf } from '../../joins.ts';
import { hasSameHooks, postStart, preStop } from './hooks.ts';

/** What all operations of a place have in common. */
export const base = (work: PlaceWork) => ({
  service: work.service.name,
  subject: work.subject,
  cause: work.cause,
  retry: work.retry,
  ...held(work.withheld),
});

export const refOf = (container: ActualContainer): ContainerRef => ({ name: container.name, id: container.id });

/** A new container under `name`, connected and filled but not started. `ready` are the operations after which it can be started. */
export function create(
  work: PlaceWork,
  name: string,
  inherit: Record<string, string>,
  reason: Reason,
  after: number[],
  old?: Assessment,
): { ref: ContainerRef; ready: number[] } {
  const { context, service, wanted } = work;
  const again = old && loopOf(work, old);
  const { desired, draft } = context;
  const id = draft.add({
    kind: 'createContainer',
    name,
    identity: { site: context.site, app: desired.name, service: service.name, number: wanted.number },
    spec: old?.asked ?? wanted.spec,
    labels: {
      specHash: specHash(wanted.spec),
      filesDigest: wanted.filesDigest,
      contentDigest: contentDigest(wanted.spec.Files),
      hooksDigest: hooksDigest(wanted.hooks),
      dependsOn: service.dependsOn
        .map((d) => `${d.service}:service_${conditionWord[d.condition]}:${d.restart}`)
        .join(','),
      workingDir: desired.directory,
      oneoff: false,
    },
    inherit,
    joins: joinsOf(context, wanted),
    ...(again && { again }),
    reason,
    after,
    ...base(work),
  });
  const ref: ContainerRef = { name, createdBy: id };
  const ready = [id];
  for (const network of Object.keys(wanted.spec.Networks ?? {}).sort()) {
    if (context.actual.engine.can.networksAtCreate || network === primaryNetwork(wanted.spec.Networks)) continue;
    const endpoint = own(wanted.spec.Networks, network) ?? {};
    const why = 'this engine takes one network at create';
    ready.push(
      draft.add({ kind: 'connectNetwork', container: ref, network, endpoint, reason: why, after: [id], ...base(work) }),
    );
  }
  ready.push(...fill(work, ref, [id]));
  return { ref, ready };
}

const conditionWord = { started: 'started', healthy: 'healthy', completed: 'completed_successfully' } as const;

/** Configs and secrets without a file of their own are put in before every start. */
function fill(work: PlaceWork, container: ContainerRef, after: number[]): number[] {
  const files = work.wanted.spec.Files;
  if (!files?.length) return [];
  const reason = `${files.length === 1 ? 'its config or secret' : `${files.length} configs and secrets`}, before it starts`;
  return [work.context.draft.add({ kind: 'copyFiles', container, files, reason, after, ...base(work) })];
}

export function start(work: PlaceWork, container: ContainerRef, reason: Reason, after: number[]): number {
  const filled = 'createdBy' in container ? [] : fill(work, container, after);
  const started = work.context.draft.add({
    kind: 'startContainer',
    container,
    reason,
    after: [...after, ...filled],
    ...base(work),
  });
  work.context.hooked.set(started, postStart(work, container, [started]));
  return started;
}

/** What dependents of a container wait for: its start, and the hooks after it. */
export const onceUp = ({ hooked }: AppContext, started: number): number[] => [
  started,
  ...(hooked.get(started)?.slice(-1) ?? []),
];

export const unpause = (work: PlaceWork, container: ActualContainer): number =>
  work.context.draft.add({
    kind: 'unpauseContainer',
    container: refOf(container),
    reason: { finding: 'paused' },
    after: [],
    ...base(work),
  });

/** What a take-over consists of, for those that have to be in order with it. */
export interface TakeOver {
  started: number | undefined;
  stopped: number[];
  removed: number[];
}

/** Stops a container that runs and starts it again as it is. */
export function restart(work: PlaceWork, container: ActualContainer, reason: Reason, after: number[]): number {
  return start(work, refOf(container), reason, [stop(work, container, reason, after, true)]);
}

/**
 * Lets `next` take the place of `others`: what runs is stopped, the new one started, the old removed. Should the new one not start, it goes
 * and the one that ran before is started again.
 */
export function takeOver(
  work: PlaceWork,
  next: ContainerRef,
  nextRuns: boolean,
  others: ActualContainer[],
  ready: number[],
): TakeOver {
  const { draft, healed } = work.context;
  let started: number | undefined;
  let stopped: number[] = [];
  if (!nextRuns) {
    const running = others.filter((old) => isUp(old) || healed.has(old.id));
    stopped = running.map((old) => stop(work, old, `makes way for ${next.name}`, ready));
    started = start(work, next, 'takes over', [...ready, ...stopped]);
    const wayBack = { onlyIfFailed: started, ...base(work) };
    const gone = draft.add({
      kind: 'removeContainer',
      container: next,
      force: true,
      reason: 'it did not start',
      after: [],
      ...wayBack,
    });
    const reason = 'runs again, since its successor did not start';
    // One of them only, should several have claimed the place: the one with its name.
    const back = running.find(({ name }) => name === work.wanted.name) ?? running[0];
    if (back) {
      const again = draft.add({ kind: 'startContainer', container: refOf(back), reason, after: [gone], ...wayBack });
      if (hasSameHooks(back, work.wanted)) postStart(work, refOf(back), [again], { reason, onlyIfFailed: started });
    }
  }
  const after = started ? [started] : ready;
  const removed = others.map((old) => remove(work, old, `${next.name} has taken over`, after));
  return { started, stopped, removed };
}

/** Removes what does not run; what runs is stopped before. */
export function remove(work: PlaceWork, container: ActualContainer, reason: Reason, after: number[]): number {
  const { draft, stops, removals, healed, rejoined } = work.context;
  const runs = (isUp(container) || healed.has(container.id)) && !stops.has(container.id);
  const removed = draft.add({
    kind: 'removeContainer',
    container: refOf(container),
    force: container.status === 'dead',
    reason,
    after: runs ? [stop(work, container, reason, after)] : [...after, ...(rejoined.get(container.id) ?? [])],
    ...base(work),
  });
  removals.set(container.id, removed);
  return removed;
}

/** `mayFail`: whatever its pre_stop hooks say. */
export function stop(
  work: PlaceWork,
  container: ActualContainer,
  reason: Reason,
  after: number[],
  mayFail = false,
): number {
  const { draft, stops, healed, rejoined } = work.context;
  const begun = [healed.get(container.id) ?? [], rejoined.get(container.id) ?? []].flat();
  const { service, context } = work;
  const stopped = draft.add({
    kind: 'stopContainer',
    container: refOf(container),
    reason,
    after: preStop(context, container, work.wanted.hooks?.preStop, {
      ...work,
      service: service.name,
      reason,
      after: [...after, ...begun],
      mayFail,
    }),
    ...base(work),
  });
  stops.set(container.id, stopped);
  return stopped;
}

/** Gives a container its final name. Nothing waits for it: a name that is taken keeps nobody from running. */
export function rename(work: PlaceWork, container: ContainerRef, after: number[], reason: string): void {
  const { context, service, wanted } = work;
  const foreign = nameHolder(context, wanted.name);
  if (foreign) {
    context.problems.push({ severity: 'error', service: service.name, ...foreign });
    return;
  }
  const handle = context.draft.add({
    kind: 'renameContainer',
    container,
    name: wanted.name,
    reason,
    after,
    ...base(work),
  });
  context.renames.push({ handle, container, wanted });
}

export const isUp = ({ status }: ActualContainer): boolean =>
  status === 'running' || status === 'paused' || status === 'restarting';
