import * as http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy before a registry, on loopback, which writes down what it is asked. */
export interface RegistryFront {
  /** `127.0.0.1:PORT`. */
  address: string;
  /** `GET manifests/main`, since it was last asked; the repository's name is left out. */
  asked(): string[];
  /** Bytes of bodies that went down, since it was last asked. */
  sent(): number;
  /** The number of requests with credentials. */
  introduced: number;
  /** Another place for blobs, as `127.0.0.1:PORT`. */
  elsewhere?: string | undefined;
  /** Changes bodies of blobs on their way down. */
  spoil?: ((blob: Buffer) => Buffer) | undefined;
  /** Breaks a blob off after so many bytes of each answer. */
  breakAfter?: number | undefined;
  /** Asks for a token of its own, which is given for these credentials. */
  token?: { username: string; password: string; scopes: string[] } | undefined;
  close(): Promise<void>;
}

export async function startRegistryFront(target: string): Promise<RegistryFront> {
  let asked: string[] = [];
  let sent = 0;
  const server = http.createServer((request, answer) => {
    const url = new URL(request.url ?? '/', `http://${front.address}`);
    asked.push(`${request.method} ${url.pathname.replace(/^\/v2\/[^/]+\//, '')}`);
    if (request.headers.authorization !== undefined) front.introduced++;
    if (front.token && !isAdmitted(front, request, url, answer)) return;
    if (front.elsewhere && url.pathname.includes('/blobs/')) {
      answer.writeHead(307, { Location: `http://${front.elsewhere}${request.url}` }).end();
      return;
    }
    const headers = { ...request.headers, host: front.address };
    if (front.token) delete headers.authorization;
    const onward = http.request(`http://${target}${request.url}`, { method: request.method, headers }, (from) => {
      const chunks: Buffer[] = [];
      from.on('data', (chunk: Buffer) => chunks.push(chunk));
      from.on('end', () => {
        const whole = Buffer.concat(chunks);
        const isBlob = request.method === 'GET' && url.pathname.includes('/blobs/');
        const body = isBlob && front.spoil ? front.spoil(whole) : whole;
        const cut = isBlob ? body.subarray(0, front.breakAfter) : body;
        sent += cut.length;
        answer.writeHead(from.statusCode ?? 0, from.headers);
        if (cut.length === body.length) answer.end(body);
        else answer.write(cut, () => answer.destroy());
      });
    });
    onward.on('error', () => answer.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const front: RegistryFront = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    introduced: 0,
    asked() {
      const before = asked;
      asked = [];
      return before;
    },
    sent() {
      const before = sent;
      sent = 0;
      return before;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return front;
}

/** Source: distribution.github.io/distribution/spec/auth/token. */
function isAdmitted(
  { token, address }: RegistryFront,
  request: http.IncomingMessage,
  url: URL,
  answer: http.ServerResponse,
): boolean {
  if (!token) return true;
  const scope = url.searchParams.get('scope') ?? '';
  const basic = `Basic ${Buffer.from(`${token.username}:${token.password}`).toString('base64')}`;
  if (url.pathname === '/token') {
    token.scopes.push(scope);
    if (request.headers.authorization === basic) answer.end(JSON.stringify({ token: 'a-token' }));
    else answer.writeHead(401).end();
    return false;
  }
  if (request.headers.authorization === 'Bearer a-token') return true;
  const challenge = `Bearer realm="http://${address}/token",service="front"`;
  answer.writeHead(401, { 'WWW-Authenticate': challenge }).end('{}');
  return false;
}
