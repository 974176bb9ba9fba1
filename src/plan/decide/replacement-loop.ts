import { own } from '../../lib/own.ts';
import type { Backoff, Memory } from '../../model/memory.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { Withheld } from '../../model/plan.ts';
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

const keyOf = ({ backoff }: Pick<PlaceWork, 'backoff'>): string => backoff.key.replace(/^place /, 'loop ');

export const isLoop = (key: string): boolean => key.startsWith('loop ');

/** What a replacement counts as; undefined where it is no drift of the container itself. */
export function loopOf(work: PlaceWork, old: Assessment): { key: string; goal: string; fields: string } | undefined {
  if (!old.madeForThis || old.fields.length === 0) return undefined;
  const fields = old.fields.join(', ');
  // Another image under the same name is something new.
  const image = old.fields.includes('image') ? own(work.context.actual.images, work.wanted.spec.Image)?.id : '';
  return { key: keyOf(work), goal: `${work.backoff.goal} ${fields} ${image}`.trim(), fields };
}

/** Why a replacement has to wait. People are told which field it is. */
export function holdLoop(work: PlaceWork, old: Assessment): Withheld | undefined {
  const { context, service } = work;
  const loop = loopOf(work, old);
  const known = loop && context.memory.backoffs[loop.key];
  if (!known || known.goal !== loop.goal || known.failures < FREE) return undefined;
  const error = `${old.container.name} was replaced ${known.failures} times for ${loop.fields}, and still differs: ${old.replace.join('; ')}`;
  const hint = `find out who changes ${loop.fields}, or let the site own it (ignoreDifferences)`;
  context.problems.push({ severity: 'error', service: service.name, message: error, hint });
  if (known.until <= context.now) return undefined;
  const wait = Math.ceil((known.until - context.now) / 1000);
  return {
    by: 'backoff',
    text: `replaced ${known.failures} times for ${loop.fields}, again in ${wait} s`,
    until: known.until,
    error,
  };
}

/** Counts the replacements of an outcome; changes `backoffs` in place. */
export function learnLoops(backoffs: Memory['backoffs'], outcome: Outcome, now: number): void {
  for (const { operation, status } of outcome.results) {
    if (operation.kind !== 'createContainer' || status !== 'done' || !operation.loop) continue;
    const { key, goal, fields } = operation.loop;
    const before = backoffs[key];
    const failures = (before?.goal === goal ? before.failures : 0) + 1;
    backoffs[key] = { goal, failures, until: now + loopPause(failures), error: `replaced for ${fields}` };
  }
}

export const loopPause = (failures: number): number =>
  failures < FREE ? 0 : Math.min(PAUSES_MS[1], PAUSES_MS[0] * 2 ** Math.min(failures - FREE, 20));

/** Whether it has been quiet for long enough. */
export const isForgottenLoop = (key: string, { until }: Backoff, now: number): boolean =>
  isLoop(key) && now - until >= FORGOTTEN_MS;
