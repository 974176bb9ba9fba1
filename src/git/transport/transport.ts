import type { Packet } from '../protocol/pkt-line.ts';
import type { RemoteRef } from '../refs.ts';

/** One `fetch` of protocol v2: the arguments of the command, a line each. Source: gitprotocol-v2(5), fetch. */
export interface FetchRequest {
  /** As `ofs-delta`, `want OID`, `have OID`, `filter tree:0`; the last is `done`, since a request is the whole conversation. */
  args: readonly string[];
}

/**
 * A way to one Git repo. Callers speak protocol v2; where the server knows only the older one, the transport translates. All of it throws
 * SourceError, and nothing is retried here. Requests may be made one after another, not at once.
 */
export interface Transport {
  /** The refs whose names begin with one of the prefixes, with annotated tags peeled. An older server lists all; the others are dropped. */
  refs(prefixes: readonly string[], signal: AbortSignal): Promise<RemoteRef[]>;
  /**
   * The answer as protocol v2 frames it, from its first section (`shallow-info`, `packfile`) to the flush that ends it. An answer that breaks
   * off may end without that flush. An older server gives out only what its refs name, as `want` asks for it.
   */
  fetch(request: FetchRequest, signal: AbortSignal): AsyncIterable<Packet>;
  /**
   * The capabilities of the server's `fetch`, in the words of protocol v2: `shallow`, `filter`, … Asked once and remembered. An older server offers
   * `shallow` at most, even if it has filters: what they leave out could not be asked for later.
   */
  capabilities(signal: AbortSignal): Promise<ReadonlySet<string>>;
  close(): void;
}
