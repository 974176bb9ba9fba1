import { SourceError } from '../lib/errors.ts';
import { sideband } from './fetch-pack.ts';
import type { HttpClient } from './http.ts';
import { UPLOAD_PACK_RESULT } from './ls-refs.ts';
import { cutOff, FLUSH, line, packets, textOf } from './pkt-line.ts';
import { objectId, type RemoteRef } from './refs.ts';

// The older protocol, for servers that do not speak version 2. It lists all refs of the repo at each poll.
const HEADERS = { 'User-Agent': 'git/holdfast' };
const PEELED = '^{}';

/** All refs of the remote. Source: gitprotocol-http(5), smart discovery. */
export async function advertisedRefs(client: HttpClient, url: string, signal: AbortSignal): Promise<RemoteRef[]> {
  const answer = await client.request(
    {
      method: 'GET',
      url: `${url}/info/refs?service=git-upload-pack`,
      headers: HEADERS,
      expects: 'application/x-git-upload-pack-advertisement',
    },
    signal,
  );
  const refs = new Map<string, RemoteRef>();
  let flushes = 0;
  for await (const packet of packets(answer)) {
    if (packet.kind === 'flush') flushes++;
    if (packet.kind !== 'line' || flushes !== 1) continue;
    // The first line carries the capabilities behind a NUL.
    const [oid, name = ''] = (textOf(packet.data).split('\0')[0] ?? '').split(' ');
    if (name === `capabilities${PEELED}`) continue;
    const tag = name.endsWith(PEELED) ? refs.get(name.slice(0, -PEELED.length)) : undefined;
    if (tag) tag.peeled = objectId(oid);
    else if (!name.endsWith(PEELED)) refs.set(name, { name, oid: objectId(oid) });
  }
  if (flushes < 2) throw cutOff();
  return [...refs.values()];
}

/** As fetchPack, in the older protocol. `want` must be what one of the refs names. Source: gitprotocol-pack(5). */
export async function* fetchPackV1(
  client: HttpClient,
  url: string,
  want: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const body = `${line(`want ${want} side-band-64k ofs-delta no-progress`) + line('deepen 1')}${FLUSH}${line('done')}`;
  const headers = { ...HEADERS, 'Content-Type': 'application/x-git-upload-pack-request', Accept: UPLOAD_PACK_RESULT };
  const answer = await client.request(
    { method: 'POST', url: `${url}/git-upload-pack`, headers, body, expects: UPLOAD_PACK_RESULT },
    signal,
  );
  const stream = packets(answer);
  for await (const packet of stream) {
    if (packet.kind === 'line' && textOf(packet.data) === 'NAK') return yield* sideband(stream);
  }
  throw new SourceError('protocol', 'The Git server answered a fetch without sending any files');
}
