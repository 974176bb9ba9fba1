import type { VirtualClock } from './virtual-clock.ts';

/** The events in virtual time, for people who look into a failing seed. Keeps the newest lines only. */
export class History {
  /** Called with each line as it is written; for tracing one seed. */
  onLine: (line: string) => void = () => {};
  readonly #clock: VirtualClock;
  readonly #limit: number;
  #lines: string[] = [];

  constructor(clock: VirtualClock, limit = 400) {
    this.#clock = clock;
    this.#limit = limit;
  }

  note(text: string): void {
    const line = `${(this.#clock.monotonic() / 1000).toFixed(3).padStart(10)}s ${text}`;
    this.#lines.push(line);
    if (this.#lines.length > 2 * this.#limit) this.#lines = this.#lines.slice(-this.#limit);
    this.onLine(line);
  }

  text(): string {
    return this.#lines.slice(-this.#limit).join('\n');
  }
}
