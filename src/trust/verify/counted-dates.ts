import type { Commit } from '../signed-object.ts';
import type { Trust } from '../trust.ts';
import type { Attestation } from './attest.ts';

/**
 * The newest dates that signers have put below a commit, in milliseconds. Whoever signs on top of them signs later than that, whatever date he
 * writes himself: a key that has ended signs nothing on top of what is newer than its end.
 */
export interface CountedDates {
  /** Of commits that signers without `paths` signed: it counts for every key. */
  full: number;
  /** Of commits that a signer with `paths` signed alone, by the signer's name: it counts for that signer's keys. */
  own: readonly (readonly [name: string, date: number])[];
}

export const NO_DATES: CountedDates = { full: 0, own: [] };

/** A clock may be this wrong before a date that is ahead of it is refused. */
const MOST_AHEAD_MS = 86_400_000;

/** The moment at which a signer's key must be valid for a commit. */
export function countedFor(commit: Commit, below: CountedDates, signer: string): number {
  const own = below.own.find(([name]) => name === signer)?.[1] ?? 0;
  return Math.max(commit.time, below.full, own);
}

/** What counts on top of several parents. */
export function newestOf(parents: readonly CountedDates[]): CountedDates {
  const [first] = parents;
  if (first && parents.every((each) => each === first)) return first;
  const own = new Map<string, number>();
  for (const [name, date] of parents.flatMap((each) => each.own)) own.set(name, Math.max(date, own.get(name) ?? 0));
  return { full: Math.max(0, ...parents.map(({ full }) => full)), own: [...own].sort() };
}

/** What counts on top of a commit. Nobody whom trust.yaml does not name adds anything, and signers with `paths` add to their own dates alone. */
export function datesAfter(commit: Commit, below: CountedDates, attested: readonly Attestation[]): CountedDates {
  if (attested.some(({ signer }) => !signer.paths)) return { ...below, full: Math.max(below.full, commit.time) };
  const own = attested.map(({ signer: { name } }) => [name, countedFor(commit, { ...below, full: 0 }, name)] as const);
  return newestOf([below, { full: 0, own }]);
}

/** Whether any key of it can end, so that dates matter. What OpenPGP keys say of themselves is asked where they are used. */
export const hasEnds = ({ signers }: Trust): boolean =>
  signers.some(
    ({ validBefore, ssh, pgp }) =>
      validBefore !== undefined || pgp.length > 0 || ssh.some((key) => key.validBefore !== undefined),
  );

/** Whether a date is so far ahead of a clock that one of the two is wrong. Without a clock nothing is. */
export const isAhead = (date: number, now: number | undefined): boolean =>
  now !== undefined && date > now + MOST_AHEAD_MS;
