import type { ActualContainer, ActualSite } from '../../model/state.ts';

/**
 * The state of a site at one moment, for `diff --fleet --actual`: ActualSite without values that may be secret. The files of Git on its disk are not in it: the
 * containers tell with which files they were made.
 */
export interface Observation
  extends Pick<ActualSite, 'engine' | 'foreignNames' | 'strangersOn' | 'networks' | 'volumes' | 'images'> {
  apiVersion: 'holdfast/v1';
  kind: 'Observation';
  site: string;
  /** The clock of the machine that asked, RFC 3339. */
  at: string;
  containers: ObservedContainer[];
}

/** Digests over secrets are left out: a short secret could be guessed from one. So are outputs and errors. */
export type ObservedContainer = Omit<
  ActualContainer,
  'specHash' | 'contentDigest' | 'hooksDigest' | 'healthOutput' | 'error' | 'agent' | 'hidden'
> & {
  /** The fields whose values are left out, as a person calls them: `environment.TOKEN`, `command`. Sorted. */
  notShown: string[];
};
