import type { ContainerSpec } from '../model/spec.ts';
import type { ImageConfig } from '../model/state.ts';
import type { ContainerBody, ContainerInspect } from './engine-api.ts';
import { isAnonymousName } from './fields/mounts.ts';
import { FIELDS } from './fields/table.ts';
import { readAsked, sharesHostname, withoutFilled } from './labels/asked.ts';
import { readEndpoints } from './networks.ts';
import { present } from './present.ts';

/** Looks up other containers. */
export interface Neighbours {
  /** The name of a container by its ID. */
  nameOf(id: string): string | undefined;
  /** The service of a container of the same app by its ID. */
  serviceOf(id: string): string | undefined;
}

/** The spec that a container could have been created from; defaults of the engine are left out. */
export function readSpec(inspect: ContainerInspect, neighbours: Neighbours): ContainerSpec {
  const asked = readAsked(inspect.Config.Labels);
  const spec: ContainerSpec = { Image: inspect.Config.Image ?? '' };
  for (const field of FIELDS) Object.assign(spec, field.read(inspect));

  for (const name of ['NetworkMode', 'PidMode', 'IpcMode'] as const) {
    const id = containerReference(spec[name]);
    if (id) spec[name] = namespaceOf(id, containerReference(asked?.valueOf(name)), neighbours);
  }
  const { VolumesFrom } = spec;
  if (VolumesFrom) spec.VolumesFrom = VolumesFrom.map((reference) => mountedFrom(reference, neighbours));
  // In another container's network, a container has that one's hostname unless it asked for its own.
  if (asked && sharesHostname(spec.NetworkMode) && !asked.has('Hostname')) delete spec.Hostname;
  const networks = readEndpoints(inspect);
  if (spec.NetworkMode === undefined || Object.keys(networks).length > 0) spec.Networks = networks;
  return asked ? withoutFilled(spec, asked) : spec;
}

/** Engines replace the name of a joined container by its ID. This finds the name or service that was asked for. */
function namespaceOf(id: string, asked: string | undefined, { nameOf, serviceOf }: Neighbours): string {
  const name = nameOf(id);
  // A successor has a temporary name until it has taken over.
  const final = name?.replace(/\.[0-9a-f]{8}(\.next)?$/, '');
  if (asked !== undefined && (name === asked || final === asked || id.startsWith(asked))) return `container:${asked}`;
  const service = asked === undefined ? serviceOf(id) : undefined;
  return service === undefined ? `container:${name ?? id}` : `service:${service}`;
}

/** A service was sent as an ID, a container as it was written. */
const mountedFrom = (reference: string, { serviceOf }: Neighbours): string => {
  const service = /^[0-9a-f]{64}$/.test(reference) ? serviceOf(reference) : undefined;
  return service === undefined ? `container:${reference}` : `service:${service}`;
};

const containerReference = (mode: string | undefined): string | undefined => /^container:(.+)$/.exec(mode ?? '')?.[1];

/** Names of anonymous volumes, by target. */
export function readAnonymousVolumes({ Mounts }: ContainerInspect): Record<string, string> {
  return Object.fromEntries(
    (Mounts ?? []).flatMap(({ Type, Name, Destination }) =>
      Type === 'volume' && Name && isAnonymousName(Name) ? [[Destination, Name] as const] : [],
    ),
  );
}

/** The parts of an image's config that it brings into a container made of it. */
export function readImageConfig(body: ContainerBody | null | undefined): ImageConfig {
  const { Env, Labels, Cmd, Entrypoint, User, WorkingDir, StopSignal, Healthcheck, ExposedPorts, Volumes } = body ?? {};
  const variable = (item: string): [string, string] => {
    const [name = '', ...value] = item.split('=');
    return [name, value.join('=')];
  };
  return present<ImageConfig>({
    Env: Object.fromEntries((Env ?? []).map(variable)),
    Labels,
    Cmd,
    Entrypoint: typeof Entrypoint === 'string' ? [Entrypoint] : Entrypoint,
    User,
    WorkingDir,
    StopSignal,
    Healthcheck: Healthcheck?.Test?.length ? Healthcheck : undefined,
    ExposedPorts: Object.keys(ExposedPorts ?? {}),
    Volumes: Object.keys(Volumes ?? {}),
  });
}
