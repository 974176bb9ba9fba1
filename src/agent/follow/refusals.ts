import { type InputError, SourceError } from '../../lib/errors.ts';
import type { Pin } from '../../model/fleet.ts';
import type { Named } from '../../source/source.ts';
import { isByClock, TrustError } from '../../trust/trust-error.ts';
import { pinKey } from './pin.ts';

/** Milliseconds that a commit is left alone that is more than a site may take: doubled each time. */
const FIRST_PUT_OFF_MS = 3_600_000;
const LONGEST_PUT_OFF_MS = 24 * 3_600_000;
/** Milliseconds after which a pinned commit is asked for again that was not there, or that the site's clock refused. */
const PIN_AGAIN_MS = 15 * 60_000;

/** A pinned commit that cannot be used; `named` is absent where the pin names none. */
export interface BadPin {
  pin: Pin;
  named: Named | undefined;
  error: TrustError | InputError;
}

/**
 * Remembers the last refusal. While it holds, the commit is not fetched again: it would cost the same and end in the same way. It ends with another
 * key or pin, with its time, and when it is cleared. `key` is that of the admission; times are monotonic milliseconds.
 */
export interface Refusals {
  holds(key: string, pin: string, now: number): boolean;
  refuse(key: string, until?: number): void;
  /** The commit goes beyond a limit. It does so each time, and may cost as much each time: it is left alone for longer and longer. */
  refuseTooMuch(key: string, commit: string, now: number): void;
  /** The refusal of the pin, and not of the commit: it ends when the pin names something else. */
  refusePin(key: string, bad: BadPin, now: number): void;
  /** The error of a pinned commit that went beyond a limit. Each commit of what is followed would fetch it again, so it is left alone for a day. */
  pinError(commit: string, now: number): BadPin['error'] | undefined;
  clear(): void;
}

export function createRefusals(): Refusals {
  let last: { key: string; pin?: string; until: number } | undefined;
  let tooMuch: { commit: string; times: number } | undefined;
  let pinTooMuch: { commit: string; until: number; error: BadPin['error'] } | undefined;
  return {
    holds: (key, pin, now) => last !== undefined && last.key === key && (last.pin ?? pin) === pin && now < last.until,
    refuse(key, until = Number.POSITIVE_INFINITY) {
      last = { key, until };
    },
    refuseTooMuch(key, commit, now) {
      const times = tooMuch?.commit === commit ? tooMuch.times + 1 : 1;
      tooMuch = { commit, times };
      last = { key, until: now + Math.min(FIRST_PUT_OFF_MS * 2 ** (times - 1), LONGEST_PUT_OFF_MS) };
    },
    refusePin(key, { pin, named, error }, now) {
      const isTooMuch = error.cause instanceof SourceError && error.cause.kind !== 'notFound';
      if (named && isTooMuch) pinTooMuch = { commit: named.commit, until: now + LONGEST_PUT_OFF_MS, error };
      // A commit named by its ID may be pushed later, and no ref tells of it. A key may be valid later.
      const mayCome = error instanceof TrustError ? isByClock(error) : named?.commit === pin.revision && !isTooMuch;
      last = { key, pin: pinKey(named, pin.revision), until: mayCome ? now + PIN_AGAIN_MS : Number.POSITIVE_INFINITY };
    },
    pinError: (commit, now) => (pinTooMuch?.commit === commit && now < pinTooMuch.until ? pinTooMuch.error : undefined),
    clear() {
      last = undefined;
    },
  };
}
