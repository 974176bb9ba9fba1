import { describe, expect, test } from '@jest/globals';
import type { Clock } from '../../../src/lib/clock.ts';
import { SourceError } from '../../../src/lib/errors.ts';
import { linkWatch } from '../../../src/source/follow/link.ts';
import { pollForever, withRetry } from '../../../src/source/follow/retry.ts';

/** A clock whose timers are due at once, one turn of the event loop later; remembers what was asked of it. */
function instantClock(random = 1): Clock & { waited: number[] } {
  let now = 0;
  const waited: number[] = [];
  return {
    waited,
    monotonic: () => now,
    wall: () => new Date(0),
    random: () => random,
    timer(ms, callback) {
      const handle = setImmediate(() => {
        now += ms;
        waited.push(ms);
        callback();
      });
      return () => clearImmediate(handle);
    },
  };
}

const down = () => Promise.reject(new SourceError('unreachable', 'down'));

describe('withRetry', () => {
  test('doubles the span of the delay up to the cap, and never gives up', async () => {
    const clock = instantClock();
    const { signal } = new AbortController();
    let attempts = 0;
    const result = await withRetry(clock, () => (++attempts < 15 ? down() : Promise.resolve('up')), { signal });
    expect(result).toBe('up');
    expect(clock.waited.slice(0, 5)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000]);
    expect(clock.waited.slice(-3)).toEqual([900_000, 900_000, 900_000]);
  });

  test('draws the delay from the whole span', async () => {
    const clock = instantClock(0.25);
    let attempts = 0;
    const failures: [string, number][] = [];
    await withRetry(clock, () => (++attempts < 4 ? down() : Promise.resolve()), {
      first: 1_000,
      cap: 3_000,
      signal: new AbortController().signal,
      onFailure: (error, delay) => failures.push([error.message, delay]),
    });
    expect(clock.waited).toEqual([250, 500, 750]);
    expect(failures).toEqual([
      ['down', 250],
      ['down', 500],
      ['down', 750],
    ]);
  });

  test('an abort ends the wait at once and leaves no timer', async () => {
    const controller = new AbortController();
    let pending = 0;
    const clock: Clock = {
      ...instantClock(),
      timer: () => {
        pending++;
        setImmediate(() => controller.abort());
        return () => pending--;
      },
    };
    await expect(withRetry(clock, down, { signal: controller.signal })).rejects.toMatchObject({ kind: 'aborted' });
    expect(pending).toBe(0);
  });

  test('a bug is not retried', async () => {
    const bug = () => Promise.reject(new TypeError('x is not a function'));
    await expect(withRetry(instantClock(), bug, { signal: new AbortController().signal })).rejects.toThrow(TypeError);
  });
});

describe('the wait before a retry', () => {
  const busy = (retryAfter: number) => Promise.reject(new SourceError('busy', 'later', { retryAfter }));

  test('does not end early where the server asked to be left alone: that comes before our own delay', async () => {
    const clock = instantClock();
    let attempts = 0;
    const { signal } = new AbortController();
    const onLink = (callback: () => void) => {
      callback();
      return () => {};
    };
    await withRetry(clock, () => (++attempts < 2 ? busy(120_000) : Promise.resolve()), { signal, onLink });
    expect(clock.waited).toEqual([122_000]);
  });

  test('is an hour at most, whatever a server asks for', async () => {
    const clock = instantClock(0);
    let attempts = 0;
    const { signal } = new AbortController();
    await withRetry(clock, () => (++attempts < 2 ? busy(1e12) : Promise.resolve()), { signal });
    expect(clock.waited).toEqual([3_600_000]);
  });

  test('ends early when the link is back, after a short delay, and the backoff starts again', async () => {
    const clock = instantClock(0.5);
    const { signal } = new AbortController();
    const spans: number[] = [];
    let attempts = 0;
    let listening = 0;
    await withRetry(clock, () => (++attempts < 12 ? down() : Promise.resolve()), {
      signal,
      onFailure: (_error, delay) => spans.push(delay),
      onLink: (callback) => {
        listening += 1;
        if (attempts === 10) callback();
        return () => {
          listening -= 1;
        };
      },
    });
    expect(spans.slice(8)).toEqual([256_000, 450_000, 1_000]);
    expect(clock.waited.slice(-3)).toEqual([256_000, 15_000, 1_000]);
    expect(listening).toBe(0);
  });
});

test('a new address is a link that is back; one that goes, or is there already, is none', () => {
  let addresses = ['eth0 10.0.0.1'];
  let tick: () => void = () => {};
  let timers = 0;
  let told = 0;
  const clock: Clock = {
    ...instantClock(),
    timer: (_ms, callback) => {
      timers += 1;
      tick = callback;
      return () => {
        timers -= 1;
      };
    },
  };
  const forget = linkWatch(
    clock,
    () => addresses,
  )(() => {
    told += 1;
  });
  const after = (now: string[]): number => {
    addresses = now;
    timers -= 1;
    tick();
    return told;
  };
  expect(after(['eth0 10.0.0.1'])).toBe(0);
  expect(after([])).toBe(0);
  expect(after(['wwan0 100.64.0.9'])).toBe(1);
  expect(after(['wwan0 100.64.0.9'])).toBe(1);
  forget();
  expect(timers).toBe(0);
});

describe('pollForever', () => {
  test('waits the interval after a success, and starts the backoff again', async () => {
    const clock = instantClock();
    const controller = new AbortController();
    const outcomes = ['down', 'down', 'up', 'up', 'down', 'up'];
    await pollForever(
      clock,
      async () => {
        const outcome = outcomes.shift();
        if (outcome === 'down') return down();
        if (outcomes.length === 0) controller.abort();
      },
      { signal: controller.signal, first: 10, interval: () => 60_000 },
    );
    expect(clock.waited).toEqual([10, 20, 60_000, 60_000, 10]);
  });
});
