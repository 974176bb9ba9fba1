import { own } from '../../lib/maps/own.ts';
import type { HookPhase } from '../../model/app/hook-phase.ts';
import type { Cause, Withheld } from '../../model/plan.ts';
import type { ActualSite, DesiredApp } from '../../model/state.ts';
import type { Retry, Subject } from '../../model/subject.ts';
import { type AppChange, changeOf } from '../decide/hooks/app-change.ts';
import { appDigest } from './goals.ts';
import type { Neighbours } from './neighbours.ts';
import { type Change, type Circumstances, forbiddenHold } from './policy.ts';

/** The facts that the plans of all apps share. */
export interface SiteFacts extends Circumstances {
  site: string;
  actual: ActualSite;
  neighbours: Neighbours;
}

/** Everything that is known while one app is planned. Nothing changes it. */
export interface AppFacts extends SiteFacts {
  desired: DesiredApp;
  /** Digest of all the app wants. */
  digest: string;
  /** Nothing new was asked for since the app last converged. */
  settled: boolean;
  /** The change that Git asks of it. */
  change: AppChange;
  /** The policy of the site refuses the app: nothing of it is made. */
  forbidden: Withheld | undefined;
  /** Services that update_config does not pace: their replicas would wait for each other for ever. */
  unpaced: ReadonlySet<string>;
  /** The reason to hold a change of this app back, or undefined. */
  hold(change: Change): Withheld | undefined;
}

export function appFacts(site: SiteFacts, desired: DesiredApp): AppFacts {
  const change = changeOf(desired, site.actual, site.memory);
  const digest = appDigest(desired);
  const settled = own(site.memory.applied, desired.name) === digest;
  return {
    ...site,
    desired,
    digest,
    settled,
    change,
    forbidden: forbiddenHold(desired),
    unpaced: new Set(),
    hold: (change) => site.neighbours.hold(desired.name, change),
  };
}

/** One change of one subject. All its operations have this in common. */
export interface Attempt {
  service?: string | undefined;
  subject: Subject;
  cause: Cause;
  retry: Retry;
  withheld?: Withheld | undefined;
  /** It waits for the PreSync hooks that have yet to run. */
  awaitsHooks?: true;
  /** It is about a hook. */
  syncHook?: HookPhase | undefined;
}

/** The reason of a change that says how the site was found. A finding of drift says that it is one. */
export function finding(text: string, { cause, retry }: Pick<Attempt, 'cause' | 'retry'>): string {
  const drift = cause === 'drift' ? ' (drift)' : '';
  const wait = retry.purpose === 'previous' ? '; its replacement has to wait' : '';
  return `${text}${drift}${wait}`;
}

/** `other` holds the change back where no policy, guard or backoff does. */
export function attempt(
  facts: AppFacts,
  {
    windows,
    afterReboot,
    hooks,
    awaitsHooks: _,
    ...change
  }: Omit<Attempt, 'withheld'> & Pick<Change, 'windows' | 'afterReboot' | 'hooks'>,
  other?: Withheld,
): Attempt {
  const withheld = facts.hold({ ...change, windows, afterReboot }) ?? other;
  const awaitsHooks = facts.change.left.PreSync.length > 0 && comesAfterHooks(change.cause, windows, hooks);
  return { ...change, withheld, ...(awaitsHooks && { awaitsHooks }) };
}

function comesAfterHooks(cause: Cause, windows: Change['windows'], hooks: Change['hooks']): boolean {
  if (cause === 'drift' || hooks === 'never') return false;
  return hooks === 'always' || ((cause === 'revision' || cause === 'prune') && windows !== 'never');
}

/** The same change, held back for this reason. */
export const heldBack = (change: Attempt, withheld: Withheld | undefined): Attempt => ({
  ...change,
  withheld: change.withheld ?? withheld,
});
