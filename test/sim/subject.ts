import type { EngineApi } from '../../src/engine/api.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Disk } from '../../src/lib/disk.ts';
import type { Log } from '../../src/lib/log.ts';
import type { SiteStatus } from '../../src/model/status.ts';
import type { Source } from '../../src/source/source.ts';

/** All that one life of the agent gets of the world. */
export interface AgentWorld {
  site: string;
  stateDir: string;
  filesDir: string;
  clock: Clock;
  disk: Disk;
  api: EngineApi;
  source: Source;
  log: Log;
}

export interface RunningAgent {
  /** Ends cleanly. */
  stop(): Promise<void>;
  status(): SiteStatus | undefined;
}

/** Starts what is under test: once for every life. */
export type Subject = (world: AgentWorld) => RunningAgent;
