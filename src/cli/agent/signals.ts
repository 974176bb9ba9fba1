/** The signals of an agent's process, from the call on: a signal that comes while the agent starts does not kill it. */
export interface Signals {
  /** Resolves with the first signal that ends the agent. A second one ends the process at once. */
  stop: Promise<NodeJS.Signals>;
  /** Calls the listener at each SIGHUP from now on. */
  onSync(listener: () => void): void;
}

export function watchSignals(): Signals {
  let sync = (): void => {};
  const stop = new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    // A terminal that closes ends the programs that were started in it.
    if (process.stdin.isTTY) process.once('SIGHUP', resolve);
    else process.on('SIGHUP', () => sync());
  });
  return {
    stop,
    onSync(listener) {
      sync = listener;
    },
  };
}
