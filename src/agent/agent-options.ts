import type { HostFiles } from '../apply/host-files.ts';
import type { Territory } from '../apply/territory.ts';
import type { CompileOptions } from '../compose/load/values/values.ts';
import type { Engine } from '../engine/engine.ts';
import type { Clock } from '../lib/clock.ts';
import type { Disk } from '../lib/disk.ts';
import type { Log } from '../lib/log.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Plan } from '../model/plan.ts';
import type { ActualSite } from '../model/state.ts';
import type { Subscribe } from '../source/link.ts';
import type { Source } from '../source/source.ts';
import type { Trust } from '../trust/trust.ts';

/** All that an agent is given: its effects, its place, and how often it looks. */
export interface AgentOptions {
  clock: Clock;
  disk: Disk;
  /** Files of Git on the site's disk. */
  files: HostFiles;
  /** Where they may lie, by the site's own settings; absent where nothing is asked. */
  territory?: Territory;
  engine: Engine;
  source: Source;
  log: Log;
  /** For the log and the state; without credentials. */
  repo: string;
  /** What is followed there; empty for its HEAD. */
  revision: string;
  /** The config repo's folder in the repo; none for its root. */
  path?: string | undefined;
  site: string | undefined;
  /** Absolute. */
  stateDir: string;
  /** Read anew at each compilation, since the site's own values may change under us. */
  compile: () => Promise<CompileOptions>;
  /** Whom the site trusts, by its own file, read anew at each poll; absent where it believes its repo. Throws InputError. */
  trust?: () => Promise<Trust>;
  intervalMs: number;
  resyncMs: number;
  /** Tells that the network may be back. */
  onLink?: Subscribe;
  onPlan?: (plan: Plan, actual: ActualSite) => void;
  onOutcome?: (outcome: Outcome) => void;
}
