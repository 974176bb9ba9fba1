import type {
  ContainerBody,
  CreateContainerBody,
  EndpointBody,
  NetworkBody,
  VolumeBody,
} from '../../../../src/container/engine-api.ts';
import type { ContainerStatus } from '../../../../src/model/state.ts';

/** The cause of something: the agent under test, the engine by itself, or a person at the site. */
export type Cause = 'agent' | 'engine' | 'hand';

export interface SimImage {
  id: string;
  config: ContainerBody;
}

export interface SimEndpoint {
  /** "" until the container first started on it. */
  networkId: string;
  asked: EndpointBody;
  /** Both "" while it is down; the second one, too, where it was not asked for. */
  ip: string;
  ip6: string;
}

export interface SimContainer {
  id: string;
  name: string;
  createdAt: number;
  /** As asked, with what the image brings merged in. */
  body: CreateContainerBody;
  imageId: string;
  status: ContainerStatus;
  exitCode: number;
  error: string;
  oomKilled: boolean;
  /** Wall-clock milliseconds; undefined when never. */
  startedAt: number | undefined;
  finishedAt: number | undefined;
  restartCount: number;
  /** `stop` and `kill` switch the restart policy off until the next start. */
  stoppedByHand: boolean;
  health: 'starting' | 'healthy' | 'unhealthy' | undefined;
  /** A probe of it has passed at some time. */
  everHealthy: boolean;
  /** Its probes fail from now on, whatever they are. */
  sick: boolean;
  endpoints: Map<string, SimEndpoint>;
  /** Target to name of each anonymous volume. */
  anonymous: Record<string, string>;
  /** Names of all volumes it mounts. */
  volumes: string[];
  /** Files put into it, by path. */
  files: Map<string, Uint8Array>;
  /** The end of what its program printed, in all runs. */
  output: string;
  /** The number of starts of its process; what was set for one run is void in the next. */
  runs: number;
  /** The engine's pause before its next try, in milliseconds. */
  backoff: number;
  startedBy: Cause;
  /** Monotonic: since when it is up, counting the engine's own restarts as up. */
  upSince: number;
  exited: (() => void)[];
  /** The number of times that the agent has started it. `execs` says what was run in it, and after which of these starts. */
  agentStarts: number;
  /** Monotonic: since when it runs and is not paused. */
  steadySince: number;
  execs: { command: string; start: number }[];
}

export interface SimNetwork {
  id: string;
  body: NetworkBody & { Name: string };
}

export interface SimVolume {
  body: VolumeBody;
}

/** Up in the eyes of the engine: what a `stop` would stop. */
export const isUp = (container: SimContainer): boolean =>
  container.status === 'running' || container.status === 'paused' || container.status === 'restarting';

/** Its process exists, so that it holds ports, addresses and endpoints. */
export const hasProcess = (container: SimContainer): boolean =>
  container.status === 'running' || container.status === 'paused';

/** The entry that is left of a connect that was refused while the container ran: it is connected to nothing until it starts again. */
export const isRefused = (container: SimContainer, endpoint: SimEndpoint): boolean =>
  hasProcess(container) && endpoint.ip === '';
