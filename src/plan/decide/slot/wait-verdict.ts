import { EngineError } from '../../../lib/errors.ts';
import type { Operation } from '../../../model/plan.ts';
import type { ActualContainer } from '../../../model/state.ts';
import { steadinessOf } from './steady.ts';

/** The answer to a wait. `failed`: waiting longer does not help. */
export type WaitVerdict =
  | { status: 'done' }
  | { status: 'waiting'; reason: string }
  | { status: 'failed'; error: EngineError };

/**
 * Compose's rules for `depends_on`: a dependency that exited, is unhealthy or has no health check is an error and not something to wait for.
 * `found` is the container as it is now; undefined where it is gone.
 */
export function waitVerdict(
  { condition, container: { name } }: Pick<Operation & { kind: 'await' }, 'condition' | 'container'>,
  found: ActualContainer | undefined,
): WaitVerdict {
  if (condition === 'gone') return found ? waiting(`${name} is still being removed`) : DONE;
  if (!found) return failed(`${name} is gone`);
  if (condition === 'steady') {
    const { state, text } = steadinessOf(found);
    if (state === 'steady') return DONE;
    return state === 'waiting' ? waiting(`${name} ${text}`) : failed(`${name} ${text}`);
  }
  const { status, exitCode, health } = found;
  const hasEnded = status === 'exited' || status === 'dead';
  if (condition === 'completed') {
    if (!hasEnded) return waiting(`${name} has not completed`);
    return exitCode === 0 ? DONE : failed(`${name} exited with ${exitCode}`);
  }
  if (hasEnded) return failed(`${name} exited with ${exitCode}`);
  if (status !== 'running') return waiting(`${name} is ${status}`);
  if (health === 'none') return failed(`${name} has no healthcheck, so it never becomes healthy`);
  if (health === 'healthy') return DONE;
  return health === 'unhealthy' ? failed(`${name} is unhealthy`) : waiting(`${name} is not healthy yet`);
}

const DONE: WaitVerdict = { status: 'done' };
const waiting = (reason: string): WaitVerdict => ({ status: 'waiting', reason });
const failed = (message: string): WaitVerdict => ({ status: 'failed', error: new EngineError('failed', message) });
