import type { IncomingMessage } from 'node:http';
import type { EventBody } from '../../container/engine-api.ts';
import { EngineError } from '../../lib/errors.ts';
import type { EventListener } from '../api.ts';
import { asEngineError, pullError } from './errors.ts';

/**
 * Gives each JSON value of a stream of lines to `take`, and resolves when the stream ends. `silence` is the number of milliseconds without a line after
 * which it gives up. Rejects if the stream breaks off, and with the error that `take` throws.
 */
function readLines(
  stream: IncomingMessage,
  take: (value: unknown) => void,
  options: { signal?: AbortSignal | undefined; silence?: number; broken: (error?: unknown) => Error },
): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest = '';
    let timer: NodeJS.Timeout | undefined;
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      stream.removeAllListeners('data');
      stream.destroy();
      if (error) reject(error);
      else resolve();
    };
    const onAbort = (): void => finish(new EngineError('aborted', 'cancelled'));
    const listen = (): void => {
      if (options.silence === undefined) return;
      clearTimeout(timer);
      timer = setTimeout(() => finish(options.broken()), options.silence);
      timer.unref();
    };
    const consume = (text: string): void => {
      listen();
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      try {
        for (const line of lines) if (line.trim() !== '') take(JSON.parse(line));
      } catch (error) {
        finish(error instanceof Error ? error : options.broken(error));
      }
    };
    if (options.signal?.aborted) return onAbort();
    options.signal?.addEventListener('abort', onAbort);
    listen();
    stream.setEncoding('utf8');
    stream.on('data', consume);
    stream.on('end', () => {
      if (rest.trim() !== '') consume('\n');
      finish();
    });
    stream.on('error', (error) => finish(options.broken(error)));
    stream.on('close', () => finish(options.broken()));
  });
}

/** Reads events until the stream ends. Rejects with `aborted` if the signal ended it. */
export async function readEvents(
  stream: IncomingMessage,
  listener: EventListener,
  signal: AbortSignal,
  where: string,
): Promise<void> {
  // So the kernel notices a peer that vanished.
  stream.socket?.setKeepAlive(true, 30_000);
  listener.open();
  await readLines(stream, (value) => listener.event(value as EventBody), {
    signal,
    broken: (error) => asEngineError(error ?? new Error('the event stream broke off'), 'events', where),
  });
}

/** One line of a pull. */
interface PullLine {
  error?: string;
  errorDetail?: { message?: string } | null;
}

/** A pull without a line for this time is stuck; slow links send many lines. */
const PULL_SILENCE_MS = 15 * 60_000;

/** Resolves when the pull is complete. followProgress() of docker-modem would keep every line until then. */
export async function readPull(stream: IncomingMessage, signal: AbortSignal | undefined, where: string): Promise<void> {
  const take = (value: unknown): void => {
    const { error, errorDetail } = value as PullLine;
    if (error || errorDetail?.message) throw pullError(errorDetail?.message || error || 'the pull failed');
  };
  await readLines(stream, take, {
    signal,
    silence: PULL_SILENCE_MS,
    broken: (error) =>
      error
        ? asEngineError(error, 'read', where)
        : new EngineError('pullFailed', 'the pull broke off before it was complete'),
  });
}
