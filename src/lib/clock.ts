/** Time and randomness. They come in as an argument, so that a simulation can control them. */
export interface Clock {
  /** Milliseconds since a fixed moment. It never goes back, even when somebody sets the wall clock. All intervals use it. */
  monotonic(): number;
  /** The time for log lines and status pages only. It may be 1970 or 2099. */
  wall(): Date;
  /** Calls back once after `ms`. Call the result to cancel. */
  timer(ms: number, callback: () => void): () => void;
  /** Uniform in [0, 1). */
  random(): number;
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => new Date(),
  timer: (ms, callback) => {
    // setTimeout overflows to 1 ms above 2^31-1.
    const timeout = setTimeout(callback, Math.min(ms, 2 ** 31 - 1));
    return () => clearTimeout(timeout);
  },
  random: Math.random,
};

/** Calls back every `ms` milliseconds. Call the result to stop. */
export function every(clock: Pick<Clock, 'timer'>, ms: number, callback: () => void): () => void {
  let cancel = clock.timer(ms, tick);
  function tick(): void {
    cancel = clock.timer(ms, tick);
    callback();
  }
  return () => cancel();
}
