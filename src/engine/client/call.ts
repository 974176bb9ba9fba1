import { Readable } from 'node:stream';
import { EngineError } from '../../lib/errors.ts';
import type { Connection } from './connection.ts';
import { asEngineError, type Call } from './errors.ts';
import type { Dockerode } from './modem.ts';

/** A call of dockerode. It passes the signal on with its own options. */
type Work = (docker: Dockerode, passed: { abortSignal: AbortSignal }) => Promise<unknown>;

/** Runs calls of one engine. dockerode knows no deadlines, and its errors are not for people: both come from here. */
export interface Caller {
  /** A call that changes nothing. Throws EngineError. */
  read<Answer>(work: Work): Promise<Answer>;
  /** A call that has an effect, or that answers with a stream. Throws EngineError. */
  act<Answer = void>(call: Call, work: Work, options?: ActOptions): Promise<Answer>;
}

export interface ActOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds until the engine counts as gone. */
  deadline?: number;
}

const READ_DEADLINE_MS = 60_000;
const EFFECT_DEADLINE_MS = 600_000;

/** Each call gets dockerode from `openDocker`. When `closed` is aborted, it gives up calls under way: the engine goes on with its work, and nobody waits for the answers. */
export function createCaller(
  connection: Connection,
  closed: AbortSignal,
  openDocker: () => Promise<Dockerode>,
): Caller {
  async function run<Answer>(call: Call, work: Work, { signal, deadline }: Required<ActOptions>): Promise<Answer> {
    const own = new AbortController();
    const giveUp = (): void => own.abort();
    const signals = signal ? [closed, signal] : [closed];
    const isCancelled = (): boolean => signals.some(({ aborted }) => aborted);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      giveUp();
    }, deadline);
    timer.unref();
    for (const each of signals) each.addEventListener('abort', giveUp);
    const release = (): void => {
      for (const each of signals) each.removeEventListener('abort', giveUp);
    };
    try {
      if (isCancelled()) throw new EngineError('aborted', 'cancelled');
      const answer = await work(await openDocker(), { abortSignal: own.signal });
      if (answer instanceof Readable) answer.once('close', release);
      else release();
      return answer as Answer;
    } catch (error) {
      release();
      if (isCancelled()) throw new EngineError('aborted', 'cancelled', { cause: error });
      if (isLate) {
        const words = `the container engine at ${connection.where} did not answer in ${deadline / 1000} s`;
        throw new EngineError('unreachable', words, { cause: error });
      }
      throw withTrouble(asEngineError(error, call, connection.where), connection);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async read<Answer>(work: Work): Promise<Answer> {
      const attempt = () => run<Answer>('read', work, { signal: undefined, deadline: READ_DEADLINE_MS });
      // An idle connection that the engine closed meanwhile fails its next use.
      return attempt().catch((error) => (isStaleConnection(error) ? attempt() : Promise.reject(error)));
    },
    act: (call, work, { signal, deadline = EFFECT_DEADLINE_MS } = {}) => run(call, work, { signal, deadline }),
  };
}

const isStaleConnection = (error: unknown): boolean =>
  error instanceof EngineError &&
  ['ECONNRESET', 'EPIPE'].includes(String((error.cause as { code?: unknown } | undefined)?.code));

/** The connection may know better than the socket why there is no answer. */
function withTrouble(error: EngineError, { where, trouble }: Connection): EngineError {
  const why = error.kind === 'unreachable' ? trouble?.() : undefined;
  return why
    ? new EngineError('unreachable', `the container engine at ${where} does not answer: ${why}`, { cause: error })
    : error;
}
