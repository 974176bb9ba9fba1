import { inOrder } from '../../lib/in-order.ts';
import type { Transport } from './transport.ts';

/** A way to one of several remotes that hold the same repo. */
export interface NamedTransport {
  /** Its URL, without credentials. */
  url: string;
  transport: Transport;
}

/**
 * Several remotes as one: each poll asks the first, and the next only where that does not answer. Commits of a poll are fetched where it found them, and
 * elsewhere if that remote is gone meanwhile. `onChange` is told of another remote that answers. Where none does, the first one's SourceError is thrown.
 */
export function remotesInOrder(remotes: readonly NamedTransport[], onChange: (url: string) => void): Transport {
  const ways = inOrder(remotes, ({ url }) => onChange(url));
  return {
    refs: (prefixes, signal) => ways.first(signal, ({ transport }) => transport.refs(prefixes, signal)),
    fetch: (request, signal) => ways.stream(signal, ({ transport }) => transport.fetch(request, signal)),
    capabilities: (signal) => ways.again(signal, ({ transport }) => transport.capabilities(signal)),
    close() {
      for (const { transport } of remotes) transport.close();
    },
  };
}
