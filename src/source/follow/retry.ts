import pRetry from 'p-retry';
import type { Clock } from '../../lib/clock.ts';
import { SourceError } from '../../lib/errors.ts';
import type { Subscribe } from './link.ts';

export interface RetryOptions {
  /** Milliseconds that the first delay is drawn from; doubled with each failure. Default 2 s. */
  first?: number;
  /** Milliseconds that no delay of ours exceeds. Default 15 min. */
  cap?: number;
  /** Told of each failure and of the milliseconds until the next attempt. */
  onFailure?: (error: Error, delay: number) => void;
  /** Tells that the link may be back: the wait ends early, and the backoff starts again. */
  onLink?: Subscribe | undefined;
  signal: AbortSignal;
}

/** The most that a server can make us wait: what claims to be one could ask for years. */
const LONGEST_ASKED = 3_600_000;
/** A link that is back may be back for a whole fleet in one moment. */
const LINK_SPREAD = 30_000;

/**
 * Tries until it succeeds; never gives up. The delay is drawn from the whole span (full jitter), so that a fleet whose server comes back
 * does not come back in one moment; what the server asked for (`Retry-After`) is waited before it. Throws SourceError `aborted` once the signal is; a
 * TypeError, which is a bug and not a failure, passes through.
 */
export async function withRetry<T>(clock: Clock, attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { first = 2_000, cap = 900_000, onFailure, onLink, signal } = options;
  let failures = 0;
  try {
    return await pRetry(attempt, {
      retries: Number.POSITIVE_INFINITY,
      // p-retry's own timers and jitter take no clock of ours, so the delay is awaited here.
      minTimeout: 0,
      signal,
      onFailedAttempt: async ({ error }) => {
        const span = Math.min(cap, first * 2 ** failures);
        failures += 1;
        const asked = error instanceof SourceError ? Math.min(error.retryAfter ?? 0, LONGEST_ASKED) : 0;
        const delay = Math.ceil(asked + clock.random() * span);
        onFailure?.(error, delay);
        // A server that asked to be left alone is, whatever the link does.
        if (onLink && asked === 0) {
          if (await linkOrDelay(clock, delay, onLink, signal)) failures = 0;
        } else await sleep(clock, delay, signal);
      },
    });
  } catch (error) {
    if (signal.aborted) throw new SourceError('aborted', 'Stopped while waiting for the config repo', { cause: error });
    throw error;
  }
}

/** Waits for the delay, or for the link and a moment; true for the link. */
async function linkOrDelay(clock: Clock, delay: number, onLink: Subscribe, signal: AbortSignal): Promise<boolean> {
  const woken = new AbortController();
  const until = clock.monotonic() + delay;
  const forget = onLink(() => woken.abort());
  await sleep(clock, delay, AbortSignal.any([signal, woken.signal]));
  forget();
  if (!woken.signal.aborted || signal.aborted) return false;
  const left = Math.max(0, until - clock.monotonic());
  await sleep(clock, Math.ceil(clock.random() * Math.min(left, LINK_SPREAD)), signal);
  return true;
}

/**
 * Does `once`, waits `interval`, and again, until the signal is aborted, which is its only way to end besides a TypeError. A failure is retried
 * with backoff that starts again after each success. `interval` may be a function, so that it can be drawn each time.
 */
export async function pollForever(
  clock: Clock,
  once: () => Promise<void>,
  options: RetryOptions & { interval: () => number },
): Promise<void> {
  while (!options.signal.aborted) {
    try {
      await withRetry(clock, once, options);
    } catch (error) {
      if (options.signal.aborted) return;
      throw error;
    }
    await sleep(clock, options.interval(), options.signal);
  }
}

/** Resolves after `ms` of the clock, or at once when the signal is aborted. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.timer(ms, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
