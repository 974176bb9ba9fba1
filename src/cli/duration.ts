import { parseDuration } from '../compose/keys/quantities.ts';
import { InputError } from '../lib/errors.ts';

/** Milliseconds of a duration as Compose writes them (`90s`, `5m`, `1h30m`). Throws InputError that names `what`. */
export function durationMs(text: string, what: string): number {
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined || nanoseconds <= 0) {
    throw InputError.at(
      undefined,
      `${what} must be a duration above zero and below 100 days, not "${text}"`,
      'for example 30s, 5m or 1h30m',
    );
  }
  return nanoseconds / 1e6;
}
