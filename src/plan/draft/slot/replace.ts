import { inheritable } from '../../../container/fields/mounts.ts';
import type { Replacement, Slot } from '../../decide/decision.ts';
import { finding } from '../../facts/app-facts.ts';
import { isUp } from '../../facts/containers.ts';
import { freeName } from '../../facts/temporary-names.ts';
import type { SlotDraft, SlotWork } from '../app-draft.ts';
import { create, discard, type Made, remove, rename, start } from './steps.ts';
import { takeOver } from './take-over.ts';

/** No container claims the slot. */
export function draftCreate(work: SlotWork, slot: Slot, after: number[]): SlotDraft {
  const { app, wanted, change } = work;
  const { containers } = app.facts.actual;
  // A container of ours that will lose this name holds it for now.
  const isTaken = containers.some(({ name, status }) => name === wanted.name && status !== 'removing');
  const name = isTaken ? freeName(wanted, containers) : wanted.name;
  const reason = finding(change.cause === 'drift' ? 'gone' : 'no such container', change);
  const { ref, ready } = create(work, slot, { name, spec: wanted.spec, inherit: {}, reason, after });
  const { started, up } = start(work, ref, 'new', ready);
  return {
    ...blank(slot, ref),
    started: up,
    start: { handle: started, ready },
    rename: isTaken ? rename(work, ref, [started], nameOf(slot)) : undefined,
  };
}

/** Stop first: the old container is stopped, then its successor is started. */
export function draftReplace(work: SlotWork, slot: Slot, decision: Replacement, after: number[]): SlotDraft {
  const { engine } = work.app.facts.actual;
  // One that another container has joined can only go after that one, which may wait for the successor.
  const later = engine.can.removesJoined
    ? []
    : decision.leftovers.filter((each) => each.name !== decision.name && !isUp(each));
  const leftovers = decision.leftovers.filter((each) => !later.includes(each));
  const { ref, ready } = draftSuccessor(work, slot, { ...decision, leftovers }, after);
  const { started, up, stopped, removed } = takeOver(work, ref, decision.others, ready);
  const cleared = later.map((each) => remove(work, each, LEFT_OVER, [started]));
  return {
    ...blank(slot, ref),
    started: up,
    swap: { ready, stopped },
    start: { handle: started, ready },
    rename: rename(work, ref, [...removed, ...cleared], nameOf(slot)),
  };
}

const LEFT_OVER = 'left over from an interrupted replacement';

/** A successor under its temporary name, not started. */
export function draftSuccessor(
  work: SlotWork,
  slot: Slot,
  { old, leftovers, name, again }: Replacement,
  after: number[],
): Made {
  const { container, update } = old;
  const cleared = leftovers.map((each) => discard(work, each, LEFT_OVER));
  // Changes in place come along: people read all that changes.
  const reasons = [...old.replace, ...(update?.reasons ?? [])];
  return create(work, slot, {
    name,
    spec: old.asked,
    // The engine finds out which of them the image declares: a tag may have moved since we looked.
    inherit: inheritable(work.wanted.spec, undefined, container.anonymousVolumes),
    again,
    fields: old.changed,
    reason: finding(
      `replaces ${container.name}${container.adopted ? ', which docker compose made' : ''}: ${reasons.join('; ')}`,
      work.change,
    ),
    after: [...after, ...cleared],
  });
}

/** The draft of a slot before anything is ordered with it. */
export const blank = ({ id, wanted }: Slot, ref: SlotDraft['ref']): Pick<SlotDraft, 'number' | 'wanted' | 'ref'> => ({
  number: id.number,
  wanted,
  ref,
});

export const nameOf = ({ service }: Slot): string => `the name that ${service.name} gets`;
