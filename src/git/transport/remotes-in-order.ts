import { SourceError } from '../../lib/errors.ts';
import type { Packet } from '../protocol/pkt-line.ts';
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
  let current = remotes[0];

  const use = (remote: NamedTransport): void => {
    if (remote !== current) onChange(remote.url);
    current = remote;
  };
  /** The first that does it without a fault. */
  const any = async <T>(
    order: readonly NamedTransport[],
    signal: AbortSignal,
    ask: (transport: Transport) => Promise<T>,
  ): Promise<T> => {
    let reason: unknown;
    for (const remote of order) {
      try {
        const result = await ask(remote.transport);
        use(remote);
        return result;
      } catch (error) {
        if (signal.aborted || !(error instanceof SourceError)) throw error;
        reason ??= error;
      }
    }
    throw reason;
  };
  const currentFirst = (): NamedTransport[] =>
    [...remotes].sort((a, b) => Number(b === current) - Number(a === current));

  return {
    refs: (prefixes, signal) => any(remotes, signal, (transport) => transport.refs(prefixes, signal)),

    async *fetch(request, signal): AsyncGenerator<Packet, void, undefined> {
      // Until its first packet an answer can still come from another remote.
      const { first, rest } = await any(currentFirst(), signal, async (transport) => {
        const packets = transport.fetch(request, signal)[Symbol.asyncIterator]();
        return { first: await packets.next(), rest: packets };
      });
      try {
        for (let next = first; !next.done; next = await rest.next()) yield next.value;
      } finally {
        await rest.return?.();
      }
    },

    capabilities: (signal) => any(currentFirst(), signal, (transport) => transport.capabilities(signal)),
    close() {
      for (const { transport } of remotes) transport.close();
    },
  };
}
