/** Lets at most `size` callers in at once. The others wait in the order in which they came. */
export interface Semaphore {
  /** Resolves when a slot is free. Call the result to give the slot back. */
  acquire(): Promise<() => void>;
}

export function createSemaphore(size: number): Semaphore {
  const waiting: (() => void)[] = [];
  let free = size;
  const release = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  return {
    async acquire() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let given = false;
      return () => {
        if (given) return;
        given = true;
        release();
      };
    },
  };
}

/** Maps items, at most `limit` at once; the results are in the order of the items. */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  limit: number,
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const slots = createSemaphore(limit);
  return Promise.all(
    items.map(async (item) => {
      const release = await slots.acquire();
      return map(item).finally(release);
    }),
  );
}
