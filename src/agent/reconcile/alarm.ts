import type { Clock } from '../../lib/clock.ts';

/** One timer. Only the earliest time counts: the pass that it starts sets the next one. */
export interface Alarm {
  /** Monotonic milliseconds. */
  at(time: number): void;
  stop(): void;
}

export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let next = Number.POSITIVE_INFINITY;
  let isStopped = false;
  let cancel = (): void => {};
  return {
    at(time) {
      if (isStopped || time >= next) return;
      cancel();
      next = time;
      cancel = clock.timer(Math.max(0, time - clock.monotonic()), () => {
        next = Number.POSITIVE_INFINITY;
        ring();
      });
    },
    stop() {
      isStopped = true;
      cancel();
    },
  };
}

/** Waits for some work, and at most `ms`. */
export async function atMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  let cancel = (): void => {};
  const patience = new Promise<void>((resolve) => {
    cancel = clock.timer(ms, resolve);
  });
  await Promise.race([work, patience]);
  cancel();
}
