import type { Withheld } from '../../model/plan.ts';
import type { ActualContainer, DesiredApp, DesiredContainer, DesiredSite } from '../../model/state.ts';
import { wantedAt } from './containers.ts';
import { type SharedThing, sharedThings } from './others/shared-things.ts';
import { type Change, type Circumstances, holdBack } from './policy.ts';

/** The other apps of the site, as the plan of one app needs them. */
export interface Neighbours {
  apps: readonly DesiredApp[];
  /** The desired state of an app. It has no services where Git no longer names the app. undefined: it is broken, or not planned here. */
  wanted(app: string): DesiredApp | undefined;
  /** Git describes the whole site and does not name the app. */
  isForgotten(app: string): boolean;
  /** Git does not place it on this site. */
  isAbsent(app: string): boolean;
  /** The reason to hold back a change of an app; undefined: it may be made. */
  hold(app: string, change: Change): Withheld | undefined;
}

export function createNeighbours(
  site: Pick<DesiredSite, 'vanished' | 'broken' | 'suspend' | 'absent'>,
  apps: readonly DesiredApp[],
  guard: (app: DesiredApp) => Withheld | undefined,
  circumstances: Circumstances,
): Neighbours {
  const { vanished, broken, absent = [] } = site;
  const byName = new Map(apps.map((app) => [app.name, app]));
  return {
    apps,
    wanted: (name) => byName.get(name),
    isForgotten: (name) => vanished !== undefined && !byName.has(name) && broken.every((app) => app.name !== name),
    isAbsent: (name) => absent.includes(name),
    hold(name, change) {
      const app = byName.get(name);
      return app && holdBack(change, app, site, guard(app), circumstances);
    },
  };
}

/** The future of a thing that a container of ours holds. `held`: the reason that it does not let go of it now. */
export type Fate = { letsGo: false } | { letsGo: true; held: Withheld | undefined };

/** Tells if Git still wants a container to have a thing. */
export const fateOf = (neighbours: Neighbours, holder: ActualContainer, thing: SharedThing): Fate =>
  fateBy(neighbours, holder, ({ spec }) =>
    sharedThings(holder.spec, spec).some(({ kind, text }) => kind === thing.kind && text === thing.text),
  );

/** The same of its name. */
export const fateOfName = (neighbours: Neighbours, holder: ActualContainer): Fate =>
  fateBy(neighbours, holder, ({ name }) => name === holder.name);

function fateBy(neighbours: Neighbours, holder: ActualContainer, keeps: (wanted: DesiredContainer) => boolean): Fate {
  const { app, service } = holder.identity;
  const desired = neighbours.wanted(app);
  if (!desired) return { letsGo: false };
  const wanted = wantedAt(desired, holder.identity);
  if (wanted)
    return keeps(wanted) ? { letsGo: false } : { letsGo: true, held: neighbours.hold(app, { cause: 'revision' }) };
  const isScaledDown = desired.services.some(({ name }) => name === service);
  return { letsGo: true, held: neighbours.hold(app, { cause: isScaledDown ? 'revision' : 'prune' }) };
}
