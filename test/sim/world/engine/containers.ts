import type { ContainerBody, CreateContainerBody, EndpointBody } from '../../../../src/container/engine-api.ts';
import { EngineError } from '../../../../src/lib/errors.ts';
import { deepFreeze } from '../freeze.ts';
import { untar } from './archive.ts';
import { forget, kill } from './lifecycle.ts';
import type { Machine } from './machine.ts';
import { type Cause, isUp, type SimContainer, type SimEndpoint } from './records.ts';
import { detachAll } from './resources/networks.ts';
import { createVolume } from './resources/volumes.ts';

export function createContainer(
  machine: Machine,
  name: string,
  asked: CreateContainerBody,
): { id: string; warnings: string[] } {
  const image = machine.images.find(asked.Image ?? '');
  if (!image) throw new EngineError('notFound', `No such image: ${asked.Image}`);
  mustBeFree(machine, name);
  const body = withImage(structuredClone(asked), image.config);
  if ((body.Entrypoint?.length ?? 0) === 0 && (body.Cmd?.length ?? 0) === 0) {
    throw new EngineError('invalid', 'No command specified');
  }
  const memory = body.HostConfig.Memory;
  if (typeof memory === 'number' && memory > 0 && memory < 6 * 2 ** 20) {
    throw new EngineError('invalid', 'Minimum memory limit allowed is 6MB');
  }
  const swap = body.HostConfig.MemorySwap;
  if (machine.profile.echoesSwap && typeof memory === 'number' && memory > 0 && (swap === undefined || swap === 0)) {
    body.HostConfig.MemorySwap = 2 * memory;
  }
  body.Env = [...new Set([...machine.profile.addedEnv.filter((line) => !has(body.Env, line)), ...(body.Env ?? [])])];
  const container: SimContainer = {
    id: machine.random.hex(64),
    name,
    createdAt: machine.now(),
    body,
    imageId: image.id,
    status: 'created',
    exitCode: 0,
    error: '',
    oomKilled: false,
    startedAt: undefined,
    finishedAt: undefined,
    restartCount: 0,
    stoppedByHand: false,
    health: undefined,
    everHealthy: false,
    sick: false,
    endpoints: endpoints(machine, body),
    anonymous: {},
    volumes: [],
    files: new Map(),
    runs: 0,
    backoff: 0,
    startedBy: 'hand',
    upSince: 0,
    exited: [],
    agentStarts: 0,
    steadySince: 0,
    output: '',
    execs: [],
  };
  mountVolumes(machine, container);
  deepFreeze(container.body);
  for (const endpoint of container.endpoints.values()) deepFreeze(endpoint.asked);
  machine.containers.set(container.id, container);
  machine.tell(container, 'create');
  return { id: container.id, warnings: [] };
}

/** Anonymous volumes stay. */
export function removeContainer(machine: Machine, container: SimContainer, force: boolean, cause: Cause): void {
  if (isUp(container)) {
    if (!force) throw new EngineError('conflict', `You cannot remove a ${container.status} container ${container.id}`);
    kill(machine, container, cause);
  }
  const joined = machine.profile.facts.can.removesJoined ? undefined : joinerOf(machine, container);
  if (joined) {
    throw new EngineError(
      'conflict',
      `container ${container.id} has dependent containers which must be removed before it: ${joined.id}`,
    );
  }
  // Somebody is at it already.
  if (container.status !== 'removing') vanish(machine, container);
}

const joinerOf = (machine: Machine, { id }: SimContainer): SimContainer | undefined =>
  [...machine.containers.values()].find(({ body: { HostConfig } }) =>
    [HostConfig?.NetworkMode, HostConfig?.PidMode, HostConfig?.IpcMode].includes(`container:${id}`),
  );

/** By force and by hand, on an engine that takes its time: meanwhile the container is listed as one that goes, and holds its name. */
export function removeSlowly(machine: Machine, container: SimContainer, ms: number): void {
  if (container.status === 'removing') return;
  kill(machine, container, 'hand');
  forget(container);
  container.status = 'removing';
  machine.clock.timer(ms, () => vanish(machine, container));
}

function vanish(machine: Machine, container: SimContainer): void {
  forget(container);
  detachAll(machine, container);
  machine.containers.delete(container.id);
  machine.tell(container, machine.profile.removeEvent);
}

export function renameContainer(machine: Machine, container: SimContainer, name: string): void {
  if (container.name === name) return;
  mustBeFree(machine, name);
  const oldName = container.name;
  container.name = name;
  machine.tell(container, 'rename', machine.profile.facts.product === 'Podman' ? {} : { oldName: `/${oldName}` });
}

/** Changes what `update` can change. Zero means "leave it", so that a limit cannot be taken away. */
export function updateContainer(machine: Machine, container: SimContainer, changes: Record<string, unknown>): void {
  if (!machine.profile.facts.can.update) throw new EngineError('unsupported', 'this engine cannot update a container');
  const host = container.body.HostConfig;
  const memory = changes.Memory;
  const swap = host.MemorySwap;
  if (
    typeof memory === 'number' &&
    changes.MemorySwap === undefined &&
    typeof swap === 'number' &&
    swap > 0 &&
    memory > swap
  ) {
    throw new EngineError('conflict', 'Memory limit should be smaller than already set memoryswap limit');
  }
  const kept = { ...host };
  for (const [key, value] of Object.entries(changes)) {
    if (!UPDATABLE.has(key)) throw new EngineError('invalid', `update does not take ${key}`);
    if (value !== 0 && value !== '' && value !== undefined) kept[key] = structuredClone(value);
  }
  container.body = deepFreeze({ ...container.body, HostConfig: kept });
  if (machine.profile.facts.product === 'Docker') machine.tell(container, 'update');
}

const UPDATABLE = new Set(
  (
    'BlkioWeight CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime CpuShares CpusetCpus CpusetMems Memory ' +
    'MemoryReservation MemorySwap NanoCpus PidsLimit RestartPolicy'
  ).split(' '),
);

/** Unpacks at `/`. A container whose root is read-only takes nothing. */
export function putArchive(container: SimContainer, tar: Uint8Array): void {
  if (container.body.HostConfig.ReadonlyRootfs === true) {
    throw new EngineError('invalid', 'container rootfs is marked read-only');
  }
  for (const [path, content] of untar(tar)) container.files.set(path, content);
}

function mustBeFree(machine: Machine, name: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) throw new EngineError('invalid', `Invalid container name (${name})`);
  for (const container of machine.containers.values()) {
    if (container.name === name) {
      throw new EngineError(
        'nameTaken',
        `The container name "/${name}" is already in use by container "${container.id}"`,
      );
    }
  }
}

/** As the engine merges an image's configuration into what was asked. */
function withImage(body: CreateContainerBody, image: ContainerBody): CreateContainerBody {
  if ((body.Entrypoint?.length ?? 0) === 0) {
    if ((body.Cmd?.length ?? 0) === 0) body.Cmd = image.Cmd ?? null;
    if (body.Entrypoint === undefined || body.Entrypoint === null) body.Entrypoint = image.Entrypoint ?? null;
  }
  if (Array.isArray(body.Entrypoint) && body.Entrypoint.length === 1 && body.Entrypoint[0] === '')
    body.Entrypoint = null;
  body.Env = [...(body.Env ?? []), ...(image.Env ?? []).filter((line) => !has(body.Env, line))];
  body.Labels = { ...image.Labels, ...body.Labels };
  body.Volumes = { ...image.Volumes, ...body.Volumes };
  body.ExposedPorts = { ...image.ExposedPorts, ...body.ExposedPorts };
  body.User = body.User || (image.User ?? '');
  body.WorkingDir = body.WorkingDir || (image.WorkingDir ?? '');
  if (!body.StopSignal && image.StopSignal) body.StopSignal = image.StopSignal;
  if (image.Healthcheck) {
    const own = body.Healthcheck ?? {};
    const merged = { ...image.Healthcheck };
    if (own.Test && own.Test.length > 0) merged.Test = own.Test;
    for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const) {
      const value = own[key];
      if (value) merged[key] = value;
    }
    body.Healthcheck = merged;
  }
  return body;
}

const has = (env: readonly string[] | null | undefined, line: string): boolean => {
  const name = line.split('=', 1)[0];
  return (env ?? []).some((one) => one.split('=', 1)[0] === name);
};

function endpoints(machine: Machine, body: CreateContainerBody): Map<string, SimEndpoint> {
  const asked = Object.entries(body.NetworkingConfig?.EndpointsConfig ?? {});
  if (asked.length > 1 && !machine.profile.facts.can.networksAtCreate) {
    throw new EngineError('invalid', 'Container cannot be connected to network endpoints');
  }
  delete body.NetworkingConfig;
  body.HostConfig.NetworkMode ??= 'default';
  const mode = body.HostConfig.NetworkMode;
  if (mode.startsWith('container:')) return new Map();
  const primary = mode === 'default' ? 'bridge' : mode;
  const wanted: [string, EndpointBody][] = asked.length > 0 ? asked : [[primary, {}]];
  return new Map(
    wanted.map(([reference, endpoint]) => [
      machine.network(reference)?.body.Name ?? reference,
      { networkId: '', asked: structuredClone(endpoint), ip: '', ip6: '' },
    ]),
  );
}

/** Named volumes that do not exist are made, without labels; targets without a source get an anonymous one. */
function mountVolumes(machine: Machine, container: SimContainer): void {
  const { body } = container;
  const taken = new Set<string>();
  for (const bind of body.HostConfig.Binds ?? []) {
    const [source = '', target = ''] = bind.split(':');
    taken.add(target);
    if (!source.startsWith('/')) use(machine, container, source);
  }
  for (const mount of body.HostConfig.Mounts ?? []) {
    taken.add(mount.Target);
    if (mount.Type !== 'volume') continue;
    if (mount.Source) use(machine, container, mount.Source);
    else anonymous(machine, container, mount.Target);
  }
  for (const target of Object.keys(body.Volumes ?? {})) {
    if (!taken.has(target)) anonymous(machine, container, target);
  }
}

function anonymous(machine: Machine, container: SimContainer, target: string): void {
  const name = machine.random.hex(64);
  container.anonymous[target] = name;
  use(machine, container, name);
}

function use(machine: Machine, container: SimContainer, name: string): void {
  if (!machine.volumes.has(name)) createVolume(machine, { Name: name });
  container.volumes.push(name);
}
