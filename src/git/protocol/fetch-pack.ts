import { SourceError } from '../../lib/errors.ts';
import type { Transport } from '../transport/transport.ts';
import { cutOff, DELIMITER, FLUSH, line, serverError, textOf } from './pkt-line.ts';

/** A fetch with its arguments, a line each. Source: gitprotocol-v2(5), fetch. */
export const fetchRequest = (args: readonly string[]): string =>
  line('command=fetch') + DELIMITER + args.map(line).join('') + FLUSH;

/** The bytes of the pack that these arguments of protocol v2's fetch ask for. `onShallow` is told of commits that come without those before them. Throws SourceError. */
export async function* packOf(
  transport: Transport,
  wanted: readonly string[],
  signal: AbortSignal,
  onShallow?: (oid: string) => void,
): AsyncGenerator<Buffer, void, undefined> {
  const args = ['ofs-delta', 'no-progress', ...wanted, 'done'];
  let isPack = false;
  let ended = false;
  for await (const packet of transport.fetch({ args }, signal)) {
    if (packet.kind !== 'line') ended = packet.kind === 'flush';
    else if (!isPack) {
      const text = textOf(packet.data);
      isPack = text === 'packfile';
      if (text.startsWith('shallow ')) onShallow?.(text.slice('shallow '.length));
    } else {
      const data = ofBand(packet.data);
      if (data) yield data;
    }
  }
  if (!isPack) throw new SourceError('protocol', 'The Git server answered a fetch without sending any files');
  if (!ended) throw cutOff();
}

/** Band 1 is data, band 2 progress, band 3 the server's last words, which are thrown. Source: gitprotocol-pack(5). */
function ofBand(data: Buffer): Buffer | undefined {
  if (data[0] === 3) throw serverError(data.toString('utf8', 1));
  return data[0] === 1 ? data.subarray(1) : undefined;
}
