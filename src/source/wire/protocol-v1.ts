import { SourceError } from '../../lib/errors.ts';
import { FLUSH, line, type Packet, textOf } from './pkt-line.ts';

// The older protocol, for servers that do not speak version 2, behind the words of version 2.

/** Capabilities that the older protocol takes with the first `want`, and version 2 as lines of their own. */
const FLAGS = new Set(['ofs-delta', 'no-progress', 'thin-pack', 'include-tag']);

/** A fetch of version 2 in the older words. Source: gitprotocol-pack(5), packfile negotiation. */
export function v1Request(args: readonly string[]): string {
  const flags = ['side-band-64k', ...args.filter((arg) => FLAGS.has(arg))].join(' ');
  const wants = args.filter((arg) => arg.startsWith('want '));
  const depth = args.filter((arg) => /^(shallow|deepen) /.test(arg));
  const haves = args.filter((arg) => arg.startsWith('have '));
  return (
    wants.map((want, index) => line(index === 0 ? `${want} ${flags}` : want)).join('') +
    depth.map(line).join('') +
    FLUSH +
    haves.map(line).join('') +
    line('done')
  );
}

/** An answer of the older protocol as version 2 would give it. */
export async function* asV2(packets: AsyncIterable<Packet>): AsyncGenerator<Packet, void, undefined> {
  let began = false;
  let shallow = false;
  for await (const packet of packets) {
    if (began) {
      yield packet;
      continue;
    }
    if (packet.kind !== 'line') continue;
    const text = textOf(packet.data);
    if (/^(un)?shallow /.test(text)) {
      if (!shallow) yield asLine('shallow-info');
      shallow = true;
      yield packet;
    } else if (/^(NAK$|ACK )/.test(text)) {
      began = true;
      if (shallow) yield { kind: 'delimiter' };
      yield asLine('packfile');
    }
  }
  if (!began) throw new SourceError('protocol', 'The Git server answered a fetch without sending any files');
}

const asLine = (text: string): Packet => ({ kind: 'line', data: Buffer.from(`${text}\n`) });
