import type { Engine } from '../engine/engine.ts';
import { createSemaphore, type Semaphore } from '../lib/semaphore.ts';
import type { HostFiles } from './host-files.ts';

/** Everything on a site that a plan changes. */
export interface Effects {
  engine: Engine;
  files: HostFiles;
  /** Taken for each operation but a pull, by all apps of the site. */
  slots: Semaphore;
  /** Pulls take long and need little of the engine. */
  pullSlots: Semaphore;
  /** The ID of the agent, for the labels of what it makes; absent: a command on a laptop. */
  agent?: string | undefined;
}

/** Above about eight starts at once an engine gets slower, and old ones get confused. */
const PARALLEL_OPERATIONS = 8;
const PARALLEL_PULLS = 3;

export const createEffects = (engine: Engine, files: HostFiles, agent?: string): Effects => ({
  engine,
  files,
  slots: createSemaphore(PARALLEL_OPERATIONS),
  pullSlots: createSemaphore(PARALLEL_PULLS),
  agent,
});
