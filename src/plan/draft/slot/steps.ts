import { containerHash, contentDigest, hooksDigest } from '../../../container/labels/hash.ts';
import { primaryNetwork } from '../../../container/networks.ts';
import { own } from '../../../lib/maps/own.ts';
import type { HookMark } from '../../../model/app/hook-phase.ts';
import type { ContainerRef, Operation } from '../../../model/plan.ts';
import type { ActualContainer, DesiredContainer } from '../../../model/state.ts';
import { finding } from '../../facts/app-facts.ts';
import { isUp, type NamedSlot, refOf } from '../../facts/containers.ts';
import { claimantOf, joinedBy } from '../../facts/others/joined.ts';
import type { AppDraft, SlotWork } from '../app-draft.ts';
import { rejoinsOf, revivalOf, stopOf } from '../queries.ts';
import { postStart, preStop } from './hooks.ts';

/** The steps that the drafts of all decisions consist of. Each adds operations and returns their handles. */

export interface Made {
  ref: ContainerRef;
  /** Operations after which it can be started. */
  ready: number[];
}

type Creation = Operation & { kind: 'createContainer' };

/** A new container, connected and filled but not started. */
export function create(
  { app, wanted, change }: SlotWork,
  { id: { number }, service }: NamedSlot,
  {
    syncHook,
    ...asked
  }: Pick<Creation, 'name' | 'spec' | 'inherit' | 'again' | 'reason' | 'fields' | 'after'> & { syncHook?: HookMark },
): Made {
  const { facts, draft } = app;
  const { desired } = facts;
  const id = draft.add({
    kind: 'createContainer',
    ...asked,
    identity: { site: facts.site, app: desired.name, service: service.name, number },
    labels: {
      specHash: containerHash(wanted),
      filesDigest: wanted.filesDigest,
      contentDigest: contentDigest(wanted.spec.Files),
      hooksDigest: hooksDigest(wanted.hooks),
      hidden: wanted.hidden ?? [],
      dependsOn: service.dependsOn
        .map((d) => `${d.service}:service_${conditionWord[d.condition]}:${d.restart}`)
        .join(','),
      workingDir: desired.directory,
      oneoff: false,
      ...(syncHook && { syncHook }),
    },
    joins: joinsOf(app, wanted),
    ...change,
  });
  const ref: ContainerRef = { name: asked.name, createdBy: id };
  const ready = [id];
  for (const network of Object.keys(wanted.spec.Networks ?? {}).sort()) {
    if (facts.actual.engine.can.networksAtCreate || network === primaryNetwork(wanted.spec.Networks)) continue;
    const endpoint = own(wanted.spec.Networks, network) ?? {};
    const why = 'this engine takes one network at create';
    ready.push(
      draft.add({ kind: 'connectNetwork', container: ref, network, endpoint, reason: why, after: [id], ...change }),
    );
  }
  return { ref, ready: [...ready, ...fill({ app, wanted, change }, ref, [id])] };
}

const conditionWord = { started: 'started', healthy: 'healthy', completed: 'completed_successfully' } as const;

/** The containers that `service:NAME` and `container:NAME` mean. The engine finds a stranger by its name. */
function joinsOf({ facts, services }: AppDraft, wanted: DesiredContainer): Record<string, ContainerRef> {
  const { desired, actual, neighbours } = facts;
  return Object.fromEntries(
    joinedBy(desired, wanted, neighbours).flatMap((joined) => {
      const { mode, app, service } = joined;
      if (app === desired) {
        const drafted = services.get(service.name)?.find(({ number }) => number === joined.wanted.number);
        return drafted ? [[mode, drafted.ref]] : [];
      }
      const found = claimantOf(joined, actual.containers);
      return found ? [[mode, refOf(found)]] : [];
    }),
  );
}

/** Configs and secrets without a file of their own are put in before every start. */
function fill({ app, wanted, change }: SlotWork, container: ContainerRef, after: number[]): number[] {
  const files = wanted.spec.Files;
  if (!files?.length) return [];
  const reason = `${files.length === 1 ? 'its config or secret' : `${files.length} configs and secrets`}, before it starts`;
  return [app.draft.add({ kind: 'copyFiles', container, files, reason, after, ...change })];
}

/** `up`: the operations that dependents wait for, the start and the last hook after it. */
export function start(
  work: SlotWork,
  container: ContainerRef,
  reason: string,
  after: number[],
): { started: number; up: number[] } {
  const filled = container.id === undefined ? [] : fill(work, container, after);
  const started = work.app.draft.add({
    kind: 'startContainer',
    container,
    reason,
    after: [...after, ...filled],
    ...work.change,
  });
  return { started, up: [started, ...postStart(work, container, [started]).slice(-1)] };
}

export const unpause = ({ app, change }: SlotWork, container: ActualContainer): number =>
  app.draft.add({
    kind: 'unpauseContainer',
    container: refOf(container),
    reason: finding('paused', change),
    after: [],
    ...change,
  });

/** `mayFail`: it is stopped even if its pre_stop hooks fail. */
export function stop(
  { app: { draft }, wanted, change }: SlotWork,
  container: ActualContainer,
  reason: string,
  after: number[],
  mayFail = false,
): number {
  const before = [...after, revivalOf(draft, container.id) ?? [], ...rejoinsOf(draft, container.id)].flat();
  return draft.add({
    kind: 'stopContainer',
    container: refOf(container),
    reason,
    after: preStop(draft, container, wanted.hooks?.preStop, change, { reason, after: before, mayFail }),
    ...change,
  });
}

/** It runs, or an earlier operation starts it. */
export const runs = ({ draft }: AppDraft, container: ActualContainer): boolean =>
  isUp(container) || revivalOf(draft, container.id) !== undefined;

/** A container that runs is stopped before. */
export function remove(work: SlotWork, container: ActualContainer, reason: string, after: number[]): number {
  const { app, change } = work;
  const isStopped = !runs(app, container) || stopOf(app.draft, container.id) !== undefined;
  return app.draft.add({
    kind: 'removeContainer',
    container: refOf(container),
    force: container.status === 'dead',
    reason,
    after: isStopped ? [...after, ...rejoinsOf(app.draft, container.id)] : [stop(work, container, reason, after)],
    ...change,
  });
}

/** Removes a container that will not take over. The one beside it runs on. */
export function discard(work: SlotWork, container: ActualContainer, reason: string): number {
  return remove(work, container, reason, isUp(container) ? [stop(work, container, reason, [], true)] : []);
}

/** Gives a container its final name. No other operation waits for it: a name that is taken keeps no container from running. */
export const rename = (
  { app, wanted, change }: SlotWork,
  container: ContainerRef,
  after: number[],
  reason: string,
): number => app.draft.add({ kind: 'renameContainer', container, name: wanted.name, reason, after, ...change });
