import type { Operation } from '../../model/plan.ts';
import { slotKey } from '../../model/subject.ts';
import type { Decision, ServiceDecision } from './decision.ts';

/**
 * A service whose replicas can never take turns, as update_config wants it: the replica whose turn it is waits for something that waits for one whose turn
 * comes later. Services can wait for each other so, too. undefined: there is none.
 */
export function stuckTurn(
  services: ReadonlyMap<string, ServiceDecision>,
  operations: readonly Operation[],
): string | undefined {
  const turns = new Map<string, string[][]>();
  for (const [name, { decisions }] of services) {
    if (!decisions.some((decision) => hasToWait(decision, name))) continue;
    const pending = decisions
      .filter((decision) => !hasToWait(decision, name))
      .map(({ slot }) => workOn(slotKey(slot.id), operations))
      .filter((work) => work.length > 0);
    if (pending.length > 0) turns.set(name, pending.map(heldByTurns));
  }
  const isMoving = (replicas: string[][]): boolean => replicas.some((held) => !held.some((name) => turns.has(name)));
  for (let before = -1; before !== turns.size; ) {
    before = turns.size;
    for (const [name, replicas] of turns) if (isMoving(replicas)) turns.delete(name);
  }
  return [...turns.keys()].sort()[0];
}

const hasToWait = ({ change }: Decision, service: string): boolean => change.withheld?.turnOf === service;

const workOn = (slot: string, operations: readonly Operation[]): Operation[] =>
  operations.filter(
    ({ subject, onlyIfFailed }) => subject.kind === 'slot' && onlyIfFailed === undefined && slotKey(subject) === slot,
  );

/** The services whose turns hold this work. */
const heldByTurns = (work: readonly Operation[]): string[] => work.flatMap(({ withheld }) => withheld?.turnOf ?? []);
