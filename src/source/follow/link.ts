import { networkInterfaces } from 'node:os';
import type { Clock } from '../../lib/clock.ts';

/** Calls back each time something happens, until the result is called. */
export type Subscribe = (callback: () => void) => () => void;

const EVERY = 5_000;

/**
 * Tells when this machine has an address that it had not before: a modem that dialled in, a cable that was plugged in. Looked at every five seconds
 * and only while somebody listens, which a retry does while it waits.
 */
export function linkWatch(clock: Clock, addresses: () => readonly string[] = ownAddresses): Subscribe {
  return (callback) => {
    let before = new Set(addresses());
    let cancel = clock.timer(EVERY, look);
    function look(): void {
      cancel = clock.timer(EVERY, look);
      const now = addresses();
      const isNew = now.some((address) => !before.has(address));
      before = new Set(now);
      if (isNew) callback();
    }
    return () => cancel();
  };
}

/** Those that lead somewhere: no loopback, none that an interface gives itself. */
function ownAddresses(): string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, found = []]) =>
    found
      .filter(({ internal, address }) => !internal && !/^(fe80:|169\.254\.)/i.test(address))
      .map(({ address }) => `${name} ${address}`),
  );
}

/** A signal that can be raised, and its listeners are called; what happens elsewhere is passed on. */
export function createSignal(other?: Subscribe): { subscribe: Subscribe; fire: () => void } {
  const listeners = new Set<() => void>();
  return {
    subscribe(callback) {
      const stop = other?.(callback);
      listeners.add(callback);
      return () => {
        listeners.delete(callback);
        stop?.();
      };
    },
    fire() {
      for (const listener of [...listeners]) listener();
    },
  };
}
