import { SourceError } from '../lib/errors.ts';
import { cutOff, DELIMITER, FLUSH, line, type Packet, serverError, textOf } from './pkt-line.ts';
import type { Transport } from './transport.ts';

/** A fetch with its arguments, a line each. Source: gitprotocol-v2(5), fetch. */
export const fetchRequest = (args: readonly string[]): string =>
  line('command=fetch') + DELIMITER + args.map(line).join('') + FLUSH;

/**
 * The bytes of a pack with what `want` names, a commit or a tag of one, with the commit's trees and files and no history. Deltas in it are only against
 * objects in it. Throws SourceError; one that breaks off never ends as if it were whole.
 */
export async function* fetchPack(
  transport: Transport,
  want: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  yield* packOf(transport, ['deepen 1', `want ${want}`], signal);
}

/** The bytes of the pack that these arguments of protocol v2's fetch ask for. Throws SourceError. */
export async function* packOf(
  transport: Transport,
  wanted: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const args = ['ofs-delta', 'no-progress', ...wanted, 'done'];
  const stream = transport.fetch({ args }, signal)[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await stream.next();
    if (done || value.kind === 'flush') break;
    if (value.kind === 'line' && textOf(value.data) === 'packfile')
      return yield* sideband({ [Symbol.asyncIterator]: () => stream });
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
