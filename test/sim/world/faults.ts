import { EngineError, type EngineErrorKind } from '../../../src/lib/errors.ts';
import type { Random } from './random.ts';

/** Faults of calls to the engine. All rates are probabilities per call; all zero is an engine that always answers. */
export interface FaultRates {
  /** The call fails and nothing has happened. */
  refused: number;
  /** It happened, and the answer is lost. */
  answerLost: number;
  /** A list or an inspect fails. */
  unreadable: number;
}

export const NO_FAULTS: FaultRates = { refused: 0, answerLost: 0, unreadable: 0 };

export interface Fault {
  when: 'before' | 'after';
  error: EngineError;
}

/** Draws what befalls one call. */
export function drawFault(random: Random, rates: FaultRates, call: string, reads: boolean): Fault | undefined {
  const draw = random.next();
  if (reads) return draw < rates.unreadable ? { when: 'before', error: failure('unreachable', call) } : undefined;
  const kind: EngineErrorKind = random.chance(0.5) ? 'unreachable' : 'failed';
  if (draw < rates.refused) return { when: 'before', error: failure(kind, call) };
  if (draw < rates.refused + rates.answerLost) return { when: 'after', error: failure(kind, call) };
  return undefined;
}

const failure = (kind: EngineErrorKind, call: string): EngineError =>
  new EngineError(kind, kind === 'unreachable' ? `${call}: the connection broke` : `${call}: injected server error`);
