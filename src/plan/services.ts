import type { DesiredService } from '../model/state.ts';
import { slotSubject } from '../model/subject.ts';
import { type AppContext, held, type PlaceProgress, type ServiceProgress } from './context.ts';
import { joinedServices } from './decide/needs.ts';
import { pace } from './decide/rollout.ts';
import { postStart, preStop } from './draft/slot/hooks.ts';
import { planPlace } from './place.ts';

/** All services of an app, each after those it depends on or whose namespaces it joins. */
export function planServices(context: AppContext): void {
  for (const service of inOrder(context.desired.services)) {
    const progress: ServiceProgress = { started: [], containers: [] };
    const paced = pace(context, service);
    for (const wanted of service.containers) {
      const result = planPlace(context, service, wanted, paced.get(wanted.number));
      if (result === 'completed') continue;
      if ('blocked' in result) {
        progress.blocked ??= result.blocked;
        continue;
      }
      progress.containers.push(result.progress);
      progress.started.push(...result.started);
    }
    context.services.set(service.name, progress);
    restartDependents(context, service);
  }
}

/**
 * `depends_on: restart: true`: a dependent that stays is stopped before what it depends on is replaced, or restarted for its health, and started
 * after. In this order, since one that was only to be restarted afterwards would be forgotten if something came between.
 */
function restartDependents(context: AppContext, service: DesiredService): void {
  const own = context.services.get(service.name);
  for (const dependency of service.dependsOn) {
    const progress = context.services.get(dependency.service);
    if (!dependency.restart || !progress?.containers.some(({ replaced, restarted }) => replaced || restarted)) continue;
    for (const place of own?.containers ?? []) {
      if (!place.changed && !place.completed) restart(context, service, place, dependency.service, progress);
    }
  }
}

function restart(
  context: AppContext,
  { name: service, containers }: DesiredService,
  place: PlaceProgress,
  dependency: string,
  progress: ServiceProgress,
): void {
  const { draft, desired } = context;
  const isNew = progress.containers.some(({ replaced }) => replaced);
  const reason = `depends on ${dependency}, which ${isNew ? 'gets a new container' : 'is restarted'} (restart: true)`;
  const change = {
    subject: slotSubject({ app: desired.name, service, number: place.number }),
    cause: 'dependency',
    retry: { purpose: 'converge', goal: 'restart', counts: 'failures' },
  } as const;
  const shared = {
    container: place.ref,
    service,
    reason,
    ...change,
    ...held(context.hold(change)),
  };
  const swaps = progress.containers.flatMap(({ swap }) => swap ?? []);
  const found = context.actual.containers.find(({ id }) => 'id' in place.ref && id === place.ref.id);
  const wanted = containers.find(({ number }) => number === place.number);
  const ready = swaps.flatMap((swap) => swap.ready);
  const after = found
    ? preStop(context, found, wanted?.hooks?.preStop, { ...shared, withheld: shared.withheld, after: ready })
    : ready;
  const stopped = draft.add({ kind: 'stopContainer', ...shared, after });
  // One that will not stop keeps nobody else from being replaced.
  if (!draft.isHeld(stopped)) for (const old of swaps.flatMap((swap) => swap.stopped)) draft.order(stopped, old);
  const started = draft.add({ kind: 'startContainer', ...shared, after: [...progress.started, stopped] });
  for (const successor of progress.started) {
    const back = draft.all().filter((each) => each.onlyIfFailed === successor && each.kind === 'startContainer');
    draft.add({
      kind: 'startContainer',
      ...shared,
      reason: `runs again, since ${dependency} did not ${isNew ? 'get its new container' : 'come up again'}`,
      after: [stopped, ...back.map(({ id }) => id)],
      onlyIfFailed: successor,
    });
  }
  const hooked = wanted
    ? postStart({ context, service: { name: service }, wanted, ...change }, place.ref, [started])
    : [];
  context.services.get(service)?.started.push(started, ...hooked.slice(-1));
  place.changed = true;
}

/** Depth first by name; a circle was refused by the compiler and is only kept from looping here. */
export function inOrder(services: DesiredService[]): DesiredService[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const sorted: DesiredService[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const service = byName.get(name);
    if (!service || seen.has(name)) return;
    seen.add(name);
    for (const dependency of service.dependsOn) visit(dependency.service);
    for (const wanted of service.containers) joinedServices(wanted).forEach(visit);
    sorted.push(service);
  };
  for (const name of [...byName.keys()].sort()) visit(name);
  return sorted;
}
