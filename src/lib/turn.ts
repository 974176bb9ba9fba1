/** Lets other work go on: work that never waits for anything would stop everything else. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
