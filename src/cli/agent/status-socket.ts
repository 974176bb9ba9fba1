import { lstat, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { InputError, messageOf } from '../../lib/errors.ts';
import type { SiteStatus } from '../../model/site-status.ts';

/** The socket of an agent in its state folder: `holdfast status` asks there. Only the agent's own user can open it. */
export const statusSocket = (stateDir: string): string => join(stateDir, 'agent.sock');

const PATH = '/v1/status';
/** Requests that are answered at the same time. */
const MOST_CONNECTIONS = 16;
const PATIENCE_MS = 10_000;
/** Bytes of an answer: thousands of apps fit in. */
const MOST_BYTES = 32 * 1024 * 1024;

/** Answers with the status to everybody who may open the socket. Returns a function that ends it. Rejects where there can be no socket. */
export async function serveStatus(path: string, status: () => SiteStatus): Promise<() => void> {
  if (await isAnswered(path)) throw InputError.of(`another agent uses ${path}`);
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket()) await rm(path, { force: true });
  const server = createServer({ requestTimeout: PATIENCE_MS, maxHeaderSize: 4096 }, (asked, answer) => {
    const code = asked.url !== PATH ? 404 : asked.method !== 'GET' ? 405 : 200;
    const body = code === 200 ? JSON.stringify(status()) : '';
    answer.writeHead(code, { 'content-type': 'application/json', connection: 'close' }).end(body);
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket is made within this call, so that nobody else can open it even for a moment.
    const before = process.umask(0o177);
    server.listen(path, resolve);
    process.umask(before);
  });
  return () => void server.close();
}

const isAnswered = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    const end = (answers: boolean) => (): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.once('connect', end(true)).once('error', end(false)).setTimeout(PATIENCE_MS, end(true));
  });

/** Asks the agent of a state folder how its site is. Throws InputError where no agent answers. */
export async function askStatus(stateDir: string): Promise<SiteStatus> {
  const path = statusSocket(stateDir);
  try {
    return JSON.parse(await get(path)) as SiteStatus;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'there is no such socket'
        : code === 'ECONNREFUSED'
          ? 'the agent has ended'
          : code === 'EACCES'
            ? 'only the user of the agent may ask it'
            : messageOf(error);
    throw InputError.of(
      `no agent answers at ${path}: ${why}`,
      'ask on the site itself, in the container of the agent if it has one, and name its folder with --state-dir',
    );
  }
}

const get = (socketPath: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: PATH, timeout: PATIENCE_MS }, (answer) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (part: Buffer) => {
        bytes += part.length;
        parts.push(part);
        if (bytes > MOST_BYTES) asked.destroy(new Error(`the answer is longer than ${MOST_BYTES} bytes`));
      });
      answer.once('error', reject);
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve(Buffer.concat(parts).toString('utf8'));
        else reject(new Error(`it answers with ${answer.statusCode}, as one of another version`));
      });
    });
    asked.once('timeout', () => asked.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    asked.once('error', reject);
    asked.end();
  });
