import type { HostFiles } from '../apply/host-files.ts';
import type { Territory } from '../apply/territory.ts';
import type { CompileOptions } from '../compose/load/values/values.ts';
import type { Engine } from '../engine/engine.ts';
import type { Host } from '../host/host.ts';
import type { Clock } from '../lib/clock.ts';
import type { Disk } from '../lib/disk.ts';
import type { Log } from '../lib/log.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Plan } from '../model/plan.ts';
import type { ActualSite } from '../model/state.ts';
import type { SitePolicy } from '../policy/site-policy.ts';
import type { Subscribe } from '../source/follow/link.ts';
import type { Source } from '../source/source.ts';
import type { Trust } from '../trust/trust.ts';
import type { TimeEvidence } from './time/trusted-clock.ts';

/** The effects of an agent, the repo and site it works for, and its intervals. */
export interface AgentOptions {
  clock: Clock;
  disk: Disk;
  /** Files of Git on the site's disk. */
  files: HostFiles;
  /** The folders that these files may be in, by the site's own settings; without it, all are allowed. */
  territory?: Territory;
  engine: Engine;
  source: Source;
  log: Log;
  /** For the log and the state; without credentials. */
  repo: string;
  /** The revision to follow; empty for the repo's HEAD. */
  revision: string;
  /** The config repo's folder in the repo; none for its root. */
  path?: string | undefined;
  site: string | undefined;
  /** Absolute. */
  stateDir: string;
  /** The version of this Holdfast. */
  program: string;
  /** Called for each compilation, since the site's own values may change at any time. */
  compile: () => Promise<CompileOptions>;
  /** Reads the site's trust file, at each poll; absent if the site believes its repo. Throws InputError. */
  trust?: (() => Promise<Trust>) | undefined;
  /** Reads the site's policy, at each poll; absent if the site allows everything. Throws InputError. */
  policy?: (() => Promise<SitePolicy>) | undefined;
  /** The evidence for the time that sync windows go by. Absent: only beacons are. */
  time?: TimeEvidence;
  /** The machine, for what apps require. Absent: nothing of it is seen. */
  host?: Host | undefined;
  intervalMs: number;
  resyncMs: number;
  /** Called when the network may be back. */
  onLink?: Subscribe;
  onPlan?: (plan: Plan, actual: ActualSite) => void;
  onOutcome?: (outcome: Outcome) => void;
}

/** The revision and the folder that an agent follows, as Git writes them: REVISION:PATH. */
export const refOf = ({ revision, path }: AgentOptions): string => (path ? `${revision}:${path}` : revision);
