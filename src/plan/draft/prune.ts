import { own } from '../../lib/own.ts';
import type { Cause, Withheld } from '../../model/plan.ts';
import type { ActualContainer, ActualSite, DesiredApp, DesiredSite } from '../../model/state.ts';
import { type Retry, slotSubject } from '../../model/subject.ts';
import { type AppContext, held } from '../context.ts';
import { runsOnFor } from '../facts/holders.ts';
import { NOT_HERE } from '../facts/removed-app.ts';
import { strangersOn } from '../facts/strangers.ts';
import { preStop, preStopOf } from './slot/hooks.ts';
import { isUp, refOf } from './slot/steps.ts';

/** What of this app runs or lies about and has no place in Git any more: containers, then networks, and volumes only on demand. */
export function planPrune(context: AppContext): void {
  const { desired, actual, draft } = context;
  const services = new Map(
    desired.services.map((service) => [service.name, new Set(service.containers.map(({ number }) => number))]),
  );

  const going = superfluous(desired, actual);
  for (const container of going) {
    const { service, number } = container.identity;
    const scaledDown = services.has(service);
    const replicas = services.get(service)?.size;
    const reason = scaledDown
      ? `${service} has ${replicas} replica${replicas === 1 ? '' : 's'} now`
      : context.options.down
        ? 'taken down'
        : desired.isElsewhere
          ? NOT_HERE
          : `${service} is not in Git`;
    const change = {
      subject: slotSubject({ app: desired.name, service, number }),
      cause: scaledDown ? ('revision' as const) : pruning(context),
      retry: GONE,
    };
    const shared = {
      container: refOf(container),
      service,
      reason,
      ...change,
      ...held(context.hold(change) ?? runsOnFor(context, container)),
    };
    const rejoined = context.rejoined.get(container.id) ?? [];
    const after = isUp(container)
      ? preStop(context, container, preStopOf(context, container), {
          ...change,
          service,
          reason,
          withheld: shared.withheld,
          after: rejoined,
        })
      : rejoined;
    const stopped = isUp(container) ? [draft.add({ kind: 'stopContainer', ...shared, after })] : rejoined;
    if (isUp(container)) context.stops.set(container.id, stopped[0] as number);
    const removed = draft.add({
      kind: 'removeContainer',
      ...shared,
      force: container.status === 'dead',
      after: stopped,
    });
    context.removals.set(container.id, removed);
  }
  orderStops(context, going);
  pruneNetworks(context);
  tellAdoptedNetworks(context);
  if (desired.pruneVolumes) pruneVolumes(context);
}

/**
 * Of what goes, dependents stop before the services they depend on, as with `docker compose down`. Git may no longer know who depends on what, so
 * each container's own label tells.
 */
function orderStops({ draft, stops }: AppContext, going: readonly ActualContainer[]): void {
  const stopping = going.filter(({ id }) => stops.has(id));
  for (const dependent of stopping) {
    for (const dependency of stopping) {
      if (!dependent.dependsOn?.includes(dependency.identity.service)) continue;
      draft.order(stops.get(dependent.id) as number, stops.get(dependency.id) as number);
    }
  }
}

function pruneNetworks(context: AppContext): void {
  const { desired, actual, draft, site, problems } = context;
  const wanted = new Set(desired.networks.map(({ spec }) => spec.Name));
  for (const [name, network] of Object.entries(actual.networks).sort(byName)) {
    if (network.owner?.site !== site || network.owner.app !== desired.name || wanted.has(name)) continue;
    const leavers = leaversOf(context, name);
    // Somebody has to go on using it for now, for a reason that is told elsewhere.
    if (!leavers) continue;
    const strangers = strangersOn(context, name);
    if (strangers) {
      const message = `network ${name} stays: ${strangers.text} on it`;
      problems.push({ severity: 'warning', message, hint: strangers.hint });
      continue;
    }
    const change = { subject: { kind: 'network' as const, name }, cause: pruning(context), retry: GONE };
    draft.add({
      kind: 'removeNetwork',
      networkId: network.id,
      name,
      reason: context.options.down ? 'taken down' : desired.isElsewhere ? NOT_HERE : 'not in Git',
      after: leavers,
      ...change,
      ...held(context.hold(change)),
    });
  }
}

/** What `docker compose` made is not ours to remove; people are to know that it stays. */
function tellAdoptedNetworks({ desired, actual, problems, options }: AppContext): void {
  const wanted = new Set(desired.networks.map(({ spec }) => spec.Name));
  for (const [name, { project }] of Object.entries(actual.networks).sort(byName)) {
    if (!desired.adopt || project !== desired.name || wanted.has(name)) continue;
    const message = `network ${name}, which docker compose made${options.down ? '' : ' and Git does not name'}, stays`;
    problems.push({ severity: 'warning', message, hint: `docker network rm ${name} removes it` });
  }
}

/** Operations after which no container of the app uses a network any more; undefined when one stays on it. */
function leaversOf({ actual, draft, desired, removals }: AppContext, network: string): number[] | undefined {
  const leavers: number[] = [];
  for (const { id, spec, identity } of actual.containers) {
    if (identity.app !== desired.name || !own(spec.Networks, network)) continue;
    const left = draft
      .all()
      .find(
        (each) =>
          each.kind === 'disconnectNetwork' &&
          each.network === network &&
          'id' in each.container &&
          each.container.id === id,
      );
    const last = removals.get(id) ?? left?.id;
    if (last === undefined) return undefined;
    leavers.push(last);
  }
  return leavers;
}

function pruneVolumes(context: AppContext): void {
  const { desired, actual, draft, site, neighbours } = context;
  // A volume that was given to another app is that one's.
  const wanted = new Set(neighbours.apps.flatMap(({ volumes }) => volumes.map(({ spec }) => spec.Name)));
  for (const [name, volume] of Object.entries(actual.volumes).sort(byName)) {
    if (volume.owner?.site !== site || volume.owner.app !== desired.name || wanted.has(name)) continue;
    const users = actual.containers.filter(({ spec }) => spec.Mounts?.some(({ Source }) => Source === name));
    const change = { subject: { kind: 'volume' as const, name }, cause: pruning(context), retry: GONE };
    draft.add({
      kind: 'removeVolume',
      name,
      reason: 'not in Git, and pruneVolumes is set',
      after: users.flatMap(({ id }) => context.removals.get(id) ?? []),
      ...change,
      ...held(context.hold(change)),
    });
  }
}

const GONE = { purpose: 'converge', goal: 'gone', counts: 'failures' } as const satisfies Retry;

const pruning = ({ options }: AppContext): Cause => (options.down ? 'down' : 'prune');

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

/** Containers of an app that no place of it claims. */
function superfluous(desired: DesiredApp, actual: ActualSite): ActualContainer[] {
  const places = new Set(
    desired.services.flatMap(({ name, containers }) => containers.map(({ number }) => `${name}/${number}`)),
  );
  return actual.containers
    .filter(
      ({ identity, status }) =>
        identity.app === desired.name && status !== 'removing' && !places.has(`${identity.service}/${identity.number}`),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Places of an app that no container claims yet. */
function vacant(desired: DesiredApp, actual: ActualSite): string[] {
  const claimed = new Set(
    actual.containers.flatMap(({ identity: { app, service, number } }) =>
      app === desired.name ? `${service}/${number}` : [],
    ),
  );
  const places = desired.services.flatMap(({ name, containers }) =>
    containers.map(({ number }) => `${name}/${number}`),
  );
  return places.filter((place) => !claimed.has(place));
}

/**
 * What keeps an app from being pruned although its policy would: an empty desired state is never believed by itself, and neither is one
 * that takes most of a site away at once.
 */
export function pruneGuard(
  site: DesiredSite,
  apps: DesiredApp[],
  actual: ActualSite,
): (app: DesiredApp) => Withheld | undefined {
  const nothingLeft = site.apps.length === 0 && site.broken.length === 0;
  const doomed = apps.flatMap((app) =>
    superfluous(app, actual).filter(({ identity }) => !app.services.some(({ name }) => name === identity.service)),
  );
  // What comes instead counts against what goes: a service that is renamed is no loss.
  const loss = Math.max(0, doomed.length - apps.flatMap((app) => vacant(app, actual)).length);
  const share = actual.containers.length === 0 ? 0 : (100 * loss) / actual.containers.length;

  return (app) => {
    if (nothingLeft) {
      return site.allowEmpty
        ? undefined
        : { by: 'allowEmpty', text: 'Git names no apps at all; set allowEmpty on the Site if that is meant' };
    }
    if (app.services.length === 0 && site.apps.includes(app) && !app.sync.automated?.allowEmpty) {
      return {
        by: 'allowEmpty',
        text: 'the app has no services at all; set syncPolicy.automated.allowEmpty if that is meant',
      };
    }
    if (share > site.pruneThreshold && !site.confirmPrune.includes(app.name)) {
      return {
        by: 'pruneThreshold',
        text: `it would take away ${loss} of the site's ${actual.containers.length} containers; add ${app.name} to the Site's confirmPrune if that is meant`,
      };
    }
    return undefined;
  };
}
