import { own } from '../../lib/own.ts';
import type { Memory, Replacements } from '../../model/memory.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { Withheld } from '../../model/plan.ts';
import { slotKey } from '../../model/subject.ts';
import type { PlaceWork } from '../context.ts';
import type { Assessment } from './assess.ts';

/**
 * A container that is made anew again and again for the same field, although Git asks for nothing new, is better off as it is: something else
 * changes it, or the engine does not keep what it is told. After three times it is replaced ever more rarely, which never ends.
 */
const FREE = 3;
/** Milliseconds: after the third time, doubling to the last. */
const PAUSES_MS = [600_000, 21_600_000] as const;
/** Milliseconds, from when it might have been replaced again, after which the earlier ones are forgotten. */
const FORGOTTEN_MS = 600_000;

/** What a replacement counts as; undefined where it is no drift of the container itself. */
export function loopOf(work: PlaceWork, old: Assessment): { goal: string; fields: string } | undefined {
  if (!old.madeForThis || old.fields.length === 0) return undefined;
  const fields = old.fields.join(', ');
  // Another image under the same name is something new.
  const image = old.fields.includes('image') ? own(work.context.actual.images, work.wanted.spec.Image)?.id : '';
  return { goal: `${work.retry.goal} ${fields} ${image}`.trim(), fields };
}

/** Why a replacement has to wait. People are told which field it is. */
export function holdLoop(work: PlaceWork, old: Assessment): Withheld | undefined {
  const { context, service } = work;
  const loop = loopOf(work, old);
  const known = loop && context.memory.replacements[slotKey(work.subject)];
  if (!known || known.goal !== loop.goal || known.count < FREE) return undefined;
  const error = `${old.container.name} was replaced ${known.count} times for ${loop.fields}, and still differs: ${old.replace.join('; ')}`;
  const hint = `find out who changes ${loop.fields}, or let the site own it (ignoreDifferences)`;
  context.problems.push({ severity: 'error', service: service.name, message: error, hint });
  if (known.until <= context.now) return undefined;
  const wait = Math.ceil((known.until - context.now) / 1000);
  return {
    by: 'backoff',
    text: `replaced ${known.count} times for ${loop.fields}, again in ${wait} s`,
    until: known.until,
    error,
  };
}

/** Counts the replacements of an outcome; changes `replacements` in place. */
export function learnReplacements(replacements: Memory['replacements'], outcome: Outcome, now: number): void {
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
