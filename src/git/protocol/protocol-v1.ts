import { SourceError } from '../../lib/errors.ts';
import { FLUSH, line, type Packet, textOf } from './pkt-line.ts';

// The older protocol, for servers that do not speak version 2, behind the words of version 2.

/** Capabilities that the older protocol takes with the first `want`, and version 2 as lines of their own. */
const FLAGS = new Set(['ofs-delta', 'no-progress', 'thin-pack', 'include-tag']);
/** Capabilities that are requested: of each row, the first that the server has. Azure Repos refuses clients that do not ask for `multi_ack`. */
const CHOICES = [
  ['side-band-64k', 'side-band'],
  ['multi_ack_detailed', 'multi_ack'],
];

/** A fetch of version 2 in the older words. Source: gitprotocol-pack(5), packfile negotiation. */
export function v1Request(args: readonly string[], features: ReadonlySet<string>): string {
  const chosen = CHOICES.flatMap((words) => words.find((word) => features.has(word)) ?? []);
  const flags = [...chosen, ...args.filter((arg) => FLAGS.has(arg) && features.has(arg))].join(' ');
  const wants = args.filter((arg) => arg.startsWith('want '));
  const depth = args.filter((arg) => /^(shallow|deepen) /.test(arg));
  const haves = args.filter((arg) => arg.startsWith('have '));
  return (
    wants.map((want, index) => line(index === 0 && flags !== '' ? `${want} ${flags}` : want)).join('') +
    depth.map(line).join('') +
    FLUSH +
    haves.map(line).join('') +
    line('done')
  );
}

/** An answer of the older protocol as version 2 would give it. `cut`: where the server's history begins, which it said with its refs. */
export async function* asV2(
  packets: AsyncIterable<Packet>,
  cut: readonly string[],
): AsyncGenerator<Packet, void, undefined> {
  let began = false;
  let shallow = cut.length > 0;
  if (shallow) yield asLine('shallow-info');
  for (const oid of cut) yield asLine(`shallow ${oid}`);
  for await (const packet of packets) {
    if (began) {
      // A server that says more than once what it has may do so up to the pack.
      if (packet.kind !== 'line' || !isAck(packet.data)) yield packet;
      continue;
    }
    if (packet.kind !== 'line') continue;
    const text = textOf(packet.data);
    if (/^(un)?shallow /.test(text)) {
      if (!shallow) yield asLine('shallow-info');
      shallow = true;
      yield packet;
    } else if (/^(NAK$|ACK [0-9a-f]+$)/.test(text)) {
      began = true;
      if (shallow) yield { kind: 'delimiter' };
      yield asLine('packfile');
    }
  }
  if (!began) throw new SourceError('protocol', 'The Git server answered a fetch without sending any files');
}

/** Bands are numbers, and none is a letter. */
const isAck = (data: Buffer): boolean => /^(NAK\n?|ACK [0-9a-f]{40})/.test(data.toString('latin1', 0, 44));

/** True if the pack comes as it is, and not in packets. */
export const isBare = (features: ReadonlySet<string>): boolean =>
  !features.has('side-band') && !features.has('side-band-64k');

const asLine = (text: string): Packet => ({ kind: 'line', data: Buffer.from(`${text}\n`) });
