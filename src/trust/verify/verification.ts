import type { Commit } from '../signed-object.ts';
import type { Trust } from '../trust.ts';
import type { TrustError } from '../trust-error.ts';
import type { CountedDates } from './counted-dates.ts';
import type { ReadFolder } from './path-limits.ts';

export interface ShownCommit {
  oid: string;
  content(): Promise<Uint8Array>;
}

/** What is asked of a source to judge a commit. All of it throws SourceError. */
export interface Evidence {
  /** Every commit that `tip` descends from and none of `known` does. The raw bytes of each are read when they are asked for. */
  history(tip: string, known: readonly string[]): Promise<ShownCommit[]>;
  object(oid: string, type: 'commit' | 'tag'): Promise<Uint8Array>;
  folder: ReadFolder;
  /** trust.yaml at a commit, read and merged with what is the site's own to say; undefined where there is none. Throws TrustError for one that cannot be used. */
  trustAt(commit: string, current: Trust): Promise<Trust | undefined>;
}

export interface Candidate {
  commit: string;
  /** The tag that is followed, where it is one: its name, and the ID of the tag object, which a lightweight tag has none of. */
  tag?: { name: string; oid: string | undefined };
}

/** Where the site stands. */
export interface Standing {
  /** What it accepted last: everything to come must descend from it. */
  floor: string | undefined;
  trust: Trust;
  /** Milliseconds since 1970; undefined where the site cannot know the time. */
  now: number | undefined;
  /** What counted below the floor, with the floor; read from the floor alone where it is not known. */
  dates?: CountedDates | undefined;
  /** The trust.yaml in force is not satisfied with the floor: it stands behind nothing. */
  isFloorDoubted?: boolean;
  /** The state is judged by itself, as one that stands beside the history that is followed: whoever signs it signs all of it. */
  isAlone?: boolean;
}

/** What was found about one commit. */
export interface Verdict {
  commit: Commit;
  signers: string[];
  refusal?: TrustError;
  /** Nothing hangs on it: it is told to explain. */
  isAside?: boolean;
}

export interface Verification {
  /** What was looked at, oldest first. */
  verdicts: Verdict[];
  /** Why it is not trusted, the most telling first; empty where it is. */
  refusals: TrustError[];
  /** Whom to trust once this is accepted. */
  trust: Trust;
  /** What counts on top of it. */
  dates: CountedDates;
  /** Commits by which `trust` came to be; empty where nothing changed. */
  rotations: string[];
  /** The commit that moved the site to a rewritten history, where one did. */
  recovery?: string;
  /** Whether it descends from the floor, or there is none. */
  descends: boolean;
}

/** `Holdfast-Trust: VERSION`: this commit brings a trust.yaml of that version. */
export const TRUST_TRAILER = 'Holdfast-Trust';
/** `Holdfast-Recovers: COMMIT`: sites that accepted that commit may go on from this one, which does not descend from it. */
export const RECOVERY_TRAILER = 'Holdfast-Recovers';
