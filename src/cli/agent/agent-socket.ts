import { lstat, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { SYNC_PATIENCE_MS } from '../../agent/status/sync-now.ts';
import { InputError, messageOf } from '../../lib/errors.ts';
import type { SiteHistory } from '../../model/status/history.ts';
import type { SiteStatus } from '../../model/status/site-status.ts';
import type { SyncAnswer } from '../../model/sync-answer.ts';

/** The socket of an agent in its state folder: commands ask there. Only the agent's own user can open it. */
export const agentSocket = (stateDir: string): string => join(stateDir, 'agent.sock');

/** Requests that are answered at the same time. */
const MOST_CONNECTIONS = 16;
const PATIENCE_MS = 10_000;
/** Bytes of an answer: thousands of apps fit in. */
const MOST_BYTES = 32 * 1024 * 1024;

/** The answers of an agent. `sync` changes the times of its attempts, and nothing else. */
export interface AgentAnswers {
  status(): SiteStatus;
  history(): SiteHistory;
  sync(app: string | undefined): Promise<SyncAnswer>;
}

interface Route {
  method: 'GET' | 'POST';
  answer(agent: AgentAnswers, query: URLSearchParams): unknown;
}

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/v1/status', { method: 'GET', answer: (agent) => agent.status() }],
  ['/v1/history', { method: 'GET', answer: (agent) => agent.history() }],
  ['/v1/sync', { method: 'POST', answer: (agent, query) => agent.sync(query.get('app') ?? undefined) }],
]);

/** Answers to everybody who may open the socket. Returns a function that ends it. Rejects where there can be no socket. */
export async function serveAgent(path: string, agent: AgentAnswers): Promise<() => void> {
  if (await isAnswered(path)) throw InputError.of(`another agent uses ${path}`);
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket()) await rm(path, { force: true });
  const server = createServer({ requestTimeout: PATIENCE_MS, maxHeaderSize: 4096 }, (asked, answer) => {
    void respond(asked, agent).then(({ code, body }) =>
      answer.writeHead(code, { 'content-type': 'application/json', connection: 'close' }).end(body),
    );
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

/** Never rejects. */
async function respond(
  { url = '', method }: IncomingMessage,
  agent: AgentAnswers,
): Promise<{ code: number; body: string }> {
  const [path = '', query = ''] = url.split('?');
  const route = ROUTES.get(path);
  if (!route) return { code: 404, body: '' };
  if (route.method !== method) return { code: 405, body: '' };
  try {
    return { code: 200, body: JSON.stringify(await route.answer(agent, new URLSearchParams(query))) };
  } catch {
    return { code: 500, body: '' };
  }
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
export const askStatus = async (stateDir: string): Promise<SiteStatus> =>
  (await ask(stateDir, { method: 'GET', path: '/v1/status' })) as SiteStatus;

/** Asks the agent of a state folder what happened on its site. Throws InputError where no agent answers. */
export const askHistory = async (stateDir: string): Promise<SiteHistory> =>
  (await ask(stateDir, { method: 'GET', path: '/v1/history' })) as SiteHistory;

/** Lets the agent look at Git and the engine now, and end the backoffs of one app, or all. Throws InputError where no agent answers. */
export const askSync = async (stateDir: string, app: string | undefined): Promise<SyncAnswer> =>
  (await ask(stateDir, {
    method: 'POST',
    path: `/v1/sync${app === undefined ? '' : `?${new URLSearchParams({ app })}`}`,
    patienceMs: SYNC_PATIENCE_MS + PATIENCE_MS,
  })) as SyncAnswer;

interface Question {
  method: Route['method'];
  path: string;
  patienceMs?: number;
}

async function ask(stateDir: string, question: Question): Promise<unknown> {
  const path = agentSocket(stateDir);
  try {
    return JSON.parse(await send(path, question));
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

const send = (socketPath: string, { method, path, patienceMs = PATIENCE_MS }: Question): Promise<string> =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, timeout: patienceMs }, (answer) => {
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
    asked.once('timeout', () => asked.destroy(new Error(`no answer within ${patienceMs / 1000} s`)));
    asked.once('error', reject);
    asked.end();
  });
