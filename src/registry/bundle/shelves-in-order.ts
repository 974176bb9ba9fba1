import { inOrder } from '../../lib/in-order.ts';
import type { Shelf } from './shelf.ts';

/**
 * Several shelves as one: each poll asks the first, and the next only where that does not answer. A version is taken from the shelf where the poll found it, and
 * from another if that is gone meanwhile. `onChange` is told of another that answers. Where none does, the first one's SourceError is thrown.
 */
export function shelvesInOrder(shelves: readonly Shelf[], onChange: (name: string) => void): Shelf {
  const ways = inOrder(shelves, ({ name }) => onChange(name));
  return {
    get name() {
      return ways.current()?.name ?? '';
    },
    version: (signal) => ways.first(signal, (shelf) => shelf.version(signal)),
    layers: (version, signal) => ways.again(signal, (shelf) => shelf.layers(version, signal)),
    open: (layer, signal) => ways.stream(signal, (shelf) => shelf.open(layer, signal)),
    close() {
      for (const shelf of shelves) shelf.close();
    },
  };
}
