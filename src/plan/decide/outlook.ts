import { isCompleted, isUp } from '../facts/containers.ts';
import type { Decision } from './decision.ts';

/** The future of a slot, for services that depend on it or join it. */
export interface Outlook {
  /** This plan makes or starts it: its observed state no longer counts. */
  changed: boolean;
  /** It is or will be another container than before. */
  replaced: boolean;
  /** It stays and is stopped and started again for its health. */
  restarted: boolean;
  healthy: boolean;
  completed: boolean;
  /** The conditions that it may still reach. */
  may: { healthy: boolean; completed: boolean };
}

/** undefined: no container comes of it. */
export function outlookOf(decision: Decision): Outlook | undefined {
  switch (decision.kind) {
    case 'completed':
    case 'blocked':
      return undefined;
    case 'create':
    case 'replace':
    case 'replaceBeside':
    case 'continueTrial':
      return {
        changed: true,
        replaced: true,
        restarted: false,
        healthy: false,
        completed: false,
        may: { healthy: true, completed: true },
      };
    default: {
      const { kind, container, slot } = decision;
      const changed = kind !== 'keep' || decision.with !== undefined;
      // An unhealthy container is restarted, and may well be unhealthy again: services that do not require it need not wait for it.
      const restarted = kind === 'restart';
      return {
        changed,
        replaced: false,
        restarted,
        healthy: kind === 'keep' && container.status === 'running' && container.health === 'healthy',
        completed: isCompleted(container, slot.wanted),
        may: {
          healthy: (changed && !restarted) || (isUp(container) && container.health === 'starting'),
          completed: (changed && !restarted) || isUp(container),
        },
      };
    }
  }
}
