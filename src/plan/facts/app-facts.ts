import { own } from '../../lib/maps/own.ts';
import type { Cause, Withheld } from '../../model/plan.ts';
import type { ActualSite, DesiredApp } from '../../model/state.ts';
import type { Retry, Subject } from '../../model/subject.ts';
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
  /** The policy of the site refuses the app: nothing of it is made. */
  forbidden: Withheld | undefined;
  /** Services that update_config does not pace: their replicas would wait for each other for ever. */
  unpaced: ReadonlySet<string>;
  /** The reason to hold a change of this app back, or undefined. */
  hold(change: Change): Withheld | undefined;
}

export function appFacts(site: SiteFacts, desired: DesiredApp): AppFacts {
  const digest = appDigest(desired);
  const settled = own(site.memory.applied, desired.name) === digest;
  return {
    ...site,
    desired,
    digest,
    settled,
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
  { windows, afterReboot, ...change }: Omit<Attempt, 'withheld'> & Pick<Change, 'windows' | 'afterReboot'>,
  other?: Withheld,
): Attempt {
  return { ...change, withheld: facts.hold({ ...change, windows, afterReboot }) ?? other };
}

/** The same change, held back for this reason. */
export const heldBack = (change: Attempt, withheld: Withheld | undefined): Attempt => ({
  ...change,
  withheld: change.withheld ?? withheld,
});
