/** The body of an answer, and whether its connection can be asked again. */
export interface HttpAnswer {
  body: string;
  isKept: boolean;
}

/** More than an engine with thousands of containers answers. */
const MOST_BYTES = 64 << 20;

/**
 * An answer of HTTP/1.1 (RFC 9112) to a GET, of what has come of it so far; undefined while some is missing. Throws for everything but a plain 200
 * with a length or in chunks: its caller has another way to ask.
 */
export function parseAnswer(bytes: Buffer): HttpAnswer | undefined {
  if (bytes.length > MOST_BYTES) throw new Error('the answer is too large');
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [status = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  if (!/^HTTP\/1\.1 200 /.test(status)) throw new Error(`the answer is ${status}`);
  const headers = new Map(lines.map((line) => headerOf(line)));
  const isKept = headers.get('connection')?.toLowerCase() !== 'close';
  const coding = headers.get('transfer-encoding');
  const body = end + 4;
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') throw new Error(`the answer is coded as ${coding}`);
    const text = joinChunks(bytes, body);
    return text === undefined ? undefined : { body: text, isKept };
  }
  const length = headers.get('content-length');
  if (length === undefined || !/^\d+$/.test(length)) throw new Error('the answer has no length');
  const whole = body + Number(length);
  if (bytes.length > whole) throw new Error('the answer is longer than it says');
  return bytes.length < whole ? undefined : { body: bytes.toString('utf8', body), isKept };
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

/** undefined while the last chunk has not come. */
function joinChunks(bytes: Buffer, from: number): string | undefined {
  const parts: Buffer[] = [];
  for (let at = from; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = bytes.toString('latin1', at, line);
    // Extensions and trailers are never sent by an engine.
    if (!/^[0-9a-f]{1,8}$/i.test(size)) throw new Error('the answer has a chunk without a size');
    const start = line + 2;
    const end = start + Number.parseInt(size, 16);
    if (bytes.length < end + 2) return undefined;
    if (bytes.toString('latin1', end, end + 2) !== '\r\n') throw new Error('a chunk is longer than it says');
    if (end === start) {
      if (bytes.length > end + 2) throw new Error('the answer is longer than it says');
      return Buffer.concat(parts).toString('utf8');
    }
    parts.push(bytes.subarray(start, end));
    at = end + 2;
  }
}
