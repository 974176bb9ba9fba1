/** Time and chance, handed in from outside so that a simulated site can own them. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back, whatever happens to the wall clock. All intervals use it. */
  monotonic(): number;
  /** For people only: what a log line or a status says. May be 1970 or 2099. */
  wall(): Date;
  /** Calls back once after `ms`; the result cancels it. */
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

/** Calls back again and again, `ms` after the time before; the result ends it. */
export function every(clock: Pick<Clock, 'timer'>, ms: number, callback: () => void): () => void {
  let cancel = clock.timer(ms, tick);
  function tick(): void {
    cancel = clock.timer(ms, tick);
    callback();
  }
  return () => cancel();
}
