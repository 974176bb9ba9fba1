import { SourceError } from '../../lib/errors.ts';
import { type Advertisement, readAdvertisement } from './advertisement.ts';
import { fetchRequest } from './fetch-pack.ts';
import type { HttpClient } from './http.ts';
import { lsRefsRequest, parseRefs } from './ls-refs.ts';
import { type Packet, packets } from './pkt-line.ts';
import { asV2, v1Request } from './protocol-v1.ts';
import type { Transport } from './transport.ts';

const UPLOAD_PACK = 'application/x-git-upload-pack';
const AGENT = { 'User-Agent': 'git/holdfast' };
const V2 = { 'Git-Protocol': 'version=2' };

/**
 * Git's smart HTTP, without state between requests. A poll of a server that knows protocol v2 is one request that no discovery precedes, some 300
 * bytes each way. Closes the client with itself.
 */
export function httpTransport(client: HttpClient, url: string): Transport {
  let known: Advertisement | undefined;
  /** Refs came as version 2 has them; what the server can do was not asked yet. */
  let isV2 = false;

  const post = async (body: string, headers: Record<string, string>, signal: AbortSignal) => {
    const types = { 'Content-Type': `${UPLOAD_PACK}-request`, Accept: `${UPLOAD_PACK}-result` };
    const answer = await client.request(
      {
        method: 'POST',
        url: `${url}/git-upload-pack`,
        headers: { ...AGENT, ...types, ...headers },
        body,
        expects: `${UPLOAD_PACK}-result`,
      },
      signal,
    );
    return packets(answer);
  };

  const advertise = async (signal: AbortSignal): Promise<Advertisement> => {
    const answer = await client.request(
      {
        method: 'GET',
        url: `${url}/info/refs?service=git-upload-pack`,
        headers: { ...AGENT, ...V2 },
        expects: `${UPLOAD_PACK}-advertisement`,
      },
      signal,
    );
    const stream = packets(answer);
    const advertisement = await readAdvertisement(stream).catch(async (error: unknown) => {
      await stream.return();
      throw error;
    });
    // To its end, so that the connection can be kept.
    for await (const _ of stream);
    isV2 = advertisement.version === 2;
    known = advertisement;
    return advertisement;
  };

  const withoutV2 = async (signal: AbortSignal) => {
    const found = await advertise(signal);
    return found.version === 1 ? found.refs : undefined;
  };

  return {
    async refs(prefixes, signal) {
      if (known?.version === 1) {
        const refs = await withoutV2(signal);
        if (refs) return refs;
      }
      try {
        const refs = await parseRefs(await post(lsRefsRequest(prefixes), V2, signal));
        isV2 = true;
        return refs;
      } catch (error) {
        if (isV2 || !(error instanceof SourceError && error.kind === 'protocol')) throw error;
        const refs = await withoutV2(signal).catch(() => undefined);
        if (refs) return refs;
        // It does not speak the older one either, so what it said at first is the better explanation.
        throw error;
      }
    },

    async *fetch({ args }, signal): AsyncGenerator<Packet, void, undefined> {
      const version = isV2 ? 2 : (known ?? (await advertise(signal))).version;
      if (version === 2) yield* await post(fetchRequest(args), V2, signal);
      else yield* asV2(await post(v1Request(args), {}, signal));
    },

    capabilities: async (signal) => (known ?? (await advertise(signal))).capabilities,
    close: () => client.close(),
  };
}
