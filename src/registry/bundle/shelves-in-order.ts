import { SourceError } from '../../lib/errors.ts';
import type { Shelf } from './shelf.ts';

/**
 * Several shelves as one: each poll asks the first, and the next only where that does not answer. A version is taken from the shelf where the poll found it, and
 * from another if that is gone meanwhile. `onChange` is told of another that answers. Where none does, the first one's SourceError is thrown.
 */
export function shelvesInOrder(shelves: readonly Shelf[], onChange: (name: string) => void): Shelf {
  let current = shelves[0];
  const currentFirst = (): Shelf[] => [...shelves].sort((a, b) => Number(b === current) - Number(a === current));

  const any = async <T>(
    order: readonly Shelf[],
    signal: AbortSignal,
    ask: (shelf: Shelf) => Promise<T>,
  ): Promise<T> => {
    let reason: unknown;
    for (const shelf of order) {
      try {
        const result = await ask(shelf);
        if (shelf !== current) onChange(shelf.name);
        current = shelf;
        return result;
      } catch (error) {
        if (signal.aborted || !(error instanceof SourceError)) throw error;
        reason ??= error;
      }
    }
    throw reason;
  };

  return {
    get name() {
      return current?.name ?? '';
    },
    version: (signal) => any(shelves, signal, (shelf) => shelf.version(signal)),
    layers: (version, signal) => any(currentFirst(), signal, (shelf) => shelf.layers(version, signal)),
    async *open(layer, signal) {
      // Until its first bytes it can still come from elsewhere.
      const { first, rest } = await any(currentFirst(), signal, async (shelf) => {
        const bytes = shelf.open(layer, signal)[Symbol.asyncIterator]();
        return { first: await bytes.next(), rest: bytes };
      });
      try {
        for (let next = first; !next.done; next = await rest.next()) yield next.value;
      } finally {
        await rest.return?.();
      }
    },
    close() {
      for (const shelf of shelves) shelf.close();
    },
  };
}
