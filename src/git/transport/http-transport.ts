import { SourceError, type SourceErrorKind } from '../../lib/errors.ts';
import type { HttpClient, HttpExchange } from '../../net/http/http.ts';
import { RedirectError } from '../../net/http/redirects.ts';
import { type Advertisement, readAdvertisement } from '../protocol/advertisement.ts';
import { fetchRequest } from '../protocol/fetch-pack.ts';
import { lsRefsRequest, parseRefs } from '../protocol/ls-refs.ts';
import { type Packet, packets } from '../protocol/pkt-line.ts';
import { asV2, isBare, v1Request } from '../protocol/protocol-v1.ts';
import type { RemoteRef } from '../refs.ts';
import { DumbServerError, statusError, typeError } from './http-answers.ts';
import type { Transport } from './transport.ts';

const UPLOAD_PACK = 'application/x-git-upload-pack';
const AGENT = { 'User-Agent': 'git/holdfast' };
const DISCOVERY = '/info/refs?service=git-upload-pack';
/** The errors of hosts that do not know version 2, or that have the repo elsewhere: 400, 404, 500, pages. */
const MAY_BE_OLDER: ReadonlySet<SourceErrorKind> = new Set(['protocol', 'notFound', 'server', 'portal']);
const V2 = { 'Git-Protocol': 'version=2' };

/**
 * Git's smart HTTP, without state between requests. A poll of a server that knows protocol v2 is one request that no discovery precedes, some 300
 * bytes each way. Where that is refused it is asked as git asks: what it can do first, and where a redirect of that question leads is where the rest is asked
 * as well. Closes the client with itself.
 */
export function httpTransport(client: HttpClient, url: string): Transport {
  const { origin } = new URL(url);
  let known: Advertisement | undefined;
  /** Where the repo is, as the server said when it was asked last. */
  let base = url;
  /** The answer that said so, where that is somewhere else. */
  let namedBy: HttpExchange['namedBy'];
  /** Refs came as version 2 has them; what the server can do was not asked yet. */
  let isV2 = false;

  const post = async (body: string, headers: Record<string, string>, signal: AbortSignal, mayBeBare = false) => {
    const types = { 'Content-Type': `${UPLOAD_PACK}-request`, Accept: `${UPLOAD_PACK}-result` };
    const answer = await client.request(
      {
        method: 'POST',
        url: `${base}/git-upload-pack`,
        headers: { ...AGENT, ...types, ...headers },
        body,
        expects: `${UPLOAD_PACK}-result`,
        statusError,
        typeError,
        origin,
        namedBy,
      },
      signal,
    );
    return packets(answer.body, () => mayBeBare);
  };

  const advertise = async (signal: AbortSignal, prefixes: readonly string[] = []): Promise<Advertisement> => {
    const answer = await client.request(
      {
        method: 'GET',
        url: `${url}${DISCOVERY}`,
        headers: { ...AGENT, ...V2 },
        expects: `${UPLOAD_PACK}-advertisement`,
        statusError,
        typeError,
      },
      signal,
    );
    const stream = packets(answer.body);
    const advertisement = await readAdvertisement(stream, prefixes).catch(async (error: unknown) => {
      await stream.return();
      throw error;
    });
    // To its end, so that the connection can be kept.
    for await (const _ of stream);
    isV2 = advertisement.version === 2;
    known = advertisement;
    // Source: git's remote-curl.c, update_url_from_redirect.
    base = answer.url.href.endsWith(DISCOVERY) ? answer.url.href.slice(0, -DISCOVERY.length) : url;
    namedBy = base === url ? undefined : { url: new URL(url), place: answer.place };
    return advertisement;
  };

  /** The refs, by asking first what the server can do. */
  const discover = async (prefixes: readonly string[], signal: AbortSignal): Promise<RemoteRef[]> => {
    const found = await advertise(signal, prefixes);
    return found.version === 1 ? found.refs : parseRefs(await post(lsRefsRequest(prefixes), V2, signal), prefixes);
  };

  return {
    async refs(prefixes, signal) {
      if (known?.version === 1) return discover(prefixes, signal);
      try {
        const refs = await parseRefs(await post(lsRefsRequest(prefixes), V2, signal), prefixes);
        isV2 = true;
        return refs;
      } catch (error) {
        const isMoved = base !== url || error instanceof RedirectError;
        if (!(error instanceof SourceError) || !MAY_BE_OLDER.has(error.kind) || (isV2 && !isMoved)) throw error;
        base = url;
        namedBy = undefined;
        try {
          return await discover(prefixes, signal);
        } catch (later) {
          // It does not speak the older one either, so what it said at first is the better explanation; not where that is about the way there.
          if (error instanceof RedirectError || later instanceof DumbServerError || signal.aborted) throw later;
          throw error;
        }
      }
    },

    async *fetch({ args }, signal): AsyncGenerator<Packet, void, undefined> {
      const server = isV2 && known?.version !== 1 ? undefined : (known ?? (await advertise(signal)));
      if (server?.version !== 1) yield* await post(fetchRequest(args), V2, signal);
      else {
        const answer = await post(v1Request(args, server.features), {}, signal, isBare(server.features));
        yield* asV2(answer, server.shallow);
      }
    },

    capabilities: async (signal) => (known ?? (await advertise(signal))).capabilities,
    close: () => client.close(),
  };
}
