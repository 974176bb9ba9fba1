import { own } from '../../../lib/maps/own.ts';
import type { Memory, Replacements } from '../../../model/memory.ts';
import type { Outcome } from '../../../model/outcome.ts';
import type { PlanProblem, Withheld } from '../../../model/plan.ts';
import { slotKey } from '../../../model/subject.ts';
import type { AppFacts } from '../../facts/app-facts.ts';
import type { Slot } from '../decision.ts';
import type { Assessment } from './assess.ts';

/**
 * A container may be replaced again and again for the same field although Git asks for nothing new: something else changes it, or the engine does not
 * keep what it is told. After three times it is replaced ever more rarely, which never ends.
 */
const FREE = 3;
/** Milliseconds: after the third time, doubling to the last. */
const PAUSES_MS = [600_000, 21_600_000] as const;
/** Milliseconds, from when it might have been replaced again, after which the earlier ones are forgotten. */
const FORGOTTEN_MS = 600_000;

export interface Loop {
  again: { goal: string; fields: string };
  /** The next replacement has to wait. */
  withheld?: Withheld;
  problem?: PlanProblem;
}

/** undefined: the reason for the replacement is no drift of the container itself. */
export function loopOf({ actual, memory, now }: AppFacts, slot: Slot, old: Assessment): Loop | undefined {
  if (!old.madeForThis || old.fields.length === 0) return undefined;
  const { id, service, wanted, change } = slot;
  const fields = old.fields.join(', ');
  // Another image under the same name is something new.
  const image = old.fields.includes('image') ? own(actual.images, wanted.spec.Image)?.id : '';
  const again = { goal: `${change.retry.goal} ${fields} ${image}`.trim(), fields };
  const known = memory.replacements[slotKey(id)];
  if (!known || known.goal !== again.goal || known.count < FREE) return { again };
  const message = `${old.container.name} was replaced ${known.count} times for ${fields}, and still differs: ${old.replace.join('; ')}`;
  const hint = `find out who changes ${fields}, or let the site own it (ignoreDifferences)`;
  const problem: PlanProblem = { severity: 'error', service: service.name, message, hint };
  if (known.until <= now) return { again, problem };
  const text = `replaced ${known.count} times for ${fields}, again in ${Math.ceil((known.until - now) / 1000)} s`;
  return { again, problem, withheld: { by: 'backoff', text, until: known.until, error: message } };
}

/** Counts the replacements of an outcome; changes `replacements` in place. */
export function countReplacements(replacements: Memory['replacements'], outcome: Outcome, now: number): void {
  for (const { operation, status } of outcome.results) {
    if (operation.kind !== 'createContainer' || status !== 'done' || !operation.again) continue;
    const { goal } = operation.again;
    const key = slotKey(operation.identity);
    const before = replacements[key];
    const count = (before?.goal === goal ? before.count : 0) + 1;
    replacements[key] = { goal, count, until: now + replacementPause(count) };
  }
}

/** Milliseconds until the next replacement. */
export const replacementPause = (count: number): number =>
  count < FREE ? 0 : Math.min(PAUSES_MS[1], PAUSES_MS[0] * 2 ** Math.min(count - FREE, 20));

/** Nothing was replaced for long enough. */
export const isForgotten = ({ until }: Replacements, now: number): boolean => now - until >= FORGOTTEN_MS;
