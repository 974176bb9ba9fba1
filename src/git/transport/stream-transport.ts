import type { Clock } from '../../lib/clock.ts';
import type { SourceError } from '../../lib/errors.ts';
import { Guard } from '../../net/guard.ts';
import type { SourceLimits } from '../../net/limits.ts';
import { type Advertisement, readAdvertisement } from '../protocol/advertisement.ts';
import { fetchRequest } from '../protocol/fetch-pack.ts';
import { lsRefsRequest, parseRefs } from '../protocol/ls-refs.ts';
import { FLUSH, type Packet, packets } from '../protocol/pkt-line.ts';
import { asV2, isBare, v1Request } from '../protocol/protocol-v1.ts';
import type { RemoteRef } from '../refs.ts';
import type { Transport } from './transport.ts';

/** One run of `git upload-pack`, somewhere. */
export interface Conversation {
  output: AsyncIterable<Buffer>;
  tell(text: string): void;
  /** Ends it, whatever it is at. */
  end(): void;
  /** Why it ended without having said anything that Git would. */
  failure(): Promise<SourceError | undefined>;
}

export interface StreamTransportOptions {
  clock: Clock;
  limits: SourceLimits;
  /** The server's name, for errors. */
  host: string;
  /** Starts one. Throws SourceError. */
  open(signal: AbortSignal): Promise<Conversation>;
  close(): void;
}

/**
 * Git over a stream both ways: `git upload-pack` introduces itself, is told one thing, and is left. The greeting shows the version of the protocol
 * each time, since the wish for version 2 may be lost on the way.
 */
export function streamTransport({ clock, limits, host, open, close }: StreamTransportOptions): Transport {
  let known: ReadonlySet<string> | undefined;

  /** Sends the result of `ask` and yields the answer; sends and reads nothing where it gives undefined. */
  async function* converse(
    ask: (server: Advertisement) => string | undefined,
    signal: AbortSignal,
    prefixes: readonly string[] = [],
  ): AsyncGenerator<Packet, void, undefined> {
    const guard = new Guard(clock, limits, signal, host);
    let conversation: Conversation | undefined;
    try {
      conversation = await guard.within(() => open(guard.signal));
      const { end, failure, output, tell } = conversation;
      guard.signal.throwIfAborted();
      guard.signal.addEventListener('abort', end, { once: true });
      let mayBeBare = false;
      const stream = packets(guard.body(output, end), () => mayBeBare);
      const server = await readAdvertisement(stream, prefixes).catch(async (error: unknown) => {
        throw (await guard.within(failure)) ?? error;
      });
      known = server.capabilities;
      mayBeBare = server.version === 1 && isBare(server.features);
      const words = ask(server);
      if (words === undefined) return tell(FLUSH);
      tell(words);
      for await (const packet of server.version === 1 ? asV2(stream, server.shallow) : stream) {
        yield packet;
        if (server.version === 2 && packet.kind === 'flush') return tell(FLUSH);
      }
    } catch (error) {
      throw guard.explain(error);
    } finally {
      guard.done();
      conversation?.end();
    }
  }

  return {
    async refs(prefixes, signal) {
      let listed: RemoteRef[] | undefined;
      const answer = converse(
        (server) => {
          if (server.version === 2) return lsRefsRequest(prefixes);
          listed = server.refs;
          return undefined;
        },
        signal,
        prefixes,
      );
      const { value, done } = await answer.next();
      if (done) return listed ?? [];
      return parseRefs(startingWith(value, answer), prefixes);
    },

    fetch: ({ args }, signal) =>
      converse((server) => (server.version === 2 ? fetchRequest(args) : v1Request(args, server.features)), signal),

    async capabilities(signal) {
      if (!known) for await (const _ of converse(() => undefined, signal));
      return known ?? new Set();
    },
    close,
  };
}

async function* startingWith<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield first;
  yield* rest;
}
