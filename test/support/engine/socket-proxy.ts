import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { socketOf } from '../../../scripts/machine/engine-http.ts';

/** A unix socket in front of an engine's, whose connections a test can cut. */
export interface SocketProxy {
  /** `unix://…` */
  host: string;
  /** Connections that carry `GET …/events` now. */
  eventStreams(): number;
  /** Breaks all connections, as an engine that crashes. */
  cut(): void;
  /** Until `open`, connections are accepted and nothing is answered (`hang`), or are refused at once (`refuse`). */
  block(how: 'hang' | 'refuse'): void;
  open(): void;
  /** Breaks the next answer to a request whose first line is so, after so many bytes; tells whether there was one. */
  breakAnswer(path: RegExp, bytes: number): () => boolean;
  close(): Promise<void>;
}

export async function socketProxy(engine: string, path: string): Promise<SocketProxy> {
  const pairs = new Map<Socket, Socket | undefined>();
  const events = new Set<Socket>();
  const broken = new WeakMap<Socket, number>();
  let breaking: { path: RegExp; bytes: number } | undefined;
  let blocked: 'hang' | 'refuse' | undefined;

  const server = createServer((near) => {
    pairs.set(near, undefined);
    near.on('error', () => near.destroy());
    near.on('close', () => {
      pairs.get(near)?.destroy();
      pairs.delete(near);
      events.delete(near);
    });
    if (blocked === 'refuse') return void near.destroy();
    if (blocked === 'hang') return;
    const far = connect(socketOf(engine));
    pairs.set(near, far);
    far.on('error', () => near.destroy());
    far.on('close', () => near.destroy());
    near.on('data', (chunk: Buffer) => {
      if (breaking?.path.test(chunk.toString('latin1', 0, 300))) {
        broken.set(near, breaking.bytes);
        breaking = undefined;
      }
      if (/^GET \S*\/events/.test(chunk.toString('latin1', 0, 100))) events.add(near);
      if (blocked !== 'hang') far.write(chunk);
    });
    far.on('data', (chunk: Buffer) => {
      const left = broken.get(near);
      if (left !== undefined) near.end(chunk.subarray(0, left));
      else if (blocked !== 'hang') near.write(chunk);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });

  const cut = (): void => {
    for (const near of pairs.keys()) near.destroy();
  };
  return {
    host: `unix://${path}`,
    eventStreams: () => events.size,
    cut,
    block(how) {
      blocked = how;
      if (how === 'refuse') cut();
    },
    open() {
      // A hanging request got no answer and never will.
      if (blocked === 'hang') cut();
      blocked = undefined;
    },
    breakAnswer(path, bytes) {
      const asked = { path, bytes };
      breaking = asked;
      return () => breaking !== asked;
    },
    async close() {
      cut();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      await rm(path, { force: true });
    },
  };
}
