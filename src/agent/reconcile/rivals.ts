import type { Log } from '../../lib/log.ts';
import type { OperationResult } from '../../model/outcome.ts';
import type { Operation } from '../../model/plan.ts';
import type { ActualSite } from '../../model/state.ts';

/** Milliseconds. Two changes by somebody else within this time are a conflict; it ends after as long without one. */
const WINDOW_MS = 10 * 60_000;

/**
 * Notices that somebody else keeps this site too, for example a second agent with the same site name. The sign: twice, after this agent made or removed a
 * container, somebody else made containers of the site, or removed those that this agent had just made. Another agent's label on a container is no sign: the
 * state folder may be new.
 */
export interface Rivals {
  /** This agent starts an operation; `idOf` gives the ID of a container that the same plan made. */
  begins(operation: Operation, idOf: (createdBy: number) => string | undefined): void;
  did(result: OperationResult, now: number): void;
  saw(actual: ActualSite, now: number): void;
  /** Monotonic milliseconds until which nothing is pruned; undefined: there is no conflict. */
  until(now: number): number | undefined;
}

export function createRivals(site: string, own: string, log: Log): Rivals {
  /** Containers that this agent made: ID to monotonic milliseconds. */
  const made = new Map<string, number>();
  /** Containers that it removed, or tried to remove. */
  const leaving = new Set<string>();
  let present: ReadonlySet<string> | undefined;
  let didAt: number | undefined;
  let lastAt: number | undefined;
  let over = 0;
  let isOn = false;

  const end = (now: number): void => {
    if (!isOn || now < over) return;
    isOn = false;
    log.info(`nobody else has changed the containers of site ${site} for 10 min: pruning goes on`);
  };

  function happened(now: number): void {
    // Counts only as an answer to this agent.
    if (didAt === undefined || now - didAt > WINDOW_MS) return;
    didAt = undefined;
    const isAgain = lastAt !== undefined && now - lastAt <= WINDOW_MS;
    lastAt = now;
    if (!isAgain && !isOn) return;
    over = now + WINDOW_MS;
    if (isOn) return;
    isOn = true;
    log.error(
      `somebody else makes or removes containers of site ${site} right after this agent (${own}) does, as another agent with the same site name would: nothing is pruned until that has not been so for 10 min. Give each agent a --site of its own`,
    );
  }

  return {
    begins(operation, idOf) {
      if (operation.kind !== 'removeContainer') return;
      const { container } = operation;
      const id = container.id !== undefined ? container.id : idOf(container.createdBy);
      if (id !== undefined) leaving.add(id);
    },
    did(result, now) {
      const { kind } = result.operation;
      if (result.status !== 'done' || (kind !== 'createContainer' && kind !== 'removeContainer')) return;
      didAt = now;
      if (kind === 'createContainer' && result.containerId) made.set(result.containerId, now);
    },
    saw({ containers }, now) {
      end(now);
      const before = present;
      const here = new Set(containers.map(({ id }) => id));
      present = here;
      if (!before) return;
      const isTaken = [...made].some(
        ([id, at]) => now - at <= WINDOW_MS && before.has(id) && !here.has(id) && !leaving.has(id),
      );
      const isMade = containers.some(
        ({ id, agent, adopted }) => !before.has(id) && !made.has(id) && !adopted && agent !== own,
      );
      for (const [id, at] of made) if (!here.has(id) && (before.has(id) || now - at > WINDOW_MS)) made.delete(id);
      for (const id of leaving) if (!here.has(id) && !before.has(id)) leaving.delete(id);
      if (isTaken || isMade) happened(now);
    },
    until(now) {
      end(now);
      return isOn ? over : undefined;
    },
  };
}
