import { SourceError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { type Commit, parseCommit, trailers } from '../git-object.ts';
import { ancestorsOf, type CommitGraph, commitGraph, descendantsOf, withMainline } from '../history/commit-graph.ts';
import { readCommits } from '../history/read-commits.ts';
import { loadAlone, loadOlder, twinOf } from '../history/shown-history.ts';
import type { Signer, Trust } from '../trust.ts';
import { type RefusalKind, TrustError } from '../trust-error.ts';
import type { Attestation } from './attest.ts';
import { type CountedDates, datesAfter, hasEnds, NO_DATES, newestOf } from './counted-dates.ts';
import { Signers } from './signers.ts';
import { tagSigners } from './tag-signers.ts';
import {
  type Candidate,
  type Evidence,
  RECOVERY_TRAILER,
  type Standing,
  TRUST_TRAILER,
  type Verdict,
  type Verification,
} from './verification.ts';

/**
 * Whether a site may accept a commit. Decides nothing by the clock but whether keys are valid. With `explain`, commits that nothing hangs on are
 * looked at as well. Throws SourceError alone.
 */
export async function verifyCommit(
  candidate: Candidate,
  standing: Standing,
  evidence: Evidence,
  { explain = false } = {},
): Promise<Verification> {
  const verifier = new CommitVerifier(candidate, standing, evidence);
  try {
    await verifier.run();
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    verifier.refusals.push(error);
  }
  if (explain) await verifier.explain();
  return verifier.result();
}

class CommitVerifier {
  readonly refusals: TrustError[] = [];
  readonly #candidate: Candidate;
  readonly #standing: Standing;
  readonly #evidence: Evidence;
  #graph: CommitGraph = commitGraph([], '');
  #signers: Signers;
  /** Whom the children of a commit are judged by. */
  readonly #trustAfter = new Map<string, Trust>();
  /** What counts on top of a commit. */
  readonly #datesAfter = new Map<string, CountedDates>();
  /** New keys that were announced, and not as the keys before demand. */
  readonly #wrongAnnouncements: { commit: Commit; version: number; refusal: TrustError }[] = [];
  readonly #verdicts = new Map<string, Verdict>();
  readonly #rotations: string[] = [];
  #base: string | undefined;
  #recovery: string | undefined;
  /** What stands in the accepted commit's place in the history that is shown. */
  #twin: string | undefined;
  #descends = true;

  constructor(candidate: Candidate, standing: Standing, evidence: Evidence) {
    this.#candidate = candidate;
    this.#standing = standing;
    this.#evidence = evidence;
    this.#base = standing.floor ?? standing.trust.anchor;
    this.#signers = new Signers(this.#graph, candidate, standing, evidence);
  }

  async run(): Promise<void> {
    const { commit: tip } = this.#candidate;
    const base = this.#base;
    this.#graph =
      base === undefined || base === tip
        ? await loadAlone(tip, this.#standing.trust.threshold, this.#evidence)
        : await this.#loadSince(tip, base);
    this.#signers = new Signers(this.#graph, this.#candidate, this.#standing, this.#evidence);
    let among = new Set(this.#graph.order.map(({ oid }) => oid));
    if (base !== undefined && base !== tip) {
      among = descendantsOf(this.#graph, new Set([base]));
      this.#descends = among.has(tip);
      this.#twin = this.#descends ? undefined : await twinOf(base, this.#graph, this.#evidence);
      if (this.#twin !== undefined) {
        among = descendantsOf(this.#graph, new Set([this.#twin]));
        this.#descends = true;
      }
    }
    // Who may sign is for the history to say that is followed.
    if (!this.#standing.isAlone) await this.#walk(among);
    if (base !== undefined && !this.#descends) among = await this.#recover(base);
    const head = this.#graph.get(tip);
    // A source that knows better than to send what it was asked for is no source.
    if (!head)
      throw new TrustError('malformed', `commit ${shortRevision(tip)} is not in the history that was shown for it`);
    await this.#judgeFrom(head, among);
  }

  async explain(): Promise<void> {
    for (const commit of this.#graph.order) {
      if (this.#verdicts.has(commit.oid)) continue;
      const found = await this.#signers.attest(commit);
      const isRefused = found instanceof TrustError;
      this.#verdicts.set(commit.oid, {
        commit,
        signers: isRefused ? [] : namesOf(found),
        ...(isRefused && { refusal: found }),
        isAside: true,
      });
    }
  }

  result(): Verification {
    const tip = this.#trustAfter.get(this.#candidate.commit);
    const verdicts = this.#graph.order.flatMap(({ oid }) => this.#verdicts.get(oid) ?? []);
    return {
      verdicts,
      refusals: this.refusals,
      trust: tip ?? this.#standing.trust,
      dates: this.#datesAfter.get(this.#candidate.commit) ?? this.#standing.dates ?? NO_DATES,
      rotations: this.#rotations,
      descends: this.#descends,
      ...(this.#recovery !== undefined && { recovery: this.#recovery }),
    };
  }

  async #loadSince(tip: string, base: string): Promise<CommitGraph> {
    try {
      return commitGraph(await readCommits(await this.#evidence.history(tip, [base])), tip);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (error.kind === 'notFound') return loadOlder(tip, error, this.#evidence);
      if (error.kind !== 'limit') throw error;
      this.#descends = false;
      const message = `${shortRevision(tip)} cannot be shown to descend from ${shortRevision(base)}: ${error.message}`;
      throw new TrustError(this.#kindOfRewrite(), message, { cause: error });
    }
  }

  /**
   * Goes from the oldest commit to the newest: says of each whom it is judged by, and which dates count for it. A commit beside the mainline comes in by
   * a merge: a site that looked before the merge judges it by what it has accepted then, and so does one that was away.
   */
  async #walk(among: ReadonlySet<string>): Promise<void> {
    const floorDates = await this.#floorDates();
    for (const { commit, onto } of withMainline(this.#graph, this.#candidate.commit)) {
      const before = onto === undefined ? commit.parents : [...commit.parents, onto];
      let trust = this.#standing.trust;
      for (const oid of before) {
        const after = this.#trustAfter.get(oid);
        if (after && after.version > trust.version) trust = after;
      }
      this.#trustAfter.set(commit.oid, trust);
      const below = newestOf(before.map((oid) => this.#datesAfter.get(oid) ?? floorDates));
      this.#signers.judgeBy(commit, trust, before.length === 0 ? floorDates : below);
      await this.#followTrust(commit, trust, this.#descends ? among : undefined);
      this.#datesAfter.set(commit.oid, await this.#datesOnTop(commit, trust));
    }
  }

  /** Those that are stored, else the date of the floor itself. */
  async #floorDates(): Promise<CountedDates> {
    const { dates, floor, trust } = this.#standing;
    if (dates || floor === undefined || !hasEnds(trust)) return dates ?? NO_DATES;
    try {
      const commit = parseCommit(floor, await this.#evidence.object(floor, 'commit'));
      const attested = await this.#signers.attest(commit);
      // Who signed it may be trusted no more; it was accepted all the same.
      return attested instanceof TrustError
        ? { ...NO_DATES, full: commit.time }
        : datesAfter(commit, NO_DATES, attested);
    } catch (error) {
      const isGone = error instanceof SourceError && (error.kind === 'notFound' || error.kind === 'protocol');
      if (isGone || error instanceof TrustError) return NO_DATES;
      throw error;
    }
  }

  async #datesOnTop(commit: Commit, trust: Trust): Promise<CountedDates> {
    const below = this.#signers.datesBelow(commit);
    const isTip = commit.oid === this.#candidate.commit;
    // Where no key can end, nobody pays for signatures that nothing else hangs on.
    if (!isTip && trust.verify === 'head' && trust.threshold === 1 && !hasEnds(trust)) return below;
    const attested = await this.#signers.attest(commit);
    if (attested instanceof TrustError) return below;
    return (await this.#startsAgain(commit)) ? { full: commit.time, own: [] } : datesAfter(commit, below, attested);
  }

  /** A recovery that full signers stand behind is the way out when a date far ahead has ended everybody's keys but one. */
  async #startsAgain(commit: Commit): Promise<boolean> {
    const named = recoveredBy(commit);
    if (named.length === 0) return false;
    const agreed = this.#graph.order.filter((each) => recoveredBy(each).some((oid) => named.includes(oid)));
    const among = new Set(agreed.map(({ oid }) => oid));
    try {
      await this.#signers.require(commit, among, { unlimited: true, why: 'recovers' });
      return true;
    } catch (error) {
      if (error instanceof TrustError) return false;
      throw error;
    }
  }

  /** Takes over a trust.yaml that a commit announces, when it is signed as its predecessor demands. */
  async #followTrust(commit: Commit, trust: Trust, among: ReadonlySet<string> | undefined): Promise<void> {
    const announced = trailers(commit.message, TRUST_TRAILER).at(-1);
    if (announced === undefined || !/^[1-9]\d{0,9}$/.test(announced) || Number(announced) <= trust.version) return;
    // What anybody can write into a commit announces nothing, or whoever gets one merged could keep sites from going on.
    const attested = await this.#signers.attest(commit);
    if (attested instanceof TrustError && BY_ANYBODY.has(attested.kind)) return;
    if (!(attested instanceof TrustError) && !attested.some(({ signer }) => mayTouchTrust(signer))) return;
    const version = Number(announced);
    const refusal = await this.#rotate(commit, trust, version, among);
    if (refusal) this.#wrongAnnouncements.push({ commit, version, refusal });
  }

  async #rotate(
    commit: Commit,
    trust: Trust,
    version: number,
    among: ReadonlySet<string> | undefined,
  ): Promise<TrustError | undefined> {
    try {
      await this.#signers.require(commit, this.#approvalsOf(commit, among), {
        unlimited: true,
        why: `brings trust.yaml version ${version}`,
      });
      const next = await this.#evidence.trustAt(commit.oid, trust);
      if (next?.version !== version) {
        const found = next ? `holds version ${next.version}` : 'is not there';
        throw new TrustError(
          'trustChanged',
          `commit ${shortRevision(commit.oid)} announces trust.yaml version ${version}, which ${found}`,
        );
      }
      this.#trustAfter.set(commit.oid, next);
      this.#rotations.push(commit.oid);
      return undefined;
    } catch (error) {
      if (error instanceof TrustError) return error;
      throw error;
    }
  }

  /** A history that was rewritten on purpose names the commit that it takes the place of. The commits from which to go on. */
  async #recover(base: string): Promise<Set<string>> {
    const tip = this.#candidate.commit;
    const names = ({ message }: Commit): boolean => trailers(message, RECOVERY_TRAILER).includes(base);
    const notes = this.#standing.floor === undefined ? [] : this.#graph.order.filter(names);
    const agreed = new Set(notes.map(({ oid }) => oid));
    let refusal: TrustError | undefined;
    for (const note of notes.reverse()) {
      try {
        // Only who names the commit, too, agrees: that the same files were signed once in another history says nothing.
        await this.#signers.require(note, agreed, {
          unlimited: true,
          why: `recovers from ${shortRevision(base)}`,
        });
        this.#recovery = note.oid;
        return new Set([...descendantsOf(this.#graph, new Set([note.oid])), ...agreed]);
      } catch (error) {
        if (!(error instanceof TrustError)) throw error;
        refusal = error;
      }
    }
    if (refusal) throw refusal;
    throw new TrustError(
      this.#kindOfRewrite(),
      this.#standing.floor === undefined
        ? `${shortRevision(tip)} does not descend from ${shortRevision(base)}, the anchor that trust.yaml names: it is of another repo`
        : `${shortRevision(tip)} does not descend from ${shortRevision(base)}, which was accepted: the history was rewritten, or an older state is shown. To go back, commit; to move sites to a rewritten history, sign a commit with the trailer "${RECOVERY_TRAILER}: ${base}"`,
    );
  }

  #kindOfRewrite(): 'anchor' | 'rewritten' {
    return this.#standing.floor === undefined ? 'anchor' : 'rewritten';
  }

  async #judgeFrom(head: Commit, among: ReadonlySet<string>): Promise<void> {
    const { trust, isAlone } = this.#standing;
    const trustAfter = this.#trustAfter.get(head.oid) ?? trust;
    const byTag = await tagSigners(this.#candidate, trustAfter, this.#standing.now, this.#evidence);
    const start = this.#recovery ?? this.#twin;
    const old = start === undefined ? new Set<string>() : ancestorsOf(this.#graph, start);
    // By the trust that is in force for each: a stricter one counts from the commit on that brings it.
    for (const commit of isAlone ? [] : this.#graph.order) {
      const isOld = old.has(commit.oid) && commit.oid !== this.#recovery;
      if (!isOld && this.#signers.trustFor(commit).verify === 'every') await this.#requireCommit(commit);
    }
    if (!this.#verdicts.has(head.oid) && byTag.length === 0) await this.#requireCommit(head);
    for (const { commit, version, refusal } of this.#wrongAnnouncements)
      if (version > trustAfter.version) this.#judgeLater(commit, refusal);
    const [first] = this.#refusedVerdicts();
    if (first) throw first;
    if (start !== undefined) this.#signers.accept(start);
    if (this.#graph.order.some((commit) => this.#signers.trustFor(commit).threshold > 1))
      await this.#acceptOnTheWay(among);
    await this.#signers.require(head, among, {
      unlimited: false,
      isNewest: true,
      why: 'is the newest state',
      more: byTag,
    });
  }

  /** Finds the links of the chain: what a site would have accepted that looked after each commit, by the dates of the commits. */
  async #acceptOnTheWay(among: ReadonlySet<string>): Promise<void> {
    for (const commit of this.#graph.order) {
      if (commit.oid === this.#candidate.commit || (await this.#signers.attest(commit)) instanceof TrustError) continue;
      try {
        await this.#signers.require(commit, this.#approvalsOf(commit, among), { unlimited: false, why: 'is a link' });
        this.#signers.accept(commit.oid);
      } catch (error) {
        if (!(error instanceof TrustError)) throw error;
      }
    }
  }

  /** Where approvals of a commit may lie. One beside the floor has all of its own beside it, and counts for as much as where the floor is lower. */
  #approvalsOf({ oid }: Commit, among: ReadonlySet<string> | undefined): ReadonlySet<string> {
    return among?.has(oid) ? among : new Set(this.#graph.order.map((each) => each.oid));
  }

  /** Refusals of single commits; those of commits that nobody needs are no reason. */
  #refusedVerdicts(): TrustError[] {
    return [...this.#verdicts.values()].flatMap(({ refusal }) => refusal ?? []);
  }

  /** Judges one commit by itself: signed, by somebody who may change what it changes. */
  async #requireCommit(commit: Commit): Promise<void> {
    const attested = await this.#signers.attest(commit);
    if (attested instanceof TrustError) return this.#judgeLater(commit, attested);
    if (!this.#verdicts.has(commit.oid)) this.#verdicts.set(commit.oid, { commit, signers: namesOf(attested) });
    let refusal: TrustError | undefined;
    for (const { signer } of attested) {
      refusal = await this.#signers.pathRefusal(commit, [commit], signer);
      if (!refusal) return;
    }
    if (refusal) this.#judgeLater(commit, refusal, attested);
  }

  #judgeLater(commit: Commit, refusal: TrustError, attested: Attestation[] = []): void {
    this.#verdicts.set(commit.oid, { commit, signers: namesOf(attested), refusal });
  }
}

/** Refusals of commits that none of the keys in trust.yaml has signed. */
const BY_ANYBODY: ReadonlySet<RefusalKind> = new Set(['unsigned', 'badSignature', 'unknownKey', 'malformed']);

/** Only who may change trust.yaml can announce it. */
const mayTouchTrust = ({ paths }: Signer): boolean => paths?.includes('trust.yaml') ?? true;

const recoveredBy = ({ message }: Commit): string[] =>
  trailers(message, RECOVERY_TRAILER).filter((oid) => /^[0-9a-f]{40}$/.test(oid));

const namesOf = (attested: readonly Attestation[]): string[] => [...new Set(attested.map(({ signer }) => signer.name))];
