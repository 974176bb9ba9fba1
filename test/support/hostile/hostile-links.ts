import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Behaviour, head, pour, trickle } from './hostile-front.ts';

/**
 * The attacks that any HTTP server can try on its client. `type` is the content type of a right answer, `elsewhere` a server that must be told nothing,
 * as `127.0.0.1:PORT`.
 */
export function hostileLinks(type: string, elsewhere: string): Record<string, Behaviour> {
  const ok = (headers: Record<string, string | number> = {}): string =>
    head('200 OK', { 'Content-Type': type, ...headers });
  const says = (text: string | Buffer, more?: string | Buffer): Behaviour => {
    return (_, socket) => {
      socket.write(text);
      if (more !== undefined) pour(socket, more);
      return undefined;
    };
  };
  const redirect = (location: string): Behaviour =>
    says(head('307 Temporary Redirect', { Location: location, 'Content-Length': 0 }));
  const challenge = `Basic realm="${'x'.repeat(500)}", Bearer realm="http://${elsewhere}/token",service="a",scope="\\"`;
  return {
    'no word at all': () => undefined,
    'a reset': (_, socket) => void socket.resetAndDestroy(),
    'bytes that are no HTTP': says(randomBytes(1000), randomBytes(64 * 1024)),
    'a header without end': says('HTTP/1.1 200 OK\r\nX: ', 'x'.repeat(64 * 1024)),
    'headers without end': says('HTTP/1.1 200 OK\r\n', 'X-One: 1\r\n'.repeat(1000)),
    'interim answers without end': says('', head('103 Early Hints', { Link: '<x>' }).repeat(100)),
    'a head, then no word': says(ok({ 'Content-Length': 1000 })),
    'a byte a second': (_, socket) => {
      socket.write(ok());
      return void trickle(socket, '003f');
    },
    'an answer without end': says(ok(), '0005x'.repeat(10_000)),
    'a length that is far too long, then the end': (_, socket) =>
      void socket.end(`${ok({ 'Content-Length': 2 ** 52 })}0000`),
    'two lengths': says(
      `${head('200 OK', { 'Content-Type': type, 'Content-Length': 4 }).trimEnd()}\r\nContent-Length: 9\r\n\r\n0000`,
    ),
    'a chunk of nine exabytes': says(
      `${ok({ 'Transfer-Encoding': 'chunked' })}7fffffffffffffff\r\n`,
      Buffer.alloc(64 * 1024),
    ),
    'a chunk that explains itself without end': says(
      `${ok({ 'Transfer-Encoding': 'chunked' })}4`,
      ';a=b'.repeat(16 * 1024),
    ),
    'trailers without end': says(
      `${ok({ 'Transfer-Encoding': 'chunked' })}4\r\n0000\r\n0\r\n`,
      'X-One: 1\r\n'.repeat(1000),
    ),
    'a bomb of gzip': says(ok({ 'Content-Encoding': 'gzip' }), gzipSync(Buffer.alloc(32 * 1024 * 1024))),
    'a redirect to itself': (asked, socket) => redirect(asked.path)(asked, socket),
    'a redirect to the metadata of a cloud': redirect('http://169.254.169.254/latest/meta-data/'),
    'a redirect to a file': redirect('file:///etc/passwd'),
    'a redirect of what was sent': redirect(`http://${elsewhere}/`),
    'a redirect of ten thousand letters': redirect(`http://${elsewhere}/${'x'.repeat(10_000)}`),
    'credentials that are never right': says(
      head('401 Unauthorized', { 'WWW-Authenticate': challenge, 'Content-Length': 0 }),
    ),
    'a year to wait': says(head('503 Service Unavailable', { 'Retry-After': 31_536_000, 'Content-Length': 0 })),
  };
}
