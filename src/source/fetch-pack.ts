import { SourceError } from '../lib/errors.ts';
import type { HttpClient } from './http.ts';
import { UPLOAD_PACK_RESULT, V2_HEADERS } from './ls-refs.ts';
import { cutOff, DELIMITER, FLUSH, line, type Packet, packets, serverError, textOf } from './pkt-line.ts';

/**
 * The bytes of a pack with one commit, its trees and its files, and no history: protocol v2, depth 1. Deltas in it are only against objects
 * in it. Source: gitprotocol-v2(5), fetch. Throws SourceError; one that breaks off never ends as if it were whole.
 */
export async function* fetchPack(
  client: HttpClient,
  url: string,
  commit: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  yield* packOf(client, url, ['deepen 1', `want ${commit}`], signal);
}

/** The bytes of the pack that these arguments of protocol v2's fetch ask for. Throws SourceError. */
export async function* packOf(
  client: HttpClient,
  url: string,
  wanted: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const args = ['ofs-delta', 'no-progress', ...wanted, 'done'];
  const body = line('command=fetch') + DELIMITER + args.map(line).join('') + FLUSH;
  const answer = await client.request(
    { method: 'POST', url: `${url}/git-upload-pack`, headers: V2_HEADERS, body, expects: UPLOAD_PACK_RESULT },
    signal,
  );
  const stream = packets(answer);
  for await (const packet of stream) {
    if (packet.kind === 'line' && textOf(packet.data) === 'packfile') return yield* sideband(stream);
    if (packet.kind === 'flush') break;
  }
  throw new SourceError('protocol', 'The Git server answered a fetch without sending any files');
}

/** The data of band 1; band 2 is progress, band 3 is the server's last words. Source: gitprotocol-pack(5). */
export async function* sideband(stream: AsyncIterable<Packet>): AsyncGenerator<Buffer, void, undefined> {
  let ended = false;
  for await (const packet of stream) {
    if (packet.kind !== 'line') {
      ended = true;
      continue;
    }
    const band = packet.data[0];
    const data = packet.data.subarray(1);
    if (band === 3) throw serverError(data.toString('utf8'));
    if (band === 1) yield data;
  }
  if (!ended) throw cutOff();
}
