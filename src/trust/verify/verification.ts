import type { Commit } from '../signed-object.ts';
import type { Trust } from '../trust.ts';
import type { TrustError } from '../trust-error.ts';
import type { CountedDates } from './counted-dates.ts';
import type { ReadFolder } from './path-limits.ts';

export interface ShownCommit {
  oid: string;
  content(): Promise<Uint8Array>;
}

/** The facts of a source that a verification needs. All of it throws SourceError. */
export interface Evidence {
  /** Every commit from which `tip` descends, without those from which `known` descend. The raw bytes of each are read when they are asked for. */
  history(tip: string, known: readonly string[]): Promise<ShownCommit[]>;
  object(oid: string, type: 'commit' | 'tag'): Promise<Uint8Array>;
  folder: ReadFolder;
  /** The trust.yaml of a commit, merged with the site's own; undefined if there is none. Throws TrustError for one that cannot be used. */
  trustAt(commit: string, current: Trust): Promise<Trust | undefined>;
}

export interface Candidate {
  commit: string;
  /** The followed tag, if it is one: its name, and the ID of the tag object; a lightweight tag has no object. */
  tag?: { name: string; oid: string | undefined } | undefined;
}

/** The state of the site before the verification. */
export interface Standing {
  /** The commit that it accepted last: each commit to come must descend from it. */
  floor: string | undefined;
  trust: Trust;
  /** Milliseconds since 1970; undefined if the site cannot know the time. */
  now: number | undefined;
  /** The dates that count on top of the floor; absent: the date of the floor itself counts. */
  dates?: CountedDates | undefined;
  /** The trust.yaml in force did not verify the floor: its signers approve nothing. */
  isFloorDoubted?: boolean;
  /** The state is verified by itself, because it is beside the followed history: its signer signs all of it. */
  isAlone?: boolean;
}

/** The result for one commit. */
export interface Verdict {
  commit: Commit;
  signers: string[];
  refusal?: TrustError | undefined;
  /** The answer does not depend on it: it is there to explain. */
  isAside?: boolean;
}

export interface Verification {
  /** Oldest first. */
  verdicts: Verdict[];
  /** The reasons against the commit, the clearest first; empty if it is trusted. */
  refusals: TrustError[];
  /** The trust.yaml in force once the commit is accepted. */
  trust: Trust;
  /** The dates that count on top of the commit. */
  dates: CountedDates;
  /** Commits that brought `trust`; empty if nothing changed. */
  rotations: string[];
  /** The commit that moved the site to a rewritten history, where one did. */
  recovery?: string | undefined;
  /** It descends from the floor, or there is no floor. */
  descends: boolean;
}

/** `Holdfast-Trust: VERSION`: this commit brings a trust.yaml of that version. */
export const TRUST_TRAILER = 'Holdfast-Trust';
/** `Holdfast-Recovers: COMMIT`: sites that accepted that commit may go on from this one, which does not descend from it. */
export const RECOVERY_TRAILER = 'Holdfast-Recovers';
