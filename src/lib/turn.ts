/** Lets other work run. Long work that never waits must call this, or it blocks everything else. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
