import { connect, type Socket } from 'node:net';
import { parseAnswer } from './http-answer.ts';

/** Milliseconds after which an engine that sends nothing is left alone. */
const PATIENCE_MS = 5_000;

/** GETs of JSON at a unix socket, without node:http and dockerode, which take longer for each call than an engine does. */
export interface SocketClient {
  /** The JSON of a 200. Rejects for everything else. */
  get(path: string): Promise<unknown>;
  /** Gives up what is under way, and rejects what is asked later. */
  close(): void;
}

interface Question {
  path: string;
  resolve(json: unknown): void;
  reject(error: Error): void;
}

/** A client with at most that many connections, each of which is kept and asked one thing at a time. */
export function openSocketClient(socketPath: string, most: number): SocketClient {
  const waiting: Question[] = [];
  const idle: Socket[] = [];
  const open = new Set<Socket>();
  let isClosed = false;

  function next(): void {
    const question = waiting[0];
    const socket = idle.pop() ?? (question && open.size < most ? dial() : undefined);
    if (!socket) return;
    if (!question) idle.push(socket);
    else {
      waiting.shift();
      ask(socket, question);
    }
  }

  function dial(): Socket {
    const socket = connect(socketPath).setTimeout(PATIENCE_MS);
    open.add(socket);
    socket.on('timeout', () => socket.destroy(new Error('the engine sends nothing')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open.delete(socket);
      if (idle.includes(socket)) idle.splice(idle.indexOf(socket), 1);
      next();
    });
    return socket;
  }

  function ask(socket: Socket, { path, resolve, reject }: Question): void {
    let received = Buffer.alloc(0);
    let length = 0;
    const finish = (settle: () => void): void => {
      socket.off('data', read).off('close', lose);
      settle();
      next();
    };
    const lose = (): void => finish(() => reject(new Error('the connection was closed')));
    const read = (chunk: Buffer): void => {
      // The room doubles when it is full, so that a long answer is copied a few times only.
      if (length + chunk.length > received.length)
        received = Buffer.concat([received.subarray(0, length)], 2 * (length + chunk.length));
      length += chunk.copy(received, length);
      try {
        const answer = parseAnswer(received.subarray(0, length));
        if (!answer) return;
        const json: unknown = JSON.parse(answer.body);
        if (answer.isKept) idle.push(socket);
        else socket.destroy();
        finish(() => resolve(json));
      } catch (error) {
        socket.destroy();
        finish(() => reject(error as Error));
      }
    };
    socket.on('data', read).on('close', lose);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: docker\r\nAccept: application/json\r\n\r\n`);
  }

  return {
    get: (path) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new Error('closed'));
        waiting.push({ path, resolve, reject });
        next();
      }),
    close() {
      isClosed = true;
      for (const { reject } of waiting.splice(0)) reject(new Error('closed'));
      for (const socket of open) socket.destroy();
    },
  };
}
