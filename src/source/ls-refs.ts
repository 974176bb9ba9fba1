import { SourceError } from '../lib/errors.ts';
import type { HttpClient } from './http.ts';
import { cutOff, DELIMITER, FLUSH, line, packets, textOf } from './pkt-line.ts';
import { objectId, type RemoteRef } from './refs.ts';

export const V2_HEADERS = {
  'Content-Type': 'application/x-git-upload-pack-request',
  Accept: 'application/x-git-upload-pack-result',
  'Git-Protocol': 'version=2',
  'User-Agent': 'git/holdfast',
};
export const UPLOAD_PACK_RESULT = 'application/x-git-upload-pack-result';

/**
 * The refs whose names begin with one of the prefixes, in one request of protocol v2 that no discovery precedes: some 300 bytes each way.
 * Source: gitprotocol-v2(5), ls-refs. Throws NotV2Error when the server took it for something else.
 */
export async function lsRefs(
  client: HttpClient,
  url: string,
  prefixes: readonly string[],
  signal: AbortSignal,
): Promise<RemoteRef[]> {
  const body =
    line('command=ls-refs') +
    DELIMITER +
    line('peel') +
    prefixes.map((prefix) => line(`ref-prefix ${prefix}`)).join('') +
    FLUSH;
  const answer = await client.request(
    { method: 'POST', url: `${url}/git-upload-pack`, headers: V2_HEADERS, body, expects: UPLOAD_PACK_RESULT },
    signal,
  );
  const refs: RemoteRef[] = [];
  let began = false;
  let ended = false;
  // Read to its end even after the flush, or the connection could not be kept.
  for await (const packet of packets(answer)) {
    if (packet.kind === 'flush') ended = true;
    else if (packet.kind === 'line' && !ended) refs.push(parseRef(packet.data));
    began = true;
  }
  if (!began) throw new NotV2Error();
  if (!ended) throw cutOff();
  return refs;
}

/** A server of before protocol v2 takes a v2 request for a broken one. */
export class NotV2Error extends SourceError {
  constructor() {
    super('protocol', 'The Git server does not understand protocol version 2');
  }
}

/** `OID NAME [peeled:OID]`. A HEAD that points nowhere is `unborn` and not asked for. */
function parseRef(data: Buffer): RemoteRef {
  const [oid, name = '', ...attributes] = textOf(data).split(' ');
  const peeled = attributes.find((attribute) => attribute.startsWith('peeled:'))?.slice('peeled:'.length);
  return { name, oid: objectId(oid), ...(peeled !== undefined && { peeled: objectId(peeled) }) };
}
