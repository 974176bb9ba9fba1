import type { SyncPolicy } from '../../model/fleet.ts';
import type { Memory } from '../../model/memory.ts';
import type { Withheld } from '../../model/plan.ts';

/** How the planner is asked: an agent follows the policies of Git; a person at a laptop has decided already. */
export interface PlanOptions {
  /** `apply` by hand: `automated`, `selfHeal` and `suspend` hold nothing back. */
  byHand: boolean;
  /** `--prune`: prunes whatever the policy says. */
  prune: boolean;
  /** Images with pull_policy always are pulled once per revision. `diff` leaves it out: a pull is no difference. */
  pullAlways: boolean;
  /** `down`: what is removed goes because somebody takes it down, not because Git has forgotten it. */
  down?: boolean;
  /** Somebody else keeps the site too: nothing is pruned until then, in monotonic milliseconds. */
  conflictUntil?: number | undefined;
}

export const agentOptions: PlanOptions = { byHand: false, prune: false, pullAlways: true };

/** What kind of change an operation is; decides which policy may hold it back. */
export interface ChangeKind {
  /** No new revision asked for it. */
  drift?: boolean;
  /** It removes what Git does not name. */
  prune?: boolean;
  /** The place, image or app whose backoff it waits for, and what it is tried for. */
  backoff?: { key: string; goal: string };
}

export interface Guards {
  /** This plan would prune everything, or too much at once. */
  prune: Withheld | undefined;
}

/** The first reason to hold an operation back, or undefined. Guards hold against people too: they ask Git, not the one who types. */
export function holdBack(
  change: ChangeKind,
  sync: SyncPolicy,
  suspended: boolean,
  guards: Guards,
  memory: Memory,
  now: number,
  options: PlanOptions,
): Withheld | undefined {
  const { automated } = sync;
  if (suspended && !options.byHand) return { by: 'suspend', text: 'the app is suspended' };
  if (!automated && !options.byHand) return { by: 'automated', text: 'syncPolicy.automated is not set' };
  if (change.prune) {
    if (!automated?.prune && !options.prune) return { by: 'prune', text: 'syncPolicy.automated.prune is not set' };
    if (guards.prune) return guards.prune;
    if (options.conflictUntil !== undefined) {
      return { by: 'conflict', text: 'somebody else keeps this site, too', until: options.conflictUntil };
    }
  }
  if (change.drift && !automated?.selfHeal && !options.byHand) {
    return { by: 'selfHeal', text: 'syncPolicy.automated.selfHeal is not set' };
  }
  return change.backoff && waiting(change.backoff, memory, now);
}

/** Failures for another goal do not count: a new commit always supersedes a failing one at once. */
function waiting({ key, goal }: { key: string; goal: string }, memory: Memory, now: number): Withheld | undefined {
  const backoff = memory.backoffs[key];
  if (!backoff || backoff.goal !== goal || backoff.until <= now) return undefined;
  const times = backoff.failures === 1 ? 'once' : `${backoff.failures} times`;
  return {
    by: 'backoff',
    text: `tried ${times}, again in ${Math.ceil((backoff.until - now) / 1000)} s${backoff.error && `: ${backoff.error}`}`,
    until: backoff.until,
    ...(backoff.error && { error: backoff.error }),
  };
}
