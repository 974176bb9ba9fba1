import { constants } from 'node:os';

/**
 * The cleanup steps for the end of the program, at a normal end, an error, Ctrl-C or SIGTERM. The last step runs first, each exactly once. A
 * failing step is reported, and the others still run.
 */
export interface Cleanup {
  add(undo: () => Promise<void>): void;
  run(): Promise<void>;
}

/**
 * Takes over SIGINT, SIGTERM and SIGHUP for the process: they clean up and end it as the signal would have. The same signal often comes twice
 * (from the terminal and passed on by npm), so a second one changes nothing.
 */
export function cleanupAtExit(onSignal: (signal: NodeJS.Signals) => void = () => {}): Cleanup {
  const undos: (() => Promise<void>)[] = [];
  let running: Promise<void> | undefined;

  async function runAll(): Promise<void> {
    for (let undo = undos.pop(); undo; undo = undos.pop()) {
      await undo().catch((error: unknown) => {
        process.exitCode ||= 1;
        console.error(`Cleaning up: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
  }
  const cleanup: Cleanup = {
    add: (undo) => void undos.push(undo),
    run() {
      running ??= runAll().finally(() => {
        running = undefined;
      });
      return running;
    },
  };

  let ending = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (ending) return;
      ending = true;
      onSignal(signal);
      void cleanup.run().then(() => process.exit(128 + constants.signals[signal]));
    });
  }
  return cleanup;
}
