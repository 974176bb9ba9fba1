import { own } from '../../../lib/maps/own.ts';
import type { Withheld } from '../../../model/plan.ts';
import type { ActualContainer } from '../../../model/state.ts';
import { serviceKey } from '../../../model/subject.ts';
import type { AppFacts } from '../../facts/app-facts.ts';
import { isCompleted, type NamedSlot } from '../../facts/containers.ts';

/** The state of a successor that runs beside the container it replaces. `text` goes after its name. */
export type Steadiness = { state: 'steady'; text: '' } | { state: 'waiting' | 'failed'; text: string };

/**
 * A successor is steady when it runs, and is healthy where it has a health check, or when it has done its work. It has failed when the engine had to
 * restart it before it was healthy, or without a check that says it is well now.
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

/** A successor without a health check is watched for `monitor` instead. undefined: it has been watched for long enough, or need not be. */
export function watch(
  { actual, memory, digest, now }: AppFacts,
  { id, service, wanted }: NamedSlot,
  name: string,
  found: ActualContainer | undefined,
): Withheld | undefined {
  const monitorMs = service.update?.monitorMs ?? 0;
  const isStarted = found !== undefined && found.status !== 'created';
  const checks = wanted.spec.Healthcheck?.Test ?? own(actual.images, wanted.spec.Image)?.config.Healthcheck?.Test ?? [];
  const isChecked = isStarted ? found.health !== 'none' : checks.length > 0 && checks[0] !== 'NONE';
  if (isChecked) return undefined;
  let leftMs = monitorMs;
  if (isStarted) {
    // By what is remembered of the start, and by the site's clock where it makes sense; the shorter one counts.
    const rollout = memory.rollouts[serviceKey(id)];
    const remembered = rollout?.goal === digest ? now - (rollout.until - rollout.pauseMs) : Number.POSITIVE_INFINITY;
    const told = actual.at === undefined ? Number.NaN : Date.parse(actual.at) - Date.parse(found.startedAt);
    leftMs -= Math.min(remembered, told >= 0 ? told : Number.POSITIVE_INFINITY);
  }
  if (leftMs <= 0) return undefined;
  return {
    by: 'updateConfig',
    text: `update_config watches ${name} for ${Math.ceil(leftMs / 1000)} s`,
    until: now + leftMs,
  };
}
