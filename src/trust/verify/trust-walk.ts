import { SourceError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { withMainline } from '../history/commit-graph.ts';
import { type Commit, parseCommit, trailers } from '../signed-object.ts';
import type { Signer, Trust } from '../trust.ts';
import { type RefusalKind, TrustError } from '../trust-error.ts';
import { type CountedDates, datesAfter, hasEnds, NO_DATES, newestOf } from './counted-dates.ts';
import type { Scope } from './scope.ts';
import { RECOVERY_TRAILER, TRUST_TRAILER } from './verification.ts';

/** The results of the walk, by commit. */
export interface TrustWalk {
  /** The trust.yaml by which the children of a commit are verified. */
  trustAfter: Map<string, Trust>;
  /** The dates that count for the children of a commit. */
  datesAfter: Map<string, CountedDates>;
  /** Commits that brought a new trust.yaml. */
  rotations: string[];
  /** New trust.yaml files that were announced, and not as their predecessor demands. */
  wrongAnnouncements: { commit: Commit; version: number; refusal: TrustError }[];
}

export const emptyWalk = (): TrustWalk => ({
  trustAfter: new Map(),
  datesAfter: new Map(),
  rotations: [],
  wrongAnnouncements: [],
});

/**
 * Goes from the oldest commit to the newest. Tells the signers of each by which trust.yaml and dates it is verified. A commit beside the mainline comes
 * in by a merge: a site that looked before the merge verifies it by what it has accepted then, and so does a site that was away. Approvals of a new
 * trust.yaml lie among the commits of `approvers`. Throws SourceError alone.
 */
export async function walkTrust(scope: Scope, approvers: (commit: Commit) => ReadonlySet<string>): Promise<TrustWalk> {
  const { graph, signers, candidate, standing } = scope;
  const walk = emptyWalk();
  const floorDates = await datesOfFloor(scope);
  for (const { commit, onto } of withMainline(graph, candidate.commit)) {
    const before = onto === undefined ? commit.parents : [...commit.parents, onto];
    let trust = standing.trust;
    for (const oid of before) {
      const after = walk.trustAfter.get(oid);
      if (after && after.version > trust.version) trust = after;
    }
    walk.trustAfter.set(commit.oid, trust);
    const below = newestOf(before.map((oid) => walk.datesAfter.get(oid) ?? floorDates));
    signers.verifyBy(commit, trust, before.length === 0 ? floorDates : below);
    await followAnnouncement(scope, walk, commit, trust, approvers);
    walk.datesAfter.set(commit.oid, await datesOnTop(scope, commit, trust));
  }
  return walk;
}

/** The stored dates, else the date of the floor itself. */
async function datesOfFloor({ standing, evidence, signers }: Scope): Promise<CountedDates> {
  const { dates, floor, trust } = standing;
  if (dates || floor === undefined || !hasEnds(trust)) return dates ?? NO_DATES;
  try {
    const commit = parseCommit(floor, await evidence.object(floor, 'commit'));
    const attested = await signers.attest(commit);
    // The signer may not be trusted any more, and the commit was accepted all the same.
    return attested instanceof TrustError ? { ...NO_DATES, full: commit.time } : datesAfter(commit, NO_DATES, attested);
  } catch (error) {
    const isGone = error instanceof SourceError && (error.kind === 'notFound' || error.kind === 'protocol');
    if (isGone || error instanceof TrustError) return NO_DATES;
    throw error;
  }
}

async function datesOnTop(scope: Scope, commit: Commit, trust: Trust): Promise<CountedDates> {
  const { signers, candidate } = scope;
  const below = signers.datesBelow(commit);
  const isTip = commit.oid === candidate.commit;
  // Where no key can end, only the tip's signature is needed: the others are not fetched.
  if (!isTip && trust.verify === 'head' && trust.threshold === 1 && !hasEnds(trust)) return below;
  const attested = await signers.attest(commit);
  if (attested instanceof TrustError) return below;
  return (await beginsAgain(scope, commit)) ? { full: commit.time, own: [] } : datesAfter(commit, below, attested);
}

/** A recovery by signers without `paths` is the way out after a date far ahead has ended everybody's keys but one. */
async function beginsAgain({ graph, signers }: Scope, commit: Commit): Promise<boolean> {
  const named = recoveredBy(commit);
  if (named.length === 0) return false;
  const agreed = graph.order.filter((each) => recoveredBy(each).some((oid) => named.includes(oid)));
  const among = new Set(agreed.map(({ oid }) => oid));
  try {
    await signers.require(commit, among, { unlimited: true, why: 'recovers' });
    return true;
  } catch (error) {
    if (error instanceof TrustError) return false;
    throw error;
  }
}

/** Takes over a trust.yaml that a commit announces, if the commit is signed as the predecessor demands. */
async function followAnnouncement(
  scope: Scope,
  walk: TrustWalk,
  commit: Commit,
  trust: Trust,
  approvers: (commit: Commit) => ReadonlySet<string>,
): Promise<void> {
  const announced = trailers(commit.message, TRUST_TRAILER).at(-1);
  if (announced === undefined || !/^[1-9]\d{0,9}$/.test(announced) || Number(announced) <= trust.version) return;
  // A trailer that anybody can write announces nothing, or one merged commit of a stranger would stop all sites.
  const attested = await scope.signers.attest(commit);
  if (attested instanceof TrustError && BY_ANYBODY.has(attested.kind)) return;
  if (!(attested instanceof TrustError) && !attested.some(({ signer }) => mayTouchTrust(signer))) return;
  const version = Number(announced);
  try {
    await scope.signers.require(commit, approvers(commit), {
      unlimited: true,
      why: `brings trust.yaml version ${version}`,
    });
    const next = await scope.evidence.trustAt(commit.oid, trust);
    if (next?.version !== version) {
      const found = next ? `holds version ${next.version}` : 'is not there';
      throw new TrustError(
        'trustChanged',
        `commit ${shortRevision(commit.oid)} announces trust.yaml version ${version}, which ${found}`,
      );
    }
    walk.trustAfter.set(commit.oid, next);
    walk.rotations.push(commit.oid);
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    walk.wrongAnnouncements.push({ commit, version, refusal: error });
  }
}

/** Refusals of commits that no key in trust.yaml has signed. */
const BY_ANYBODY: ReadonlySet<RefusalKind> = new Set(['unsigned', 'badSignature', 'unknownKey', 'malformed']);

/** Only a signer who may change trust.yaml can announce it. */
const mayTouchTrust = ({ paths }: Signer): boolean => paths?.includes('trust.yaml') ?? true;

const recoveredBy = ({ message }: Commit): string[] =>
  trailers(message, RECOVERY_TRAILER).filter((oid) => /^[0-9a-f]{40}$/.test(oid));
