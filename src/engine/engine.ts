import type { ContainerRef, Operation } from '../model/plan.ts';
import type { ActualSite, EngineFacts } from '../model/state.ts';

/** What the planner needs to know besides the containers. */
export interface Need {
  /** References of images that the desired state uses. */
  images: string[];
  /** Apps whose containers are ours when `docker compose` made them. Absent: as the last time. */
  adopt?: readonly string[];
}

/** Something of ours changed, or may have: look again. `app` is absent when it may concern any. */
export interface Change {
  app?: string;
  /** In words, for the log: `web-1 died`. */
  what: string;
}

/** Operations that an engine carries out; the rest are the site's disk and the gates. */
export type EngineOperation = Exclude<Operation, { kind: 'writeFile' | 'removeFile' | 'await' }>;

export interface Performed {
  /** Of a createContainer. */
  containerId?: string;
  warnings: string[];
}

export interface PerformOptions {
  /** Whose operation it is: networks and volumes get its labels. */
  app: string;
  /** The agent that it is marked with; absent: none. */
  agent?: string | undefined;
  resolve: (ref: ContainerRef) => string;
  signal: AbortSignal;
}

/** A site's container engine as all other stages see it. Throws EngineError. */
export interface Engine {
  facts(): Promise<EngineFacts>;
  /**
   * Everything of ours, and the names, networks, volumes and images it may meet. While the event stream is whole an observation
   * costs one list call; inspects are made of what changed. `files` is left empty: the disk is another's.
   */
  observe(need: Need): Promise<ActualSite>;
  /** The folders that the containers of each Compose project were started from: ours, and those that could be adopted. Sorted. */
  stacks(): Promise<Record<string, string[]>>;
  /** The next observation believes nothing it remembers. */
  forget(): void;
  /**
   * Carries out one operation: one effect. It may take several calls: a create looks at the image first, Podman removes networks by a name that is
   * looked up, and a command in a container is asked for its exit code until it ends.
   */
  perform(operation: EngineOperation, options: PerformOptions): Promise<Performed>;
  /** The end of what a container has printed; "" where that cannot be had. It may hold secrets. */
  lastOutput(container: string): Promise<string>;
  /** Opens the event stream and keeps it open; calls back for what concerns us. The result closes it. */
  watch(listener: (change: Change) => void): () => void;
  close(): void;
}
