import type { ActualContainer, DesiredContainer, DesiredService } from '../../model/state.ts';
import { isUp } from '../draft/slot/steps.ts';
import { isCompleted } from '../heal.ts';

/** How a container does that is to take over from one that still runs. `text` goes after its name. */
export type Steadiness = { state: 'steady'; text: '' } | { state: 'waiting' | 'failed'; text: string };

/**
 * One that runs and is healthy where it has a health check, or that has done its work. What the engine had to restart before it was healthy, or
 * that has no check to say that it is well now, has failed.
 */
export function steadinessOf(found: ActualContainer): Steadiness {
  const { status, health, restartCount, exitCode } = found;
  if (isCompleted(found, found)) return { state: 'steady', text: '' };
  if (status === 'exited' || status === 'dead') return { state: 'failed', text: `exited with ${exitCode}` };
  if (status === 'running' && health === 'healthy') return { state: 'steady', text: '' };
  if (status === 'restarting' || restartCount > 0)
    return { state: 'failed', text: `ends and is restarted, the last time with exit code ${exitCode}` };
  if (status !== 'running') return { state: 'waiting', text: `is ${status}` };
  if (health === 'unhealthy') return { state: 'failed', text: 'is unhealthy' };
  return health === 'starting' ? { state: 'waiting', text: 'is not healthy yet' } : { state: 'steady', text: '' };
}

/** `deploy.update_config.order`. */
export const startsFirst = ({ update }: Pick<DesiredService, 'update'>): boolean => update?.order === 'start-first';

/** Whether a container stands under its temporary name beside one that it is to take over from. */
export const isOnTrial = (
  service: Pick<DesiredService, 'update'>,
  wanted: DesiredContainer,
  right: ActualContainer,
  claimants: readonly ActualContainer[],
): boolean =>
  startsFirst(service) &&
  right.name !== wanted.name &&
  !isCompleted(right, wanted) &&
  claimants.some((other) => other !== right && isUp(other));
