import type { ContainerRef } from '../../model/plan.ts';
import type { ContainerSpec } from '../../model/spec.ts';
import type { ActualContainer, DesiredApp, DesiredContainer, DesiredService } from '../../model/state.ts';
import type { SlotId } from '../../model/subject.ts';

/** A slot that Git names: the service, and the container that is wanted there. */
export interface NamedSlot {
  id: SlotId;
  service: DesiredService;
  wanted: DesiredContainer;
}

/** All slots of an app, in the order of Git. */
export const slotsIn = ({ name: app, services }: DesiredApp): NamedSlot[] =>
  services.flatMap((service) =>
    service.containers.map((wanted) => ({
      id: { app, service: service.name, number: wanted.number },
      service,
      wanted,
    })),
  );

/** The container that Git wants in a slot of this app; undefined: none. */
export const wantedAt = (
  app: DesiredApp | undefined,
  { service, number }: Pick<SlotId, 'service' | 'number'>,
): DesiredContainer | undefined =>
  app?.services.find(({ name }) => name === service)?.containers.find((wanted) => wanted.number === number);

/** Tells if a container was made for a slot. A run of a hook is in no slot. */
export const claims = ({ identity, syncHook }: Pick<ActualContainer, 'identity' | 'syncHook'>, slot: SlotId): boolean =>
  !syncHook && identity.service === slot.service && identity.number === slot.number && identity.app === slot.app;

/** The containers that were made for a slot: none, one, or several while one of them is replaced. */
export const claimantsOf = (containers: readonly ActualContainer[], slot: SlotId): ActualContainer[] =>
  containers.filter((each) => claims(each, slot));

/** One run of a container: another start is another run. */
export const runOf = ({ id, startedAt }: ActualContainer): string => `${id}@${startedAt}`;

export const refOf = ({ name, id }: ActualContainer): ContainerRef => ({ name, id });

export const isUp = ({ status }: ActualContainer): boolean =>
  status === 'running' || status === 'paused' || status === 'restarting';

/** A container whose policy is `no` or `on-failure` and that exited with 0 has done its work. */
export const isCompleted = (container: ActualContainer, { spec }: Pick<DesiredContainer, 'spec'>): boolean =>
  container.status === 'exited' &&
  container.exitCode === 0 &&
  !container.oomKilled &&
  !container.endedParked &&
  ['no', 'on-failure'].includes(spec.RestartPolicy?.Name ?? 'no');

/** Paths of the host that a container binds. */
export const bindSources = (spec: ContainerSpec): string[] =>
  (spec.Mounts ?? []).flatMap(({ Type, Source }) => (Type === 'bind' && Source ? [Source] : []));
