import type { ContainerRef, Withheld } from '../model/plan.ts';
import type { ActualContainer, DesiredContainer, DesiredService } from '../model/state.ts';
import { contentDigest, specHash } from '../spec/hash.ts';
import { primaryNetwork } from '../spec/networks.ts';
import type { Assessment } from './assess.ts';
import { type AppContext, held } from './context.ts';
import { joinsOf } from './needs.ts';

/** One place being worked on; what all its operations have in common. */
export interface PlaceWork {
  context: AppContext;
  service: DesiredService;
  wanted: DesiredContainer;
  /** No new revision asks for it. */
  drift: boolean;
  backoff: { key: string; goal: string; counts: 'attempts' | 'failures' };
  withheld: Withheld | undefined;
}

const base = (work: PlaceWork) => ({
  service: work.service.name,
  backoff: work.backoff,
  ...held(work.withheld),
});

export const refOf = (container: ActualContainer): ContainerRef => ({ name: container.name, id: container.id });

/** A new container under `name`, connected and filled but not started. `ready` are the operations after which it can be started. */
export function create(
  work: PlaceWork,
  name: string,
  inherit: Record<string, string>,
  reason: string,
  after: number[],
): { ref: ContainerRef; ready: number[] } {
  const { context, service, wanted } = work;
  const { desired, draft } = context;
  const id = draft.add({
    kind: 'createContainer',
    name,
    identity: { site: context.site, app: desired.name, service: service.name, number: wanted.number },
    spec: wanted.spec,
    labels: {
      specHash: specHash(wanted.spec),
      filesDigest: wanted.filesDigest,
      contentDigest: contentDigest(wanted.spec.Files),
      dependsOn: service.dependsOn
        .map((d) => `${d.service}:service_${conditionWord[d.condition]}:${d.restart}`)
        .join(','),
      workingDir: desired.directory,
      oneoff: false,
    },
    inherit,
    joins: joinsOf(context, wanted),
    reason,
    after,
    ...base(work),
  });
  const ref: ContainerRef = { name, createdBy: id };
  const ready = [id];
  for (const network of Object.keys(wanted.spec.Networks ?? {}).sort()) {
    if (context.actual.engine.can.networksAtCreate || network === primaryNetwork(wanted.spec.Networks)) continue;
    const endpoint = wanted.spec.Networks?.[network] ?? {};
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

export function start(work: PlaceWork, container: ContainerRef, reason: string, after: number[]): number {
  const filled = 'createdBy' in container ? [] : fill(work, container, after);
  return work.context.draft.add({
    kind: 'startContainer',
    container,
    reason,
    after: [...after, ...filled],
    ...base(work),
  });
}

/**
 * Lets `next` take the place of `others`: what runs is stopped, the new one started, the old removed, the name handed over. Should the new
 * one not start, it goes and the one that ran before is started again.
 */
export function takeOver(
  work: PlaceWork,
  next: ContainerRef,
  nextRuns: boolean,
  others: ActualContainer[],
  ready: number[],
): number | undefined {
  const { context, wanted } = work;
  const { draft } = context;
  let started: number | undefined;
  if (!nextRuns) {
    const running = others.filter(isUp);
    const stopped = running.map((old) => stop(work, old, `makes way for ${next.name}`, ready));
    started = start(work, next, 'takes over', [...ready, ...stopped]);
    const gone = draft.add({
      kind: 'removeContainer',
      container: next,
      force: true,
      reason: 'it did not start',
      after: [],
      onlyIfFailed: started,
      ...base(work),
    });
    for (const old of running) {
      draft.add({
        kind: 'startContainer',
        container: refOf(old),
        reason: 'runs again, since its successor did not start',
        after: [gone],
        onlyIfFailed: started,
        ...base(work),
      });
    }
  }
  const after = started ? [started] : ready;
  const removed = others.map((old) => remove(work, old, `${next.name} has taken over`, after));
  if (next.name !== wanted.name)
    rename(work, next, removed.length > 0 ? removed : after, `the name that ${work.service.name} is to have`);
  return started;
}

/** Stops and removes at once what does not run; what runs is stopped before. */
export function remove(work: PlaceWork, container: ActualContainer, reason: string, after: number[]): number {
  const stopped =
    isUp(container) && !work.context.stops.has(container.id) ? [stop(work, container, reason, after)] : after;
  const removed = work.context.draft.add({
    kind: 'removeContainer',
    container: refOf(container),
    force: container.status === 'dead',
    reason,
    after: stopped,
    ...base(work),
  });
  work.context.freed.set(container.id, removed);
  return removed;
}

function stop(work: PlaceWork, container: ActualContainer, reason: string, after: number[]): number {
  const stopped = work.context.draft.add({
    kind: 'stopContainer',
    container: refOf(container),
    reason,
    after,
    ...base(work),
  });
  work.context.stops.set(container.id, stopped);
  return stopped;
}

export function rename(work: PlaceWork, container: ContainerRef, after: number[], reason: string): number {
  const { context, wanted } = work;
  const renamed = context.draft.add({
    kind: 'renameContainer',
    container,
    name: wanted.name,
    reason,
    after,
    ...base(work),
  });
  context.renames.push({ handle: renamed, name: wanted.name });
  if ('id' in container) context.freed.set(container.id, renamed);
  return renamed;
}

/** What differs but can be mended in the running container: networks, limits, and the name unless `keepName`. */
export function mend(
  work: PlaceWork,
  { container, update, connect, disconnect }: Assessment,
  keepName: boolean,
): number[] {
  const { context, wanted } = work;
  const { draft } = context;
  const ref = refOf(container);
  const handles: number[] = [];
  for (const { network, reason } of disconnect) {
    const after = context.networks.get(network) ?? [];
    handles.push(draft.add({ kind: 'disconnectNetwork', container: ref, network, reason, after, ...base(work) }));
  }
  for (const { network, endpoint, reason } of connect) {
    const after = [...(context.networks.get(network) ?? []), ...handles];
    handles.push(
      draft.add({ kind: 'connectNetwork', container: ref, network, endpoint, reason, after, ...base(work) }),
    );
  }
  if (update) {
    const reason = update.reasons.join('; ');
    handles.push(
      draft.add({ kind: 'updateContainer', container: ref, changes: update.changes, reason, after: [], ...base(work) }),
    );
  }
  if (container.name !== wanted.name && !keepName) handles.push(rename(work, ref, [], `is called ${container.name}`));
  return handles;
}

export const isUp = ({ status }: ActualContainer): boolean =>
  status === 'running' || status === 'paused' || status === 'restarting';
