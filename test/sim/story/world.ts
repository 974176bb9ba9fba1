import type { SitePolicy } from '../../../src/policy/site-policy.ts';
import type { SiteSecrets } from '../../../src/secrets/site-secrets.ts';
import type { History } from '../world/history.ts';
import type { Random } from '../world/random.ts';
import type { SimulatedDisk } from '../world/simulated-disk.ts';
import type { SimulatedEngine } from '../world/simulated-engine.ts';
import type { SimulatedSource } from '../world/simulated-source.ts';
import type { VirtualClock } from '../world/virtual-clock.ts';

/** One site with all around it, and the agent that runs there. */
export interface World {
  site: string;
  stateDir: string;
  filesDir: string;
  random: Random;
  clock: VirtualClock;
  disk: SimulatedDisk;
  engine: SimulatedEngine;
  source: SimulatedSource;
  history: History;
  agent: AgentHandle;
  /** The site asks who signed; its server may be in wrong hands then. */
  isTrusting: boolean;
  /** The site's own policy. Absent: it has none. */
  policy?: SitePolicy | undefined;
  /** The keys for encrypted files. Absent: the site has none. */
  secrets?: SiteSecrets | undefined;
  /** Names of foreign containers that have the names of ours; they go before the end. */
  squatters: Set<string>;
  /** IDs of foreign containers that run and must never be touched. */
  foreign: Set<string>;
}

/** The agent's process as its supervisor sees it: whenever it is gone, it is started again some seconds later. */
export interface AgentHandle {
  kill(why: string): void;
  /** Dies at the nth effect from now. */
  dieSoon(effects: number, moment: 'before' | 'after'): void;
  stopGently(): void;
  /** It need not die soon after all. */
  cancelDeath(): void;
}
