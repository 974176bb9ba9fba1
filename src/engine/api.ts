import type {
  ContainerInspect,
  ContainerListItem,
  CreateContainerBody,
  EndpointBody,
  EventBody,
  ExecBody,
  ImageInspect,
  NetworkBody,
  VolumeBody,
} from '../container/engine-api.ts';
import type { EngineFacts } from '../model/state.ts';

/**
 * The one door to a container engine: a function per Engine API call, in the API's own JSON. `client/docker-api.ts` opens it with dockerode (Docker
 * and Podman), the simulation with an engine in memory; one contract suite holds both to the same behaviour.
 *
 * Every function throws EngineError and nothing else, with the kinds that the engines' different status codes mean. Effects are idempotent
 * where the API allows: starting what runs, stopping what stands, removing what is gone, connecting what is connected and disconnecting
 * what is not all succeed.
 */
export interface EngineApi {
  /** Version and capabilities; asked again after the connection was lost. */
  facts(): Promise<EngineFacts>;

  /** All containers, stopped ones and foreign ones too. */
  listContainers(): Promise<ContainerListItem[]>;
  inspectContainer(id: string): Promise<ContainerInspect>;
  /** Resolves to the ID and the engine's warnings. */
  createContainer(
    name: string,
    body: CreateContainerBody,
    platform?: string,
  ): Promise<{ id: string; warnings: string[] }>;
  startContainer(id: string): Promise<void>;
  /** `timeout` in seconds; resolves when it has stopped. */
  stopContainer(id: string, timeout?: number): Promise<void>;
  unpauseContainer(id: string): Promise<void>;
  renameContainer(id: string, name: string): Promise<void>;
  /** Anonymous volumes stay. `force` kills what runs. */
  removeContainer(id: string, force: boolean): Promise<void>;
  /** Keys of HostConfig that `update` takes; throws `unsupported` on an engine without it. */
  updateContainer(id: string, changes: Record<string, unknown>): Promise<void>;
  /** Unpacks a tar archive at `/`. */
  putArchive(id: string, tar: Uint8Array): Promise<void>;

  /**
   * Runs a command in a container that runs, and resolves when it has ended. `conflict` where the container does not run; a command that is not
   * there ends with 126 or 127.
   */
  exec(id: string, body: ExecBody): Promise<{ exitCode: number; output: string }>;

  /** The end of what a container has printed, as it is; a `failed` or `unsupported` where its log driver keeps nothing that can be read. */
  lastOutput(id: string): Promise<string>;

  listNetworks(): Promise<NetworkBody[]>;
  createNetwork(body: NetworkBody): Promise<string>;
  removeNetwork(id: string): Promise<void>;
  connectNetwork(network: string, container: string, endpoint: EndpointBody): Promise<void>;
  disconnectNetwork(network: string, container: string): Promise<void>;

  listVolumes(): Promise<VolumeBody[]>;
  createVolume(body: VolumeBody): Promise<void>;
  removeVolume(name: string): Promise<void>;

  /** By reference or ID; undefined where it is not on the disk. */
  inspectImage(reference: string): Promise<ImageInspect | undefined>;
  /** Credentials are looked up anew at each call. Without a tag or digest, `latest` is pulled and nothing else. */
  pullImage(reference: string, options: PullOptions): Promise<void>;

  /**
   * Calls back for every event of containers, networks, volumes and images, `open` first; ends, with the error if there was one, when the stream
   * breaks. One attempt: reconnecting is the caller's.
   */
  events(listener: EventListener, signal: AbortSignal): Promise<void>;

  close(): void;
}

export interface PullOptions {
  platform?: string;
  signal?: AbortSignal;
}

export interface EventListener {
  /** The stream is established: what happened before is not in it. */
  open(): void;
  event(event: EventBody): void;
}
