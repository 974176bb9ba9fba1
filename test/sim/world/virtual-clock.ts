import type { Clock } from '../../../src/lib/clock.ts';
import type { Random } from './random.ts';

interface Timer {
  at: number;
  /** Timers of one moment fire in the order in which they were set. */
  order: number;
  callback: () => void;
}

/**
 * Time that passes only when nothing is left to do. Timers fire in order of their moment; after each one every promise that can
 * settle does so before the next fires. Nothing here ever sleeps.
 */
export class VirtualClock implements Clock {
  /** An error that is thrown here ends the run: invariants broken inside a callback that nobody awaits. */
  onStep: () => void = () => {};
  /** Timers fired so far. */
  fired = 0;
  readonly #random: Random;
  /** A binary heap, the earliest first. */
  readonly #timers: Timer[] = [];
  readonly #cancelled = new Set<Timer>();
  #now = 0;
  #order = 0;
  #unfinished = 0;
  #driven = false;
  #wallOffset: number;

  constructor(random: Random, wallStart = Date.UTC(2026, 0, 1)) {
    this.#random = random;
    this.#wallOffset = wallStart;
  }

  monotonic(): number {
    return this.#now;
  }

  wall(): Date {
    return new Date(this.#wallOffset + this.#now);
  }

  /** The wall clock jumps; monotonic time does not notice. */
  setWall(date: Date): void {
    this.#wallOffset = date.getTime() - this.#now;
  }

  random(): number {
    return this.#random.next();
  }

  timer(ms: number, callback: () => void): () => void {
    if (Number.isNaN(ms)) throw new Error('a timer needs a number of milliseconds');
    this.#order += 1;
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order, callback };
    this.#push(timer);
    return () => {
      timer.callback = () => {};
      this.#cancelled.add(timer);
    };
  }

  /** Resolves after `ms` of virtual time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.timer(ms, resolve);
    });
  }

  /** Lets `ms` pass, firing everything that falls due. */
  async advance(ms: number): Promise<void> {
    await this.runUntil(() => false, ms);
  }

  /**
   * Lets time pass until the condition holds, at most `limit` milliseconds. The condition is asked after every timer.
   * @returns whether it came to hold.
   */
  async runUntil(condition: () => boolean, limit: number): Promise<boolean> {
    const end = this.#now + limit;
    await settle();
    this.onStep();
    while (!condition()) {
      const timer = this.#next();
      if (timer === undefined || timer.at > end) {
        if (timer) this.#push(timer);
        this.#now = end;
        return condition();
      }
      this.#now = Math.max(this.#now, timer.at);
      this.fired += 1;
      timer.callback();
      await settle();
      this.onStep();
    }
    return true;
  }

  /** Runs a promise to its end under virtual time. A promise that is being run may itself run others. */
  async finish<Value>(promise: Promise<Value>, limit = 24 * 3600_000): Promise<Value> {
    this.#unfinished += 1;
    const done = promise.finally(() => {
      this.#unfinished -= 1;
    });
    return Promise.race([done, this.#drive(limit)]);
  }

  /** Turns the clock for as long as something is unfinished; settles only when that lasts too long. */
  #drive(limit: number): Promise<never> {
    return new Promise((_, reject) => {
      if (this.#driven) return;
      this.#driven = true;
      this.runUntil(() => this.#unfinished === 0, limit)
        .then((finished) => {
          this.#driven = false;
          if (!finished) reject(new Error(`not finished after ${limit} ms of virtual time`));
        })
        .catch(reject);
    });
  }

  #next(): Timer | undefined {
    for (;;) {
      const timer = this.#pop();
      if (timer === undefined || !this.#cancelled.delete(timer)) return timer;
    }
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!earlier(timer, heap[parent] as Timer)) break;
      heap[index] = heap[parent] as Timer;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#timers;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
      if (!earlier(heap[child] as Timer, last)) break;
      heap[index] = heap[child] as Timer;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

const earlier = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Everything that promises, ticks and immediates can do without time passing. Two turns: what the first set for the second runs too. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
