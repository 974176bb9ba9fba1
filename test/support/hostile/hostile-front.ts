import * as net from 'node:net';

export interface Asked {
  /** `GET`; `TLS` for a handshake. */
  method: string;
  path: string;
  body: string;
}

/** Answers on the socket itself, as it likes; false to let the real server answer. */
export type Behaviour = (asked: Asked, socket: net.Socket) => boolean | undefined;

/** A proxy before a real HTTP server on loopback, which does to its clients whatever bytes can do. */
export interface HostileFront {
  /** `127.0.0.1:PORT`. */
  address: string;
  /** The number of requests that began since `behave` was last called. */
  begun: number;
  /** From now on, connections that there are included; undefined: as the real server does. */
  behave(how: Behaviour | undefined): void;
  close(): Promise<void>;
}

/** `isFirst` knows the question that a client begins with. */
export async function startHostileFront(target: string, isFirst: (asked: Asked) => boolean): Promise<HostileFront> {
  const sockets = new Set<net.Socket>();
  let behaviour: Behaviour | undefined;

  /** One request a connection, so that nothing of one case is left for the next. */
  const take = (bytes: Buffer, asked: Asked, socket: net.Socket): void => {
    if (isFirst(asked)) front.begun += 1;
    if (behaviour && behaviour(asked, socket) !== false) return;
    // Nobody speaks TLS here: who asks goes on without.
    if (asked.method === 'TLS') return void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    const [host = '', port] = target.split(':');
    const onward = net.connect(Number(port), host);
    onward.on('error', () => socket.destroy());
    const text = bytes.toString('latin1').replace(/^connection: .*\r\n/im, '');
    onward.write(text.replace('\r\n', '\r\nConnection: close\r\n'), 'latin1');
    onward.pipe(socket);
  };

  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that hangs up is what this is for.
    socket.on('error', () => socket.destroy());
    let bytes: Buffer = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const asked = whole(bytes);
      if (!asked) return;
      socket.off('data', read);
      socket.resume();
      take(bytes, asked, socket);
    };
    socket.on('data', read);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const front: HostileFront = {
    address: `127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    begun: 0,
    behave(how) {
      behaviour = how;
      front.begun = 0;
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return front;
}

/** The request, once all of it is here. */
function whole(bytes: Buffer): Asked | undefined {
  if (bytes[0] === 0x16) return { method: 'TLS', path: '', body: '' };
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const body = bytes.subarray(end + 4);
  if (body.length < Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)) return undefined;
  const [method = '', path = ''] = head.split(' ');
  return { method, path, body: body.toString('latin1') };
}

/** Sends as long as somebody reads. */
export function pour(socket: net.Socket, chunk: string | Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
}

/** Sends a byte a second. */
export function trickle(socket: net.Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), 1000);
  socket.on('close', () => clearInterval(timer));
}

/** The head of an answer. */
export const head = (status: string, headers: Record<string, string | number> = {}): string =>
  `HTTP/1.1 ${status}\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
