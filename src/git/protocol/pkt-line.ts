import { SourceError } from '../../lib/errors.ts';
import { excerpt } from '../../lib/text/printable.ts';
import { looksLikeHtml } from '../../net/http/http-errors.ts';

/**
 * Git's framing: four hex digits of length (themselves included), then the content; lengths 0 to 2 are marks.
 * Source: gitprotocol-common(5), gitprotocol-v2(5).
 */
export type Packet = { kind: 'line'; data: Buffer } | { kind: 'flush' | 'delimiter' | 'responseEnd' };

const MARKS = ['flush', 'delimiter', 'responseEnd'] as const;
const HEADER = 4;

export const FLUSH = '0000';
export const DELIMITER = '0001';

/** One line, with the newline that text lines have. */
export function line(text: string): string {
  const content = `${text}\n`;
  return (Buffer.byteLength(content) + HEADER).toString(16).padStart(4, '0') + content;
}

/** Thrown when what came is not Git's framing at all, as opposed to broken off. */
export class FramingError extends SourceError {
  constructor(start: Buffer) {
    const isPage = looksLikeHtml(start.toString('latin1'));
    super(
      isPage ? 'portal' : 'protocol',
      isPage ? WEB_PAGE : 'The server does not speak the Git protocol: its answer is not in Git packets',
    );
  }
}

export const WEB_PAGE =
  'A web page came instead of a Git answer: the link may be behind a login page (captive portal), or the URL is not that of a Git repo';

/** The packets of an answer. Throws SourceError `unreachable` when it breaks off within one, FramingError when it is something else. */
export async function* packets(
  body: AsyncIterable<Uint8Array>,
  /** A pack may follow in no packets, as servers without bands send it: it comes as lines of the band of data, and a flush. */
  mayBeBare: () => boolean = () => false,
): AsyncGenerator<Packet, void, undefined> {
  let isBare = false;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    if (isBare) {
      yield { kind: 'line', data: Buffer.concat([DATA_BAND, chunk]) };
      continue;
    }
    rest =
      rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([rest, chunk]);
    let at = 0;
    while (rest.length - at >= HEADER) {
      const digits = rest.toString('latin1', at, at + HEADER);
      if (digits === 'PACK' && mayBeBare()) {
        isBare = true;
        yield { kind: 'line', data: Buffer.concat([DATA_BAND, rest.subarray(at)]) };
        at = rest.length;
        break;
      }
      if (!/^[0-9a-f]{4}$/i.test(digits)) throw new FramingError(rest.subarray(at, at + 64));
      const length = Number.parseInt(digits, 16);
      const mark = MARKS[length];
      if (mark) {
        yield { kind: mark };
        at += HEADER;
        continue;
      }
      if (length < HEADER) throw new FramingError(rest.subarray(at, at + 64));
      if (rest.length - at < length) break;
      yield { kind: 'line', data: rest.subarray(at + HEADER, at + length) };
      at += length;
    }
    rest = rest.subarray(at);
  }
  if (rest.length > 0) throw cutOff();
  // The pack's own checksum shows if something was cut off.
  if (isBare) yield { kind: 'flush' };
}

const DATA_BAND = Buffer.from([1]);

export function cutOff(): SourceError {
  return new SourceError('unreachable', 'The Git server’s answer broke off in the middle; it will be asked again');
}

/** A packet's text, without its newline. A server's `ERR` line is thrown as SourceError. */
export function textOf(data: Buffer): string {
  const text = data.toString('utf8').replace(/\n$/, '');
  if (text.startsWith('ERR ')) throw serverError(text.slice(4));
  return text;
}

/** The words of a Git server for an error, made safe to print. */
export function serverError(words: string): SourceError {
  const said = excerpt(words);
  const kind = /not our ref|unadvertised object/.test(said) ? 'notFound' : 'protocol';
  return new SourceError(kind, `The Git server refused: ${said}`);
}
