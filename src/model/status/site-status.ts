import type { Withheld } from '../plan.ts';

/**
 * The state of a site, made in one place from what its agent knows. Times are RFC 3339 by the clock of the site. An app has three axes, as in Argo CD: is it as Git
 * says (`sync`), is it well (`health`), and does the agent work on it (`operation`)?
 */
export interface SiteStatus {
  site: string;
  /** The moment that all of this describes. */
  asOf: string;
  verdict: Verdict;
  agent: { version: string; startedAt: string };
  git: GitStatus;
  engine: EngineStatus;
  policy: PolicyStatus;
  apps: AppStatus[];
}

/** The policy of the site. `none`: Git decides everything. */
export interface PolicyStatus {
  profile: string;
  digest?: string | undefined;
}

export interface Verdict {
  is: 'well' | 'busy' | 'unwell';
  /** Why it is not well, or what it is busy with. */
  reasons: string[];
}

export interface GitStatus {
  /** Without credentials. */
  repo: string;
  /** The commit that was accepted last. Absent: none was. */
  commit?: string | undefined;
  /** The commit that the Site pins there. */
  pinned?: string | undefined;
  /** The last time that Git answered. Absent: not since the agent started. */
  contactAt?: string | undefined;
  /** A newer commit that is not accepted, and why. */
  refused?: Trouble | undefined;
  /** Why Git cannot be read now. */
  trouble?: Trouble | undefined;
}

export interface EngineStatus {
  /** Name and version, as the engine gives them. Absent: it was never seen. */
  product?: string | undefined;
  /** The last time that the site was seen. */
  seenAt?: string | undefined;
  /** Why the site cannot be seen now. */
  trouble?: Trouble | undefined;
}

/** Something that is wrong, in words, since when. */
export interface Trouble {
  text: string;
  since: string;
}

export type Sync = 'synced' | 'outOfSync' | 'unknown';
export type Health = 'healthy' | 'progressing' | 'degraded' | 'suspended' | 'parked' | 'missing' | 'unknown';
/** `waiting`: the next operation is held, or waits for its time. */
export type OperationPhase = 'none' | 'running' | 'waiting' | 'failed';

export interface AppStatus {
  app: string;
  sync: Sync;
  health: Health;
  operation: OperationPhase;
  /** The time since which the three have been so. */
  since: string;
  /** The commit from which the app is enforced: of a broken app, the last good one. */
  revision: string;
  /** A change of Git that waits for its step of the rollout. */
  waits?: { revision: string; text: string } | undefined;
  /** Why it is not well, each once. */
  problems: string[];
  /** The last operation that failed. Absent: none has since the app was last as Git says. */
  lastError?: { text: string; at: string } | undefined;
  /** The operations that are held back, why, and until when. */
  held: Held[];
  services: ServiceStatus[];
  /** Differences that nobody asked for, put right since the agent started. */
  healed: { count: number; last?: { text: string; at: string } | undefined };
}

export interface Held {
  by: Withheld['by'];
  /** The thing that would release it. */
  text: string;
  /** The number of operations. */
  operations: number;
  /** For sync windows: the next opening. */
  opens?: string | undefined;
  /** The time of the next attempt. */
  nextAt?: string | undefined;
}

export interface ServiceStatus {
  service: string;
  /** The number of containers that Git wants. */
  wanted: number;
  running: number;
  /** Jobs that ran to their end. */
  completed: number;
  /** Containers that are unhealthy, restart again and again, or ended with an error. */
  unhealthy: number;
  /** The exit code of one that ended with an error. */
  failedWith?: number | undefined;
  /** Restarts by the engine, of all its containers. */
  restarts: number;
}
