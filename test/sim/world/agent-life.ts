import type { EngineApi } from '../../../src/engine/api.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import type { Disk } from '../../../src/lib/disk.ts';
import type { Random } from './random.ts';

/**
 * One life of the agent. Everything that it was given answers only while it lives: a killed process sees nothing any more, while what it had
 * asked for just before may or may not still happen.
 */
export class Life {
  /** Calls so far that change something, on the engine or on the disk. */
  effects = 0;
  /** Dies at that effect: before it, or after it happened and before its answer. */
  diesAt: { effect: number; moment: 'before' | 'after' } | undefined;
  onDeath: () => void = () => {};
  readonly #random: Random;
  #dead = false;

  constructor(random: Random) {
    this.#random = random;
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.onDeath();
  }

  clock(clock: Clock): Clock {
    return {
      monotonic: () => clock.monotonic(),
      wall: () => clock.wall(),
      random: () => clock.random(),
      timer: (ms, callback) =>
        clock.timer(ms, () => {
          if (!this.#dead) callback();
        }),
    };
  }

  disk(disk: Disk): Disk {
    return {
      read: (path) => this.#answer(disk.read(path)),
      list: (dir) => this.#answer(disk.list(dir)),
      stat: (path) => this.#answer(disk.stat(path)),
      write: (path, content, mode) => this.#effect(() => disk.write(path, content, mode)),
      remove: (path) => this.#effect(() => disk.remove(path)),
    };
  }

  api(api: EngineApi): EngineApi {
    const wrapped: Record<string, unknown> = {};
    for (const [name, call] of Object.entries(api) as [string, (...args: unknown[]) => Promise<unknown>][]) {
      if (name === 'close') wrapped[name] = call;
      else if (/^(facts|list|inspect|lastOutput)/.test(name))
        wrapped[name] = (...args: unknown[]) => this.#answer(call(...args));
      else if (name !== 'events') wrapped[name] = (...args: unknown[]) => this.#effect(() => call(...args));
    }
    wrapped.events = (listener: Parameters<EngineApi['events']>[0], signal: AbortSignal) =>
      this.#answer(
        api.events(
          {
            open: () => {
              if (!this.#dead) listener.open();
            },
            event: (event) => {
              if (!this.#dead) listener.event(event);
            },
          },
          signal,
        ),
      );
    return wrapped as unknown as EngineApi;
  }

  #effect<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#dead) return never();
    this.effects += 1;
    if (this.diesAt?.effect === this.effects) {
      const happens = this.diesAt.moment === 'after' || this.#random.chance(0.3);
      if (!happens) {
        this.kill();
        return never();
      }
      act().then(
        () => this.kill(),
        () => this.kill(),
      );
      return never();
    }
    return this.#answer(act());
  }

  #answer<Result>(result: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      result.then(
        (value) => {
          if (!this.#dead) resolve(value);
        },
        (error) => {
          if (!this.#dead) reject(error);
        },
      );
    });
  }
}

const never = <Result>(): Promise<Result> => new Promise(() => {});
