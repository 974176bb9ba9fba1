import { present } from '../../container/present.ts';
import type { ContainerSpec } from '../../model/spec.ts';
import type { DesiredService } from '../../model/state.ts';

/**
 * Turns `container:NAME` into `service:NAME` when the app itself creates that container, so that both are created and replaced together, in
 * order. Only the first container of a service can be joined.
 */
export function joinOwnServices(services: readonly DesiredService[]): DesiredService[] {
  const serviceOf: ReadonlyMap<string, string> = new Map(
    services.flatMap(({ name, containers }) =>
      containers[0] ? [[`container:${containers[0].name}`, `service:${name}`] as const] : [],
    ),
  );
  const joined = <Mode extends string | undefined>(mode: Mode): Mode | string =>
    mode === undefined ? mode : (serviceOf.get(mode) ?? mode);
  const own = (spec: ContainerSpec): ContainerSpec => ({
    ...spec,
    ...present({
      NetworkMode: joined(spec.NetworkMode),
      PidMode: joined(spec.PidMode),
      IpcMode: joined(spec.IpcMode),
      VolumesFrom: spec.VolumesFrom?.map(joined),
    }),
  });
  return services.map((service) => ({
    ...service,
    containers: service.containers.map((each) => ({ ...each, spec: own(each.spec) })),
  }));
}
