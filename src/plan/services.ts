import type { DesiredService } from '../model/state.ts';
import type { AppContext, ServiceProgress } from './context.ts';
import { joinedServices } from './needs.ts';
import { planPlace } from './place.ts';

/** All services of an app, each after those it depends on or whose namespaces it joins. */
export function planServices(context: AppContext): void {
  for (const service of inOrder(context.desired.services)) {
    const progress: ServiceProgress = { started: [], containers: [] };
    for (const wanted of service.containers) {
      const result = planPlace(context, service, wanted);
      if (result === 'completed') continue;
      if ('blocked' in result) {
        progress.blocked ??= result.blocked;
        continue;
      }
      progress.containers.push(result.progress);
      progress.started.push(...result.started);
    }
    context.services.set(service.name, progress);
    restartDependentsLater(context, service);
  }
}

/** `depends_on: restart: true`: a dependent that stays is restarted after what it depends on was replaced. */
function restartDependentsLater(context: AppContext, service: DesiredService): void {
  const own = context.services.get(service.name);
  if (!own) return;
  for (const dependency of service.dependsOn) {
    if (!dependency.restart) continue;
    const replaced = context.services.get(dependency.service);
    if (!replaced?.containers.some((container) => container.replaced)) continue;
    for (const place of own.containers) {
      if (place.changed || !('id' in place.ref)) continue;
      const reason = `depends on ${dependency.service}, which gets a new container (restart: true)`;
      const key = `place ${context.desired.name}/${service.name}/${place.number}`;
      const backoff = { key, goal: 'restart', counts: 'failures' as const };
      const shared = { container: place.ref, service: service.name, reason, backoff };
      const withheld = context.draft.get(replaced.started[0] as number).withheld;
      const hold = withheld ? { withheld } : {};
      const stopped = context.draft.add({ kind: 'stopContainer', ...shared, after: replaced.started, ...hold });
      own.started.push(context.draft.add({ kind: 'startContainer', ...shared, after: [stopped], ...hold }));
      place.changed = true;
    }
  }
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

/** What of ours holds a name or a host port that something new is to have lets go of it first. */
export function orderHandOvers(context: AppContext): void {
  const { draft, actual } = context;
  for (const { handle, name } of context.renames) {
    const holder = actual.containers.find((container) => container.name === name);
    const freed = holder && context.freed.get(holder.id);
    if (freed && freed !== handle) draft.order(freed, handle);
  }
  for (const { handle, wanted } of context.newlyStarted) {
    const ports = new Set(
      (wanted.spec.PortBindings ?? []).map(({ HostPort, Container }) => `${HostPort}/${Container.split('/')[1]}`),
    );
    for (const holder of actual.containers) {
      const stopped = context.stops.get(holder.id);
      const holds = (holder.spec.PortBindings ?? []).some(({ HostPort, Container }) =>
        ports.has(`${HostPort}/${Container.split('/')[1]}`),
      );
      if (stopped && holds) draft.order(stopped, handle);
    }
  }
}
