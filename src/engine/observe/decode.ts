import type { ContainerInspect, ContainerListItem, NetworkBody, VolumeBody } from '../../container/engine-api.ts';
import { type Neighbours, readAnonymousVolumes, readSpec } from '../../container/from-api.ts';
import { type ReadLabels, readOwner, readProject } from '../../container/labels/labels.ts';
import { connectedEndpoints, readNetwork } from '../../container/networks.ts';
import { readVolume } from '../../container/volumes.ts';
import type { ActualContainer, ActualNetwork, ActualVolume, ContainerStatus } from '../../model/state.ts';

const STATUSES: readonly string[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
] satisfies ContainerStatus[];

/** Engines write this for a moment that never was. */
const NEVER = '0001-01-01T00:00:00Z';
const moment = (text: string): string => (text === NEVER ? '' : text);

/** Characters that are kept of a health check's output: the last ones, which usually tell the reason. */
const MOST_KEPT = 2048;

export function decodeContainer(
  inspect: ContainerInspect,
  labels: ReadLabels,
  neighbours: Neighbours,
): ActualContainer {
  const { Id, Name, Image, RestartCount, State } = inspect;
  const health = State.Health?.Status;
  const output = State.Health?.Log?.at(-1)?.Output?.slice(-MOST_KEPT);
  return {
    id: Id,
    name: Name.replace(/^\//, ''),
    ...labels,
    spec: readSpec(inspect, neighbours),
    imageId: Image,
    status: STATUSES.includes(State.Status) ? (State.Status as ContainerStatus) : 'dead',
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled ?? false,
    startedAt: moment(State.StartedAt),
    health: health === 'starting' || health === 'healthy' || health === 'unhealthy' ? health : 'none',
    ...(output && { healthOutput: output }),
    restartCount: RestartCount,
    error: State.Error ?? '',
    anonymousVolumes: readAnonymousVolumes(inspect),
    networkIds: Object.fromEntries(
      connectedEndpoints(inspect).flatMap(([name, { NetworkID }]) => (NetworkID ? [[name, NetworkID]] : [])),
    ),
  };
}

export function decodeNetwork(network: NetworkBody): ActualNetwork {
  const read = readOwner(network.Labels);
  const project = readProject(network.Labels);
  return {
    id: network.Id ?? network.Name,
    spec: readNetwork(network),
    owner: read?.owner,
    ...(project && { project }),
  };
}

export const decodeVolume = (volume: VolumeBody): ActualVolume => ({
  spec: readVolume(volume),
  owner: readOwner(volume.Labels)?.owner,
});

/** The name without its leading slash. Names that links give are left out. */
export const nameOf = ({ Names, Id }: ContainerListItem): string =>
  (Names ?? []).map((name) => name.replace(/^\//, '')).find((name) => !name.includes('/')) ?? Id.slice(0, 12);

/** The parts of a container's list item that change when the container does. The time since then is left out. */
export function printOf({ Names, ImageID, State, Status, NetworkSettings }: ContainerListItem): string {
  const detail = /\((?!.*ago)[^)]*\)/g;
  const networks = Object.entries(NetworkSettings?.Networks ?? {}).map(([name, { NetworkID, IPAMConfig, Aliases }]) => [
    name,
    NetworkID,
    IPAMConfig?.IPv4Address,
    Aliases,
  ]);
  return JSON.stringify([Names, ImageID, State, Status.match(detail), networks.sort()]);
}
