import type { ActualContainer, DesiredApp, DesiredContainer, DesiredService } from '../../../model/state.ts';
import { claimantsOf } from '../containers.ts';
import { goalOf } from '../goals.ts';
import type { Neighbours } from '../neighbours.ts';

/** A container that another one joins: it shares its network, processes, memory or mounts. */
export interface Joined {
  /** As Git says it: `service:vpn`, `container:vpn`. */
  mode: string;
  /** It shares a namespace, which is a new one after each start of that container. */
  isNamespace: boolean;
  app: DesiredApp;
  service: DesiredService;
  wanted: DesiredContainer;
}

/** The containers that a container joins, of any app of the site, as Git describes them. Each mode comes once. Strangers are left out. */
export function joinedBy(app: DesiredApp, { spec }: DesiredContainer, neighbours: Neighbours): Joined[] {
  const namespaces = [spec.NetworkMode, spec.PidMode, spec.IpcMode];
  return [...new Set([...namespaces, ...(spec.VolumesFrom ?? [])])].flatMap((mode) => {
    const found = mode === undefined ? undefined : find(mode, app, neighbours);
    return mode !== undefined && found ? [{ mode, isNamespace: namespaces.includes(mode), ...found }] : [];
  });
}

function find(
  mode: string,
  app: DesiredApp,
  { apps }: Neighbours,
): Pick<Joined, 'app' | 'service' | 'wanted'> | undefined {
  const name = mode.slice(mode.indexOf(':') + 1);
  if (mode.startsWith('service:')) {
    const service = app.services.find((each) => each.name === name);
    const wanted = service?.containers[0];
    return service && wanted && { app, service, wanted };
  }
  if (!mode.startsWith('container:')) return undefined;
  for (const other of apps) {
    for (const service of other.services) {
      const wanted = service.containers.find((each) => each.name === name);
      if (wanted) return { app: other, service, wanted };
    }
  }
  return undefined;
}

/**
 * The container of another app that is joined: the one that runs, even under a temporary name, else the one with the final name. undefined:
 * there is none.
 */
export function claimantOf(
  { app, service, wanted }: Joined,
  containers: readonly ActualContainer[],
): ActualContainer | undefined {
  const slot = { app: app.name, service: service.name, number: wanted.number };
  const claimants = claimantsOf(containers, slot).filter(({ status }) => status !== 'removing');
  const running = claimants.filter(({ status }) => status === 'running' || status === 'paused');
  return (
    running.find(({ name }) => name === wanted.name) ?? running[0] ?? claimants.find(({ name }) => name === wanted.name)
  );
}

/**
 * The goals of a slot and of those that it joins: a commit that changes one of them asks for another container here, too, and earlier
 * failures do not count.
 */
export function slotGoal(
  app: DesiredApp,
  wanted: DesiredContainer,
  neighbours: Neighbours,
  seen: ReadonlySet<DesiredContainer> = new Set(),
): string {
  const next = new Set([...seen, wanted]);
  const joined = joinedBy(app, wanted, neighbours).filter((each) => !next.has(each.wanted));
  return [goalOf(wanted), ...joined.map((each) => slotGoal(each.app, each.wanted, neighbours, next))].join('+');
}
