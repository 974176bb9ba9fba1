import type { EngineApi } from '../../../src/engine/api.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import type { Disk } from '../../../src/lib/disk.ts';
import type { Log } from '../../../src/lib/log.ts';
import type { SitePolicy } from '../../../src/policy/site-policy.ts';
import type { SiteSecrets } from '../../../src/secrets/site-secrets.ts';
import type { Subscribe } from '../../../src/source/follow/link.ts';
import type { Source } from '../../../src/source/source.ts';

/** All that one life of the agent gets of the world. */
export interface AgentWorld {
  site: string;
  stateDir: string;
  filesDir: string;
  clock: Clock;
  disk: Disk;
  api: EngineApi;
  source: Source;
  onLink: Subscribe;
  log: Log;
  isTrusting: boolean;
  /** Absent: the site has no policy. */
  policy?: (() => Promise<SitePolicy>) | undefined;
  secrets?: SiteSecrets | undefined;
  /** It ends by itself, as a process that exits with an error does. */
  exit(error: unknown): void;
}

export interface RunningAgent {
  /** Ends cleanly. */
  stop(): Promise<void>;
  /** The reasons why it does not call the site well at that revision, in words; empty when there is none. */
  unsettled(revision: string): string[];
}

/** Starts what is under test: once for every life. */
export type Subject = (world: AgentWorld) => RunningAgent;
