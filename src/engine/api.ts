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
 * Each function throws EngineError and nothing else; its kind is the same for all engines, whatever their status codes. Effects are idempotent
 * where the API allows it: it is a success to start a container that runs, to stop one that is stopped, to remove one that is gone, to connect
 * one that is connected, and to disconnect one that is not.
 */
export interface EngineApi {
  /** Version and capabilities. Asked for again after the connection was lost. */
  facts(): Promise<EngineFacts>;

  /** All containers, also stopped ones and those of others. */
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
  /** Anonymous volumes stay. `force` kills a running container first. */
  removeContainer(id: string, force: boolean): Promise<void>;
  /** Keys of HostConfig that `update` takes; throws `unsupported` on an engine without it. */
  updateContainer(id: string, changes: Record<string, unknown>): Promise<void>;
  /** Unpacks a tar archive at `/`. */
  putArchive(id: string, tar: Uint8Array): Promise<void>;

  /**
   * Runs a command in a running container, and resolves when it has ended. Throws `conflict` if the container does not run; a command that does not
   * exist ends with 126 or 127.
   */
  exec(id: string, body: ExecBody): Promise<{ exitCode: number; output: string }>;

  /** The end of a container's output, as it is. Throws `failed` or `unsupported` if its log driver keeps nothing that can be read. */
  lastOutput(id: string): Promise<string>;

  listNetworks(): Promise<NetworkBody[]>;
  createNetwork(body: NetworkBody): Promise<string>;
  removeNetwork(id: string): Promise<void>;
  connectNetwork(network: string, container: string, endpoint: EndpointBody): Promise<void>;
  disconnectNetwork(network: string, container: string): Promise<void>;

  listVolumes(): Promise<VolumeBody[]>;
  createVolume(body: VolumeBody): Promise<void>;
  removeVolume(name: string): Promise<void>;

  /** By reference or ID; undefined if it is not on the disk. */
  inspectImage(reference: string): Promise<ImageInspect | undefined>;
  /** Each call looks up the credentials again. Without a tag or digest it pulls `latest` and nothing else. */
  pullImage(reference: string, options: PullOptions): Promise<void>;

  /**
   * Calls `open`, then `event` for each event of containers, networks, volumes and images. Ends when the stream does, with its error if there is one.
   * It is one attempt: the caller reconnects.
   */
  events(listener: EventListener, signal: AbortSignal): Promise<void>;

  close(): void;
}

export interface PullOptions {
  platform?: string | undefined;
  signal?: AbortSignal;
}

export interface EventListener {
  /** The stream is open: earlier events are not in it. */
  open(): void;
  event(event: EventBody): void;
}
