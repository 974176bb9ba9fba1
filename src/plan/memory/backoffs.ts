import { mapValues } from '../../lib/maps/map-values.ts';
import { own } from '../../lib/maps/own.ts';
import type { Backoff, Memory } from '../../model/memory.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { ActualSite, DesiredSite } from '../../model/state.ts';
import { type Purpose, readRetryKey, readSlotKey, retryKey, type Subject, slotKey } from '../../model/subject.ts';
import { slotsIn } from '../facts/containers.ts';

/** Seconds: the first step, and the cap. A container is retried as often as kubelet does it; a registry gets more rest. */
const STEPS = { slot: [10, 300], image: [10, 1800], network: [5, 180], volume: [5, 180], files: [5, 180] } as const;
/** After ten minutes of being well the failures of a container are forgotten. */
const WELL_MS = 10 * 60_000;
/** After this many failures in a row the backoff stays even when the engine returns: the retry itself may be what crashes it. */
const HOPEFUL = 3;

/** Milliseconds: doubling from the first step to the cap, with up to a fifth more so that sites do not march in step. */
export function delay(kind: Subject['kind'], failures: number, random: () => number): number {
  const [first, cap] = STEPS[kind];
  return 1000 * Math.min(cap, first * 2 ** Math.min(failures - 1, 20)) * (1 + random() / 5);
}

/** Counts the attempts and failures of an outcome; changes `backoffs` in place. */
export function countAttempts(
  backoffs: Memory['backoffs'],
  { results }: Outcome,
  now: number,
  random: () => number,
): void {
  const tried = new Map<string, { subject: Subject; goal: string; counts: boolean; error: string; done: boolean }>();
  // An attempt that is still under way may fail again.
  const underWay = new Set<string>();
  for (const result of results) {
    const { subject, retry, onlyIfFailed } = result.operation;
    if (!retry) continue;
    const key = retryKey(subject, retry.purpose);
    if (result.status === 'waiting' || result.status === 'withheld') underWay.add(key);
    if (result.status !== 'done' && result.status !== 'failed') continue;
    const seen = tried.get(key) ?? { subject, goal: retry.goal, counts: false, error: '', done: true };
    if (result.status === 'failed' && onlyIfFailed === undefined) {
      seen.counts = true;
      seen.done = false;
      seen.error ||= result.error.message;
    }
    if (retry.counts === 'attempts') seen.counts = true;
    tried.set(key, seen);
  }
  for (const [key, { subject, goal, counts, error, done }] of tried) {
    if (counts) {
      const before = backoffs[key];
      const failures = (before?.goal === goal ? before.failures : 0) + 1;
      backoffs[key] = { goal, failures, until: now + delay(subject.kind, failures, random), error };
    } else if (done && !underWay.has(key)) delete backoffs[key];
  }
}

/** Forgets the failures of containers that Git names, and of networks and volumes that were made again, once they have been well for long enough. */
export function ageBackoffs(
  backoffs: Memory['backoffs'],
  desired: DesiredSite,
  actual: ActualSite,
  now: number,
): Memory['backoffs'] {
  const running = new Set(
    actual.containers
      .filter(({ status, health }) => status === 'running' && health !== 'unhealthy')
      .map(({ identity }) => slotKey(identity)),
  );
  const wanted = new Set(desired.apps.flatMap(slotsIn).map(({ id }) => slotKey(id)));
  /** undefined: its failures are not forgotten with time. */
  const isWell = (subject: Subject, purpose: Purpose): boolean | undefined => {
    if (subject.kind === 'slot') return wanted.has(slotKey(subject)) ? running.has(slotKey(subject)) : undefined;
    if (purpose !== 'recreate') return undefined;
    if (subject.kind === 'network') return own(actual.networks, subject.name) !== undefined;
    return subject.kind === 'volume' && own(actual.volumes, subject.name) !== undefined;
  };
  return Object.fromEntries(
    Object.entries(backoffs).flatMap(([key, backoff]) => {
      const about = readRetryKey(key);
      const well = about && isWell(about.subject, about.purpose);
      const aged = well === undefined ? backoff : wellFor(backoff, well, now);
      return aged ? [[key, aged]] : [];
    }),
  );
}

/** undefined: forgotten. */
function wellFor(backoff: Backoff, isWell: boolean, now: number): Backoff | undefined {
  const { wellSince, ...rest } = backoff;
  if (wellSince !== undefined && now - wellSince >= WELL_MS) return undefined;
  if (!isWell) return wellSince === undefined ? backoff : rest;
  return wellSince === undefined ? { ...backoff, wellSince: now } : backoff;
}

/** The engine answers again. Repairs that failed while it went down or came up are tried again at once. */
export function retryAfterOutage(memory: Memory, now: number): Memory {
  const backoffs = mapValues(memory.backoffs, (backoff, key) => {
    const isHopeful = readRetryKey(key)?.subject.kind === 'slot' && backoff.failures <= HOPEFUL && backoff.until > now;
    return isHopeful ? { ...backoff, until: now } : backoff;
  });
  return { ...memory, backoffs };
}

/**
 * A person asks: everything may be tried again at once. The failures stay counted, so that what fails again waits longer. With `app`, of containers and files
 * only that app's; images, networks and volumes may be shared, and are all tried.
 */
export function endBackoffs(memory: Memory, now: number, app?: string): Memory {
  const isOfApp = (of: string): boolean => app === undefined || app === of;
  const isMeant = (subject: Subject): boolean =>
    subject.kind === 'slot' || subject.kind === 'files' ? isOfApp(subject.app) : true;
  return {
    ...memory,
    backoffs: mapValues(memory.backoffs, (backoff, key) => {
      const about = readRetryKey(key);
      return about && isMeant(about.subject) && backoff.until > now ? { ...backoff, until: now } : backoff;
    }),
    replacements: mapValues(memory.replacements, (each, key) =>
      isOfApp(readSlotKey(key).app) && each.until > now ? { ...each, until: now } : each,
    ),
  };
}

/** After a new commit, or when a link comes back: these subjects may be tried again at once. */
export function forgetBackoffs(memory: Memory, concerns: (subject: Subject, purpose: Purpose) => boolean): Memory {
  const kept = Object.entries(memory.backoffs).filter(([key]) => {
    const about = readRetryKey(key);
    return about && !concerns(about.subject, about.purpose);
  });
  return kept.length === Object.keys(memory.backoffs).length
    ? memory
    : { ...memory, backoffs: Object.fromEntries(kept) };
}
