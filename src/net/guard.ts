import type { Clock } from '../lib/clock.ts';
import { SourceError } from '../lib/errors.ts';
import type { SourceLimits } from './limits.ts';
import { abortedError, networkError } from './network-errors.ts';

/** Holds one request and its answer to the limits of bytes and time, and says in words why one ended. */
export class Guard {
  /** Aborted by the caller, or by a limit. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #limits: SourceLimits;
  readonly #outer: AbortSignal;
  readonly #host: string;
  readonly #stopTotal: () => void;
  #reason: SourceError | undefined;

  constructor(clock: Clock, limits: SourceLimits, outer: AbortSignal, host: string) {
    this.#clock = clock;
    this.#limits = limits;
    this.#outer = outer;
    this.#host = host;
    this.signal = AbortSignal.any([outer, this.#controller.signal]);
    const seconds = limits.total / 1000;
    this.#stopTotal = clock.timer(limits.total, () =>
      this.#stop(`${host} did not finish its answer within ${seconds} s`),
    );
  }

  /**
   * Runs something that waits, under the idle limit, which starts again when it reports progress. It ends with the limit and with the signal,
   * also where what is waited for listens to neither: a library that lost its connection, a program that does not end.
   */
  async within<T>(wait: (onMoved: () => void) => Promise<T>, late = `${this.#host} sent nothing for`): Promise<T> {
    const seconds = this.#limits.idle / 1000;
    const arm = (): (() => void) => this.#clock.timer(this.#limits.idle, () => this.#stop(`${late} ${seconds} s`));
    let disarm = arm();
    const { signal } = this;
    let onAbort = (): void => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      const waiting = wait(() => {
        disarm();
        disarm = arm();
      });
      return await Promise.race([waiting, aborted]);
    } finally {
      disarm();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** A stream's bytes, capped. The idle limit runs only while we wait, not while the reader works. `end` is called however it ends. */
  async *body(stream: AsyncIterable<Buffer>, end: () => void): AsyncGenerator<Uint8Array, void, undefined> {
    let bytes = 0;
    const iterator = stream[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.within(() => iterator.next());
        if (next.done) return;
        bytes += next.value.length;
        if (bytes > this.#limits.bytes) {
          throw new SourceError(
            'limit',
            `${this.#host} sends more than the ${this.#limits.bytes} bytes that one fetch may take (maxFetchBytes)`,
          );
        }
        yield next.value;
      }
    } catch (error) {
      throw this.explain(error);
    } finally {
      this.done();
      end();
    }
  }

  /** To be called once nothing more is waited for. */
  done(): void {
    this.#stopTotal();
  }

  /** The sentence for what ended it. A bug, which is no fault of the network, is thrown as it is. */
  explain(error: unknown): SourceError {
    if (error instanceof SourceError) return error;
    if (error instanceof TypeError && !('code' in error)) throw error;
    if (this.#reason) return this.#reason;
    return this.#outer.aborted ? abortedError(error) : networkError(error, this.#host, this.#clock.wall());
  }

  #stop(text: string): void {
    this.#reason ??= new SourceError('unreachable', text);
    this.#controller.abort();
  }
}
