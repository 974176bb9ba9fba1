import type { ContainerRef } from '../model/plan.ts';
import type { ActualContainer, DesiredContainer } from '../model/state.ts';
import type { AppContext, PlaceProgress } from './context.ts';
import { claimantOf, type Joined, joinedBy } from './facts/joined.ts';

/** How far a container of the same app is that another joins; undefined for those of other apps. */
export const progressOf = (
  { desired, services }: AppContext,
  { app, service, wanted }: Joined,
): PlaceProgress | undefined =>
  app === desired ? services.get(service.name)?.containers.find(({ number }) => number === wanted.number) : undefined;

/** A joined container as it is now; undefined where this plan makes it, and where there is none. */
export function currentOf(context: AppContext, joined: Joined): ActualContainer | undefined {
  const { containers } = context.actual;
  if (joined.app !== context.desired) return claimantOf(joined, containers);
  const ref = progressOf(context, joined)?.ref;
  return containers.find(({ id }) => ref !== undefined && 'id' in ref && id === ref.id);
}

/** The containers that `service:NAME` and `container:NAME` mean. A stranger is the engine's to find, by its name. */
export function joinsOf(context: AppContext, wanted: DesiredContainer): Record<string, ContainerRef> {
  return Object.fromEntries(
    joinedBy(context.desired, wanted, context.neighbours).flatMap((joined) => {
      const found = currentOf(context, joined);
      const ref = progressOf(context, joined)?.ref ?? (found && { name: found.name, id: found.id });
      return ref ? [[joined.mode, ref]] : [];
    }),
  );
}
