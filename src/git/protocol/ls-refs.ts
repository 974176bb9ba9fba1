import { SourceError } from '../../lib/errors.ts';
import { type RemoteRef, requireObjectId } from '../refs.ts';
import { cutOff, DELIMITER, FLUSH, line, type Packet, textOf } from './pkt-line.ts';
import { refList } from './ref-list.ts';

/** The request for refs whose names begin with one of the prefixes. Source: gitprotocol-v2(5), ls-refs. */
export function lsRefsRequest(prefixes: readonly string[]): string {
  const wanted = prefixes.map((prefix) => line(`ref-prefix ${prefix}`)).join('');
  return line('command=ls-refs') + DELIMITER + line('peel') + wanted + FLUSH;
}

/** The refs of its answer, read up to the flush. Throws NotV2Error when there is no answer at all. */
export async function parseRefs(packets: AsyncIterable<Packet>, prefixes: readonly string[]): Promise<RemoteRef[]> {
  const refs = refList(prefixes);
  let began = false;
  let ended = false;
  // Read to its end even after the flush, or a connection could not be kept.
  for await (const packet of packets) {
    if (packet.kind === 'flush') ended = true;
    else if (packet.kind === 'line' && !ended) refs.add(parseRef(packet.data));
    began = true;
  }
  if (!began) throw new NotV2Error();
  if (!ended) throw cutOff();
  return refs.all();
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
  return { name, oid: requireObjectId(oid), ...(peeled !== undefined && { peeled: requireObjectId(peeled) }) };
}
