import { own } from '../lib/own.ts';
import type { Memory } from '../model/memory.ts';
import type { Cause, ContainerRef, PlanProblem, Withheld } from '../model/plan.ts';
import type { IpamPool } from '../model/spec.ts';
import type { ActualSite, DesiredApp, DesiredContainer, DesiredService } from '../model/state.ts';
import type { Retry, Subject } from '../model/subject.ts';
import { createDraft, type Draft } from './draft/draft.ts';
import type { Neighbours } from './facts/neighbours.ts';
import type { Change, PlanOptions } from './facts/policy.ts';

/** What is known, and what has been drafted so far, while one app is planned. */
export interface AppContext {
  site: string;
  desired: DesiredApp;
  /** Digest of all the app wants. */
  digest: string;
  actual: ActualSite;
  memory: Memory;
  options: PlanOptions;
  neighbours: Neighbours;
  draft: Draft;
  problems: PlanProblem[];
  /** Monotonic milliseconds. */
  now: number;
  /** Nothing new was asked for since the app last converged. */
  settled: boolean;
  hold(change: Change): Withheld | undefined;

  /** Handles of the operations that make a network, volume or image usable, by name; an absent key: usable already. */
  networks: Map<string, number[]>;
  volumes: Map<string, number>;
  images: Map<string, number>;
  /** By name: networks that are to be made anew and may not be now: the creation, which is withheld, and the pools until then. */
  awaited: Map<string, { created: number; pools: readonly IpamPool[] }>;
  /** Names of networks that this plan creates anew. */
  newNetworks: Set<string>;
  /** Why a network, volume or image cannot be used, by name. */
  unusable: Map<string, string>;
  /** Writes of host files, by path. */
  files: Map<string, number>;
  /** Files that Git has dropped and that lie where another of its files or its folder is to be, by path: the write that they make way for. */
  replaced: Map<string, number>;
  /** By container ID: the operations that stop it, remove it, or start it while its replacement has to wait. */
  stops: Map<string, number>;
  removals: Map<string, number>;
  healed: Map<string, number>;
  /** By the handle of a start: the hooks that follow it. */
  hooked: Map<number, number[]>;
  /** By container ID: networks that are made anew, which it has left for that, and the operations that join it again. */
  leftFor: Map<string, Set<string>>;
  rejoined: Map<string, number[]>;
  /**
   * Renames and starts that may have to wait for another container to let go of a name or a host port. `beside` is a service whose containers
   * run on meanwhile.
   */
  renames: { handle: number; container: ContainerRef; wanted: DesiredContainer }[];
  starts: { handle: number; wanted: DesiredContainer; ready: number[]; beside?: string }[];
  services: Map<string, ServiceProgress>;
}

/** How far a service is, for those that depend on it. */
export interface ServiceProgress {
  /** Operations after which all its containers have been started. */
  started: number[];
  containers: PlaceProgress[];
  /** Why it cannot be brought about; those that need it wait. */
  blocked?: string;
}

export interface PlaceProgress {
  number: number;
  ref: ContainerRef;
  /** This plan replaces or starts it: what was observed of it no longer counts. */
  changed: boolean;
  /** It is or will be another container than before. */
  replaced: boolean;
  healthy: boolean;
  completed: boolean;
  /** It is made good, but there is no telling whether that helps: what does not require it need not wait for it. */
  failing?: true;
  /** What it may still become by itself. */
  may: { healthy: boolean; completed: boolean };
  /** It stays and is stopped and started again. */
  restarted?: true;
  /** Of a replacement or restart: after what the old run may be stopped, and the stops. */
  swap?: { ready: number[]; stopped: number[] };
  /** Gates on it that were drafted already. */
  gates: { healthy?: number; completed?: number };
}

/** One place being worked on; what all its operations have in common. */
export interface PlaceWork {
  context: AppContext;
  service: DesiredService;
  wanted: DesiredContainer;
  subject: Subject & { kind: 'slot' };
  cause: Cause;
  retry: Retry;
  withheld: Withheld | undefined;
}

export function createContext(
  input: Pick<AppContext, 'site' | 'desired' | 'digest' | 'actual' | 'memory' | 'options' | 'neighbours' | 'now'>,
): AppContext {
  const { desired, memory, neighbours } = input;
  return {
    ...input,
    draft: createDraft(),
    problems: [],
    settled: own(memory.applied, desired.name) === input.digest,
    hold: (change) => neighbours.hold(desired.name, change),
    networks: new Map(),
    volumes: new Map(),
    images: new Map(),
    awaited: new Map(),
    newNetworks: new Set(),
    unusable: new Map(),
    files: new Map(),
    replaced: new Map(),
    stops: new Map(),
    removals: new Map(),
    healed: new Map(),
    hooked: new Map(),
    leftFor: new Map(),
    rejoined: new Map(),
    renames: [],
    starts: [],
    services: new Map(),
  };
}

/** `withheld` as a part of an operation, absent when nothing holds it back. */
export const held = (withheld: Withheld | undefined): { withheld?: Withheld } => (withheld ? { withheld } : {});
