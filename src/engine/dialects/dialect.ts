import type {
  ContainerInspect,
  ContainerListItem,
  CreateContainerBody,
  NetworkBody,
} from '../../container/engine-api.ts';
import type { ImageReference } from '../../container/image-reference.ts';
import type { EngineCapabilities } from '../../model/state.ts';

/** The answer of /version, as far as it is read. */
export interface VersionAnswer {
  Version?: string;
  ApiVersion?: string;
  MinAPIVersion?: string;
  Arch?: string;
  Os?: string;
  Components?: { Name?: string; Version?: string }[] | null;
}

/**
 * The way one engine speaks Docker's Engine API. It translates requests for its engine, and answers into Docker's. Everything behind the EngineApi
 * sees Docker's words, capabilities and named quirks.
 */
export interface Dialect {
  /** The engine's name for people. */
  readonly product: string;
  /** True if this engine gave the answer. */
  isSpokenBy(version: VersionAnswer): boolean;
  /** The engine's capabilities with this version of the API, without the limits of the kernel. */
  capabilities(apiVersion: string): EngineCapabilities;

  /** `imageCommand` looks up the command of the image that the container is made from. */
  toCreate(
    body: CreateContainerBody,
    imageCommand: () => Promise<string[] | null | undefined>,
  ): Promise<CreateContainerBody>;
  fromInspect(inspect: ContainerInspect): ContainerInspect;
  fromListItem(item: ContainerListItem): ContainerListItem;
  fromNetwork(network: NetworkBody): NetworkBody;
  /** The name or ID by which to remove a network; undefined if there is no such network. */
  networkReference(id: string, networks: () => Promise<NetworkBody[]>): Promise<string | undefined>;
  /** The name of an image without its tag, as a pull asks for it. */
  pullReference(image: ImageReference): string;
}
