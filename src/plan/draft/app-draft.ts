import type { ContainerRef } from '../../model/plan.ts';
import type { DesiredContainer } from '../../model/state.ts';
import type { AppFacts, Attempt } from '../facts/app-facts.ts';
import type { Draft } from './draft.ts';

/** The plan of one app while its decisions are turned into operations. */
export interface AppDraft {
  facts: AppFacts;
  draft: Draft;
  /** The services that were drafted already, by name. */
  services: ReadonlyMap<string, SlotDraft[]>;
}

/** The handles of a slot's operations that others have to be in order with. */
export interface SlotDraft {
  number: number;
  wanted: DesiredContainer;
  ref: ContainerRef;
  /** Operations after which the container, and the hooks after its start, are done. */
  started: number[];
  /** For a replacement or restart: the operations after which the old run may be stopped, and the stops. */
  swap?: { ready: number[]; stopped: number[] };
  /**
   * A start that may have to wait for another container to let go of a host port, an address, a device or data. `beside`: a service whose
   * containers run on meanwhile.
   */
  start?: { handle: number; ready: number[]; beside?: string | undefined } | undefined;
  /** The change of its name, which may have to wait for the name. */
  rename?: number | undefined;
}

/** The work on one slot: the operations of one attempt on it. */
export interface SlotWork {
  app: AppDraft;
  wanted: DesiredContainer;
  change: Attempt;
}
