import type {
  ContainerInspect,
  ContainerListItem,
  CreateContainerBody,
  NetworkBody,
} from '../../container/engine-api.ts';
import type { EngineCapabilities } from '../../model/state.ts';
import type { ImageReference } from '../image-reference.ts';

/** The answer of /version, as far as it is read. */
export interface VersionAnswer {
  Version?: string;
  ApiVersion?: string;
  MinAPIVersion?: string;
  Components?: { Name?: string; Version?: string }[] | null;
}

/**
 * One engine's way to speak Docker's Engine API. It turns requests into what its engine needs, and answers into what Docker would have said. Everything
 * behind the EngineApi sees Docker's words, capabilities and named quirks.
 */
export interface Dialect {
  /** The engine's name for people. */
  readonly product: string;
  /** It was this engine that answered. */
  isSpokenBy(version: VersionAnswer): boolean;
  /** What the engine can do when it speaks this version of the API; limits of the kernel come on top. */
  capabilities(apiVersion: string): EngineCapabilities;

  /** `imageCommand` looks up the command of the image that the container is made from. */
  toCreate(
    body: CreateContainerBody,
    imageCommand: () => Promise<string[] | null | undefined>,
  ): Promise<CreateContainerBody>;
  fromInspect(inspect: ContainerInspect): ContainerInspect;
  fromListItem(item: ContainerListItem): ContainerListItem;
  fromNetwork(network: NetworkBody): NetworkBody;
  /** The reference that a network is removed by; undefined when there is no such network. */
  networkReference(id: string, networks: () => Promise<NetworkBody[]>): Promise<string | undefined>;
  /** The name of an image, without its tag, as a pull is asked for it. */
  pullReference(image: ImageReference): string;
}
