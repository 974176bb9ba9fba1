import type { IncomingMessage } from 'node:http';
import type Docker from 'dockerode';
import { EngineError } from '../../lib/errors.ts';
import type { Connection } from './connection.ts';
import { asEngineError, type Call } from './errors.ts';

export interface Request {
  call: Call;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the API's version, without the query. */
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  body?: object;
  /** Sent as it is, a tar archive. */
  file?: Uint8Array;
  auth?: object | undefined;
  signal?: AbortSignal | undefined;
  /** Milliseconds until the engine counts as gone. */
  deadline?: number;
}

/** Calls of one engine through dockerode. */
export interface Caller {
  /** The answer's JSON; undefined for an empty one. Throws EngineError. */
  json<Answer>(request: Request): Promise<Answer>;
  /** The answer as it comes. Throws EngineError. */
  stream(request: Request): Promise<IncomingMessage>;
}

const READ_DEADLINE_MS = 60_000;
const EFFECT_DEADLINE_MS = 600_000;

/** Everything that is a success, and what an idempotent call takes for one. */
const SUCCESSES = Object.fromEntries([200, 201, 202, 204, 304].map((status) => [status, true]));

type Dial = (options: object, callback: (error: unknown, answer: unknown) => void) => void;

/** Calls under way when `closed` is aborted are given up: the engine goes on with what it was told, and nobody waits for its answer. */
export function createCaller(docker: Docker, connection: Connection, closed: AbortSignal): Caller {
  const modem = docker.modem as { dial: Dial };

  const dial = <Answer>(request: Request, isStream: boolean): Promise<Answer> => {
    const { call, method, path, query, body, file, auth, deadline } = request;
    const signal = request.signal ? AbortSignal.any([request.signal, closed]) : closed;
    const words = Object.fromEntries(Object.entries(query ?? {}).filter(([, value]) => value !== undefined));
    const hasQuery = Object.keys(words).length > 0;
    const patience = deadline ?? (method === 'GET' ? READ_DEADLINE_MS : EFFECT_DEADLINE_MS);
    return new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new EngineError(
            'unreachable',
            `the container engine at ${connection.where} did not answer in ${patience / 1000} s`,
          ),
        );
      }, patience);
      timer.unref();
      const onAbort = (): void => finish(() => reject(new EngineError('aborted', 'cancelled')));
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort);
      modem.dial(
        {
          path: hasQuery ? `${path}?` : path,
          method,
          options: { _query: words, _body: body ?? {} },
          ...(file && { file: Buffer.from(file.buffer, file.byteOffset, file.byteLength) }),
          ...(auth && { authconfig: auth }),
          abortSignal: signal,
          // Of an answer that breaks off in its middle docker-modem tells nobody, so it is read here.
          isStream: true,
          statusCodes: SUCCESSES,
        },
        (error, answer) => {
          const fail = (why: unknown): void =>
            finish(() => reject(withTrouble(asEngineError(why, call, connection.where), connection)));
          if (error) fail(error);
          else if (isStream) finish(() => resolve(answer as Answer));
          else readJson(answer as IncomingMessage).then((read) => finish(() => resolve(read as Answer)), fail);
        },
      );
    });
  };

  return {
    async json<Answer>(request: Request): Promise<Answer> {
      try {
        return await dial<Answer>(request, false);
      } catch (error) {
        // An idle connection that the engine closed meanwhile fails its next use.
        if (request.method !== 'GET' || !isStaleConnection(error)) throw error;
        return dial<Answer>(request, false);
      }
    },
    stream: (request) => dial<IncomingMessage>(request, true),
  };
}

/** undefined for an empty answer, and for one that is no JSON. Rejects when it breaks off. */
async function readJson(answer: IncomingMessage): Promise<unknown> {
  let text = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) text += chunk;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isStaleConnection = (error: unknown): boolean =>
  error instanceof EngineError &&
  ['ECONNRESET', 'EPIPE'].includes(String((error.cause as { code?: unknown } | undefined)?.code));

/** The way to the engine may know better than the socket why there is no answer. */
function withTrouble(error: EngineError, { where, trouble }: Connection): EngineError {
  const why = error.kind === 'unreachable' ? trouble?.() : undefined;
  return why
    ? new EngineError('unreachable', `the container engine at ${where} does not answer: ${why}`, { cause: error })
    : error;
}
