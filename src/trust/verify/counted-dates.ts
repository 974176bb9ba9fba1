import type { Commit } from '../signed-object.ts';
import type { Trust } from '../trust.ts';
import type { Attestation } from './attest.ts';

/**
 * The newest dates that signers put on the commits below a commit, in milliseconds. A signature on top of them is later, even if its own date is earlier: a
 * key that has ended cannot sign on top of a commit that is newer than its end.
 */
export interface CountedDates {
  /** The date from signers without `paths`: it counts for every key. */
  full: number;
  /** The dates from signers with `paths`, by name: each counts for that signer's keys only. */
  own: readonly (readonly [name: string, date: number])[];
}

export const NO_DATES: CountedDates = { full: 0, own: [] };

/** A date may be this far ahead of the site's clock before it is refused. */
const MOST_AHEAD_MS = 86_400_000;

/** The moment at which a signer's key must be valid for a commit. */
export function countedFor(commit: Commit, below: CountedDates, signer: string): number {
  const own = below.own.find(([name]) => name === signer)?.[1] ?? 0;
  return Math.max(commit.time, below.full, own);
}

/** The dates that count on top of several parents. */
export function newestOf(parents: readonly CountedDates[]): CountedDates {
  const [first] = parents;
  if (first && parents.every((each) => each === first)) return first;
  const own = new Map<string, number>();
  for (const [name, date] of parents.flatMap((each) => each.own)) own.set(name, Math.max(date, own.get(name) ?? 0));
  return { full: Math.max(0, ...parents.map(({ full }) => full)), own: [...own].sort() };
}

/** The dates that count on top of a commit. Only signers in trust.yaml add dates, and signers with `paths` only add their own. */
export function datesAfter(commit: Commit, below: CountedDates, attested: readonly Attestation[]): CountedDates {
  if (attested.some(({ signer }) => !signer.paths)) return { ...below, full: Math.max(below.full, commit.time) };
  const own = attested.map(({ signer: { name } }) => [name, countedFor(commit, { ...below, full: 0 }, name)] as const);
  return newestOf([below, { full: 0, own }]);
}

/** One of its keys can end, so dates matter. The end of an OpenPGP key is in the key itself, and is checked with each signature. */
export const hasEnds = ({ signers }: Trust): boolean =>
  signers.some(
    ({ validBefore, ssh, pgp }) =>
      validBefore !== undefined || pgp.length > 0 || ssh.some((key) => key.validBefore !== undefined),
  );

/** A date is so far ahead of the clock that one of the two is wrong. Without a clock no date is. */
export const isAhead = (date: number, now: number | undefined): boolean =>
  now !== undefined && date > now + MOST_AHEAD_MS;
