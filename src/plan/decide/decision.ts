import type { FieldChange, PlanProblem, Withheld } from '../../model/plan.ts';
import type { ContainerSpec, EndpointSpec } from '../../model/spec.ts';
import type { ActualContainer, DesiredContainer, DesiredService } from '../../model/state.ts';
import { type AppFacts, type Attempt, finding } from '../facts/app-facts.ts';
import type { NamedSlot } from '../facts/containers.ts';
import type { ResourceDecisions } from './resources.ts';
import type { Assessment } from './slot/assess.ts';

/** One slot of a service and the containers that claim it, compared with what Git wants there. Nothing changes it. */
export interface Slot extends NamedSlot {
  /** The change that makes the slot what Git wants. */
  change: Attempt;
  /** Containers that the engine is removing already. */
  leaving: ActualContainer[];
  /** All others. */
  present: Assessment[];
  /** The one that needs no successor: it is right, or can be put right as it is. */
  current?: Assessment | undefined;
  /** The present ones but `current`. */
  others: ActualContainer[];
  /** A container that ran to its end for just this spec is remembered. */
  hasCompleted: boolean;
  /** `order: start-first`: `current` runs under its temporary name beside the one that it is to replace. */
  isOnTrial: boolean;
}

/**
 * The decision on one slot. It names containers, resources and services, never operations: draft/slot/ turns it into those.
 *
 * - `completed`: a one-shot has done its work, and no container is left of it.
 * - `blocked`: it cannot be brought about, for a reason that people are told.
 * - `create`: no container claims the slot.
 * - `replace`: stop the old container, then start its successor.
 * - `replaceBeside`: `order: start-first`. The successor runs on trial beside the old container.
 * - `continueTrial`: a successor of an earlier pass is on trial.
 * - `keep`, `start`, `restart`, `unpause`: the right container is there.
 */
export type Decision = Common &
  (
    | { kind: 'completed' }
    | { kind: 'blocked'; reason: string; needs: Need[]; repairs?: Repairs }
    | { kind: 'create'; needs: Need[] }
    | ({ kind: 'replace' } & Replacement)
    | ({ kind: 'replaceBeside'; watched?: Withheld | undefined } & Replacement)
    /** `watched`: it runs, and is watched for longer before it takes over. */
    | ({ kind: 'continueTrial'; needs: Need[]; watched?: Withheld | undefined } & Current)
    | ({ kind: 'start'; needs: Need[] } & Current)
    | ({ kind: 'restart' | 'unpause' } & Current)
    /** `with`: it stays, and is stopped and started again with a service that it depends on. */
    | ({ kind: 'keep'; with?: RestartWith } & Current)
  );

interface Common {
  slot: Slot;
  change: Attempt;
  problems: PlanProblem[];
  /** A container on trial that failed: it goes first. */
  failedTrial?: ActualContainer;
  previous?: Previous | undefined;
}

/** While the slot cannot become what Git wants, its last good container runs. */
export interface Previous {
  container: ActualContainer;
  /** As Git describes it, without what is new for its successor. */
  wanted: DesiredContainer;
  change: Attempt;
  needs: Need[];
}

export interface Replacement {
  needs: Need[];
  /** The temporary name of the successor. */
  name: string;
  /** The container that the successor is made from. */
  old: Assessment;
  /** `old` and others that run: they go once the successor runs. */
  others: ActualContainer[];
  /** Left by a replacement that was interrupted. They go first, as they may hold the temporary name. */
  leftovers: ActualContainer[];
  /** Why this one is replaced although it was made for the same spec. */
  again?: { goal: string; fields: string } | undefined;
}

/** The right container is there. */
export interface Current {
  container: ActualContainer;
  /** Other containers that claim the slot. They go. */
  others: ActualContainer[];
  repairs: Repairs;
  /** The first post_start hook that an earlier start still owes. */
  hooksFrom?: number | undefined;
  /** Its final name, where it has another one. */
  rename?: { reason: string; change: Attempt } | undefined;
}

/** The differences that are put right in a container as it is. */
export interface Repairs {
  change: Attempt;
  disconnect: { network: string; reason: string; needs: Need[] }[];
  /** `waits`: for its network to be made again. Until then it stays on the one that there is, and is started there. */
  connect: { network: string; endpoint: EndpointSpec; reason: string; needs: Need[]; waits: boolean }[];
  update?: { changes: Partial<ContainerSpec>; reasons: string[]; fields: FieldChange[] } | undefined;
  /** A network that it needs cannot be used. */
  blocked?: string | undefined;
}

/** `isNew`: the dependency gets a new container. Else it is restarted. */
export interface RestartWith {
  dependency: string;
  isNew: boolean;
  change: Attempt;
}

/** Something that this pass does before a container can be made or started. `isHeld`: it will not come about in this pass. */
export type Need = { isHeld: boolean } & (
  | { kind: 'pull'; pull: Pull }
  | { kind: 'network' | 'volume'; name: string }
  | { kind: 'file'; path: string }
  /** `slots`: the numbers whose condition has to be awaited. */
  | {
      kind: 'service';
      service: string;
      condition: 'started' | 'healthy' | 'completed';
      slots: number[];
      isSlow: boolean;
    }
);

export interface Pull {
  image: string;
  platform?: string | undefined;
  always: boolean;
  reason: string;
  change: Attempt;
}

/** Everything that a decision may depend on: the facts, and what was decided of resources and of earlier services. */
export interface Known {
  facts: AppFacts;
  resources: ResourceDecisions;
  /** Pulls of `pull_policy: always`. */
  alwaysPulled: readonly Pull[];
  /** In the order of decision: each service after those it depends on or joins. */
  services: ReadonlyMap<string, ServiceDecision>;
}

export interface ServiceDecision {
  service: DesiredService;
  decisions: Decision[];
  /** Why it cannot be brought about. Services that need it wait. */
  blocked?: string | undefined;
  /** A container of it will not be started in this pass. */
  isHeld: boolean;
}

/** The reason to start a container that does not run. */
export function stoppedReason(container: ActualContainer, change: Attempt): string {
  const { status, error, oomKilled, exitCode, endedParked } = container;
  if (endedParked) return 'was parked';
  if (status === 'created') return error ? `did not start: ${error}` : 'created but never started';
  return finding(oomKilled ? 'ran out of memory' : `exited with ${exitCode}`, change);
}
