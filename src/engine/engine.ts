import type { ContainerRef, Operation } from '../model/plan.ts';
import type { ActualSite, EngineFacts } from '../model/state.ts';

/** The things besides containers that the planner asks about. */
export interface Need {
  /** References of images that the desired state uses. */
  images: string[];
  /** Apps that adopt: containers that `docker compose` made for them are ours. Absent: as the last time. */
  adopt?: readonly string[];
}

/** Something of ours changed, or may have changed: look again. `app` is absent if it may concern any app. */
export interface Change {
  app?: string | undefined;
  /** In words, for the log: `web-1 died`. */
  what: string;
}

/** Operations that an engine carries out; the rest are the site's disk and the gates. */
export type EngineOperation = Exclude<Operation, { kind: 'writeFile' | 'removeFile' | 'await' }>;

export interface Performed {
  /** The new container of a createContainer. */
  containerId?: string;
  warnings: string[];
}

export interface PerformOptions {
  /** The app that the operation belongs to: networks and volumes get its labels. */
  app: string;
  /** The agent that marks what it makes; absent: none. */
  agent?: string | undefined;
  resolve: (ref: ContainerRef) => string;
  signal: AbortSignal;
}

/** A site's container engine as all other stages see it. Throws EngineError. */
export interface Engine {
  facts(): Promise<EngineFacts>;
  /**
   * All of our containers, and the names, networks, volumes and images that they may meet. While the event stream is whole, an observation
   * costs one list call and an inspect of each container that changed. `files` stays empty: the engine does not see the site's disk.
   */
  observe(need: Need): Promise<ActualSite>;
  /** The folders that the containers of each Compose project were started from: ours, and those that could be adopted. Sorted. */
  stacks(): Promise<Record<string, string[]>>;
  /** The next observation reads everything again. */
  forget(): void;
  /**
   * Carries out one operation: one effect. It may take several calls: a create looks at the image first, Podman removes networks by a name that is
   * looked up, and a command in a container is asked for its exit code until it ends.
   */
  perform(operation: EngineOperation, options: PerformOptions): Promise<Performed>;
  /** The end of a container's output; "" if it cannot be read. It may hold secrets. */
  lastOutput(container: string): Promise<string>;
  /** Opens the event stream, keeps it open, and calls back for each change that concerns us. The result closes it. */
  watch(listener: (change: Change) => void): () => void;
  close(): void;
}
