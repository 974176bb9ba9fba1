import type { Hook } from './spec.ts';

/**
 * The facts that a site must remember because no engine tells them. They are on the disk, written only when they changed. Monotonic times are not
 * stored: after a restart of the agent every backoff begins again at the step it had reached.
 */
export interface Memory {
  /** The goal of each container that ran to its end, by `app/service/number`. A container that is pruned by hand is not run again. */
  completed: Record<string, string>;
  /**
   * Digest of the desired state that an app last converged to; "" since something of another one was begun. A difference without a
   * new digest is drift.
   */
  applied: Record<string, string>;
  /** The goal of each slot when its app last converged, by `app/service/number`: while a change waits, only this tells what ran before. */
  settled: Record<string, string>;
  /** The digest of the app whose change has begun, by app: neither windows that close nor other apps hold the rest of it. Written before it begins. */
  begun: Record<string, string>;
  /** The change that each app was brought to, and the hooks of its changes, by app. */
  changes: Record<string, AppChanges>;
  /** The hooks that run, by `app/service`: the container, and monotonic milliseconds since when it was seen. Not stored. */
  hookRuns: Record<string, { container: string; since: number }>;
  /** Attempts that failed or may have to be repeated, by `retryKey`. */
  backoffs: Record<string, Backoff>;
  /** Containers that were replaced for drift of their own again and again, by `app/service/number`. */
  replacements: Record<string, Replacements>;
  /** The app digest for which images with pull_policy always were pulled, by `app/service`. */
  pulled: Record<string, string>;
  /** Slots whose post_start hooks have yet to run, by `app/service/number`: written before the start, so that no crash loses them. */
  pendingHooks: Record<string, PendingHooks>;
  /** The pre_stop hooks that Git named last, by `app/service`. A container that Git no longer names is stopped by them. */
  preStop: Record<string, Hook[]>;
  /** The pauses that update_config makes between replicas, by `app/service`; `goal` is the app's digest. */
  rollouts: Record<string, { goal: string; pauseMs: number; until: number }>;
  /** The apps that each app depends on, and those that what runs of it may still need: it is changed or removed before them. */
  dependsOn: Record<string, string[]>;
  /** The last run of containers that ended because their app was parked, by `app/service/number`: written before they are stopped. */
  parked: Record<string, string>;
  /** Files of Git written below an app's folder, by app, path to digest; only these may be removed. */
  files: Record<string, Record<string, string>>;
  /**
   * Adopted containers that are here, by app and ID, with the digests that our labels tell of other containers. Once Git no
   * longer names an app, only this tells whose they are.
   */
  adopted: Record<string, Record<string, AdoptedDigests>>;
}

/** A change of an app: the digest of all that it would be on its site. */
export interface ChangeMark {
  digest: string;
  /** The revision and the version of Holdfast that the digest was made for: a newer version may make another one of the same files. */
  revision: string;
  program: string;
}

export interface AppChanges {
  /** The change that was done last, hooks included. Absent since something of another one was begun. */
  made?: ChangeMark | undefined;
  /** The change whose hooks were begun last: the hooks that have completed, and the containers of failed runs that were told, by hook. */
  hooks?: (ChangeMark & { done: string[]; failed: Record<string, string> }) | undefined;
}

/** As the labels that containers of ours have. */
export interface AdoptedDigests {
  filesDigest: string;
  contentDigest: string;
  /** Absent in the memory of 0.1.0, and where Git does not have the service. */
  hooksDigest?: string | undefined;
}

export interface PendingHooks {
  /** The runs that there were before (runOf in plan/facts/containers.ts): a later run has yet to have its hooks. */
  before: string[];
  /** The number of hooks that have run since. */
  done: number;
}

export interface Backoff {
  /** The goal of the attempts, as a hash. Attempts for another goal are counted from zero. */
  goal: string;
  /** In a row. */
  failures: number;
  /** Monotonic milliseconds before which it is not tried again. */
  until: number;
  /** Monotonic milliseconds since which it has been well; absent while it is not. */
  wellSince?: number;
  /** The last error, in words, without secrets. */
  error: string;
}

/** The replacements of a container for the same drift: see plan/decide/slot/replacement-loop.ts. */
export interface Replacements {
  /** The wanted state and the fields that differed. Other ones are counted from zero. */
  goal: string;
  count: number;
  /** Monotonic milliseconds before which it is not replaced again. */
  until: number;
}

export const emptyMemory = (): Memory => ({
  completed: {},
  applied: {},
  settled: {},
  begun: {},
  changes: {},
  hookRuns: {},
  backoffs: {},
  replacements: {},
  pulled: {},
  pendingHooks: {},
  preStop: {},
  rollouts: {},
  dependsOn: {},
  parked: {},
  files: {},
  adopted: {},
});
