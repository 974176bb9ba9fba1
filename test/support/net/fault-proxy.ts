import type { AddressInfo } from 'node:net';
import * as net from 'node:net';

/** The faults of the link. Each fault is of the way down, from the server, and of every connection. */
export interface Faults {
  /** Milliseconds before anything goes on, each way. */
  latency?: number;
  /** Bytes a second. */
  rate?: number;
  /** After that many bytes of a connection it ends as if the server had. */
  endAfter?: number;
  /** After that many bytes it is reset. */
  resetAfter?: number;
  /** After that many bytes nothing more comes, and it stays open. */
  stallAfter?: number;
  /** All bytes come twice. */
  twice?: boolean;
}

export interface FaultProxy {
  port: number;
  faults: Faults;
  /** Bytes that came down so far, over all connections. */
  down: number;
  close(): Promise<void>;
}

/** A bad link: a TCP proxy on loopback to a port on loopback. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const sockets = new Set<net.Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const later = (ms: number, work: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timers.add(timer);
  };

  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const upstream = net.connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    const { latency = 0, rate, endAfter, resetAfter, stallAfter, twice } = proxy.faults;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // A broken link is what this is for; the other side is told of it below.
      socket.on('error', () => socket.destroy());
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => later(latency, () => client.destroy()));
    client.on('data', (chunk) => later(latency, () => upstream.write(chunk)));
    client.on('end', () => later(latency, () => upstream.end()));

    const most = Math.min(...[endAfter, resetAfter, stallAfter].map((limit) => limit ?? Number.POSITIVE_INFINITY));
    let passed = 0;
    let free = 0;
    const pass = (chunk: Buffer): void => {
      const part = chunk.subarray(0, Math.max(0, most - passed));
      passed += part.length;
      proxy.down += part.length;
      const now = performance.now();
      free = Math.max(now, free) + (rate === undefined ? 0 : (part.length / rate) * 1000);
      later(latency + free - now, () => {
        client.write(part);
        if (passed < most) return;
        if (resetAfter === most) client.resetAndDestroy();
        else if (endAfter === most) client.end();
      });
    };
    upstream.on('data', (chunk: Buffer) => {
      if (passed >= most) return;
      pass(chunk);
      if (twice) pass(chunk);
    });
    upstream.on('end', () => {
      if (stallAfter === undefined) later(latency + Math.max(0, free - performance.now()), () => client.end());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: FaultProxy = {
    port: (server.address() as AddressInfo).port,
    faults: {},
    down: 0,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
