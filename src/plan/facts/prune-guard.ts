import type { Withheld } from '../../model/plan.ts';
import type { ActualContainer, ActualSite, DesiredApp, DesiredSite } from '../../model/state.ts';
import { claims, slotsIn } from './containers.ts';

/** Containers of an app that Git has no slot for, and runs of hooks that it does not name, by name. */
export function superfluous(desired: DesiredApp, actual: ActualSite): ActualContainer[] {
  const slots = slotsIn(desired);
  const hooks = new Set((desired.syncHooks ?? []).map(({ service }) => service.name));
  const isNamed = (each: ActualContainer): boolean =>
    each.syncHook || (each.adopted && hooks.has(each.identity.service))
      ? hooks.has(each.identity.service)
      : slots.some(({ id }) => claims(each, id));
  return actual.containers
    .filter((each) => each.identity.app === desired.name && each.status !== 'removing' && !isNamed(each))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The number of slots of an app that no container claims yet. */
const vacancies = (desired: DesiredApp, actual: ActualSite): number =>
  slotsIn(desired).filter(({ id }) => !actual.containers.some((each) => claims(each, id))).length;

/**
 * Keeps an app from being pruned although its policy allows it: an empty desired state is not believed without a confirmation, and neither
 * is one that removes most of a site at once.
 */
export function pruneGuard(
  site: DesiredSite,
  apps: DesiredApp[],
  actual: ActualSite,
): (app: DesiredApp) => Withheld | undefined {
  const nothingLeft = site.apps.length === 0 && site.broken.length === 0;
  const doomed = apps.flatMap((app) =>
    superfluous(app, actual).filter(
      ({ identity, syncHook }) => !syncHook && !app.services.some(({ name }) => name === identity.service),
    ),
  );
  // A new container makes up for one that goes: a service that is renamed is no loss.
  const loss = Math.max(
    0,
    apps.reduce((left, app) => left - vacancies(app, actual), doomed.length),
  );
  const all = actual.containers.filter(({ syncHook }) => !syncHook).length;
  const share = all === 0 ? 0 : (100 * loss) / all;

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
        text: `it would take away ${loss} of the site's ${all} containers; add ${app.name} to the Site's confirmPrune if that is meant`,
      };
    }
    return undefined;
  };
}
