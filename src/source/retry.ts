import pRetry from 'p-retry';
import type { Clock } from '../lib/clock.ts';
import { SourceError } from '../lib/errors.ts';

export interface RetryOptions {
  /** Milliseconds that the first delay is drawn from; doubled with each failure. Default 2 s. */
  first?: number;
  /** Milliseconds that no delay exceeds. Default 15 min. */
  cap?: number;
  /** Told of each failure and of the milliseconds until the next attempt. */
  onFailure?: (error: Error, delay: number) => void;
  signal: AbortSignal;
}

/**
 * Tries until it succeeds; never gives up. The delay is drawn from the whole span (full jitter), so that a fleet whose server comes back
 * does not come back in one moment. Throws SourceError `aborted` once the signal is; a TypeError, which is a bug and not a failure, passes through.
 */
export async function withRetry<T>(clock: Clock, attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { first = 2_000, cap = 900_000, onFailure, signal } = options;
  try {
    return await pRetry(attempt, {
      retries: Number.POSITIVE_INFINITY,
      // p-retry's own timers and jitter take no clock of ours, so the delay is awaited here.
      minTimeout: 0,
      signal,
      onFailedAttempt: async ({ error, attemptNumber }) => {
        const span = Math.min(cap, first * 2 ** (attemptNumber - 1));
        const delay = Math.ceil(clock.random() * span);
        onFailure?.(error, delay);
        await sleep(clock, delay, signal);
      },
    });
  } catch (error) {
    if (signal.aborted) throw new SourceError('aborted', 'Stopped while waiting for the config repo', { cause: error });
    throw error;
  }
}

/**
 * Does `once`, waits `interval`, and again, until the signal is aborted, which is its only way to end besides a TypeError. A failure is retried
 * with backoff that starts anew after each success. `interval` may be a function, so that it can be drawn anew.
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
