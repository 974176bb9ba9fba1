import type { EventBody } from '../../../../src/container/engine-api.ts';
import type { EventListener } from '../../../../src/engine/api.ts';
import { EngineError } from '../../../../src/lib/errors.ts';
import { deepFreeze } from '../freeze.ts';
import type { Random } from '../random.ts';
import type { VirtualClock } from '../virtual-clock.ts';

interface Stream {
  listener: EventListener;
  end: (error?: Error) => void;
}

/** The engine's event streams: each event reaches each open stream a little later, in order, unless a fault drops it. */
export class EventBus {
  /** Probability that one event never arrives. */
  lossRate = 0;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #streams = new Set<Stream>();
  #lastDelivery = 0;

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  emit(type: string, action: string, id: string, attributes: Record<string, string>): void {
    const event: EventBody = deepFreeze({
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      timeNano: this.#clock.wall().getTime() * 1e6,
    });
    const now = this.#clock.monotonic();
    this.#lastDelivery = Math.max(this.#lastDelivery, now + this.#random.between(1, 10));
    for (const stream of this.#streams) {
      if (this.#random.chance(this.lossRate)) continue;
      this.#clock.timer(this.#lastDelivery - now, () => {
        if (this.#streams.has(stream)) stream.listener.event(event);
      });
    }
  }

  /** As `EngineApi.events`. */
  open(listener: EventListener, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream: Stream = {
        listener,
        end: (error) => {
          this.#streams.delete(stream);
          signal.removeEventListener('abort', aborted);
          if (error) reject(error);
          else resolve();
        },
      };
      const aborted = (): void => stream.end();
      if (signal.aborted) return resolve();
      signal.addEventListener('abort', aborted);
      this.#streams.add(stream);
      listener.open();
    });
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** All open streams end: with an error, or, as some proxies do it, silently. */
  cut(withError = true): void {
    for (const stream of [...this.#streams]) {
      stream.end(withError ? new EngineError('unreachable', 'the event stream broke') : undefined);
    }
  }
}
