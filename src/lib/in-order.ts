import { SourceError } from './errors.ts';

/** Several ways to the same thing as one. A way that fails with a SourceError is passed over; if all do, the first one's error is thrown. */
export interface InOrder<Way> {
  /** The way that answered last; before that the first. */
  current(): Way | undefined;
  /** Asks the ways in their order. */
  first<T>(signal: AbortSignal, ask: (way: Way) => Promise<T>): Promise<T>;
  /** Asks the current way before the others. */
  again<T>(signal: AbortSignal, ask: (way: Way) => Promise<T>): Promise<T>;
  /** Asks the current way before the others. Until its first item a stream can still come from another way. */
  stream<T>(signal: AbortSignal, open: (way: Way) => AsyncIterable<T>): AsyncGenerator<T, void, undefined>;
}

/** `onChange` is told of another way that answers. */
export function inOrder<Way>(ways: readonly Way[], onChange: (way: Way) => void): InOrder<Way> {
  let current = ways[0];

  const any = async <T>(order: readonly Way[], signal: AbortSignal, ask: (way: Way) => Promise<T>): Promise<T> => {
    let reason: unknown;
    for (const way of order) {
      try {
        const result = await ask(way);
        if (way !== current) onChange(way);
        current = way;
        return result;
      } catch (error) {
        if (signal.aborted || !(error instanceof SourceError)) throw error;
        reason ??= error;
      }
    }
    throw reason;
  };
  const again = <T>(signal: AbortSignal, ask: (way: Way) => Promise<T>): Promise<T> =>
    any(
      [...ways].sort((a, b) => Number(b === current) - Number(a === current)),
      signal,
      ask,
    );

  return {
    current: () => current,
    first: (signal, ask) => any(ways, signal, ask),
    again,
    async *stream(signal, open) {
      const { first, rest } = await again(signal, async (way) => {
        const items = open(way)[Symbol.asyncIterator]();
        return { first: await items.next(), rest: items };
      });
      try {
        for (let next = first; !next.done; next = await rest.next()) yield next.value;
      } finally {
        await rest.return?.();
      }
    },
  };
}
