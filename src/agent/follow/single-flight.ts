/** Runs one piece of work at a time. A call while it runs shares the run. */
export interface SingleFlight {
  once(signal: AbortSignal): Promise<void>;
  /** A run that begins after this call: the one that is under way may have looked too early. */
  again(signal: AbortSignal): Promise<void>;
}

export function singleFlight(work: (signal: AbortSignal) => Promise<void>): SingleFlight {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const once = (signal: AbortSignal): Promise<void> => {
    running ??= work(signal).finally(() => {
      running = undefined;
    });
    return running;
  };
  return {
    once,
    again(signal) {
      if (!running) return once(signal);
      const start = (): Promise<void> => {
        next = undefined;
        return once(signal);
      };
      next ??= running.then(start, start);
      return next;
    },
  };
}
