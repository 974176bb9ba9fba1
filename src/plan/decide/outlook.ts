import { isCompleted, isUp } from '../facts/containers.ts';
import type { Decision } from './decision.ts';

type Condition = 'healthy' | 'completed';

/** The future of a slot, for services that depend on it or join it. */
export interface Outlook {
  /** It is or will be another container than before. */
  replaced: boolean;
  /** It stays and is stopped and started again for its health. */
  restarted: boolean;
  /** The conditions that it has now, and keeps: this plan neither makes nor starts it. */
  has: Record<Condition, boolean>;
  /** The conditions that it has or may still reach. */
  may: Record<Condition, boolean>;
}

/** undefined: no container comes of it. */
export function outlookOf(decision: Decision): Outlook | undefined {
  if (decision.kind === 'completed' || decision.kind === 'blocked') return undefined;
  if (!('container' in decision) || decision.kind === 'continueTrial')
    return {
      replaced: true,
      restarted: false,
      has: { healthy: false, completed: false },
      may: { healthy: true, completed: true },
    };
  const { kind, container, slot } = decision;
  const completed = isCompleted(container, slot.wanted);
  const healthy = container.status === 'running' && container.health === 'healthy';
  const isKept = kind === 'keep' && decision.with === undefined;
  // An unhealthy container is restarted, and may well be unhealthy again: services that do not require it need not wait for it.
  const isHopeful = !isKept && kind !== 'restart';
  return {
    replaced: false,
    restarted: kind === 'restart',
    has: { healthy: isKept && healthy, completed: isKept && completed },
    may: {
      healthy: isHopeful || (kind === 'keep' && healthy) || (isUp(container) && container.health === 'starting'),
      completed: isHopeful || completed || isUp(container),
    },
  };
}
