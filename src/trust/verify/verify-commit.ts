import { shortRevision } from '../../lib/text/revision.ts';
import { ancestorsOf, commitGraph } from '../history/commit-graph.ts';
import type { Commit } from '../signed-object.ts';
import { TrustError } from '../trust-error.ts';
import type { Attestation } from './attest.ts';
import { NO_DATES } from './counted-dates.ts';
import { baseOf, type Descent, descentOf, loadHistory, recover } from './descent.ts';
import type { Scope } from './scope.ts';
import { Signers } from './signers.ts';
import { tagSigners } from './tag-signers.ts';
import { emptyWalk, walkTrust } from './trust-walk.ts';
import type { Candidate, Evidence, Standing, Verdict, Verification } from './verification.ts';

/**
 * May a site accept a commit? The clock decides only whether keys are valid. With `explain`, commits that do not matter for the answer are
 * verified too. Throws SourceError alone.
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

/** One verification. It keeps its findings when it ends with a refusal, for the log and `holdfast verify`. */
class CommitVerifier {
  readonly refusals: TrustError[] = [];
  readonly #verdicts = new Map<string, Verdict>();
  #scope: Scope;
  #walk = emptyWalk();
  #descent: Descent = { descends: false, among: new Set() };
  #recovery: string | undefined;

  constructor(candidate: Candidate, standing: Standing, evidence: Evidence) {
    const graph = commitGraph([], '');
    const signers = new Signers(graph, candidate, standing, evidence);
    this.#scope = { graph, signers, candidate, standing, evidence };
  }

  /** Throws TrustError for the first reason against the commit. */
  async run(): Promise<void> {
    const { candidate, standing, evidence } = this.#scope;
    const base = baseOf(standing);
    const graph = await loadHistory(candidate, standing, evidence);
    const signers = new Signers(graph, candidate, standing, evidence);
    this.#scope = { graph, signers, candidate, standing, evidence };
    this.#descent = await descentOf(graph, candidate.commit, base, evidence);
    const { descends } = this.#descent;
    let { among } = this.#descent;
    // The history that is followed says who may sign; a state that is verified by itself has none.
    if (!standing.isAlone)
      this.#walk = await walkTrust(this.#scope, (commit) => this.#approversOf(commit, descends ? among : undefined));
    if (base !== undefined && !descends) ({ recovery: this.#recovery, among } = await recover(this.#scope, base));
    const head = graph.get(candidate.commit);
    if (!head)
      throw new TrustError(
        'malformed',
        `commit ${shortRevision(candidate.commit)} is not in the history that was shown for it`,
      );
    await this.#verifyUpTo(head, among);
  }

  async explain(): Promise<void> {
    const { graph, signers } = this.#scope;
    for (const commit of graph.order) {
      if (this.#verdicts.has(commit.oid)) continue;
      const found = await signers.attest(commit);
      const isRefused = found instanceof TrustError;
      this.#verdicts.set(commit.oid, {
        commit,
        signers: isRefused ? [] : namesOf(found),
        refusal: isRefused ? found : undefined,
        isAside: true,
      });
    }
  }

  result(): Verification {
    const { graph, candidate, standing } = this.#scope;
    const { trustAfter, datesAfter, rotations } = this.#walk;
    return {
      verdicts: graph.order.flatMap(({ oid }) => this.#verdicts.get(oid) ?? []),
      refusals: this.refusals,
      trust: trustAfter.get(candidate.commit) ?? standing.trust,
      dates: datesAfter.get(candidate.commit) ?? standing.dates ?? NO_DATES,
      rotations,
      descends: this.#descent.descends,
      recovery: this.#recovery,
    };
  }

  async #verifyUpTo(head: Commit, among: ReadonlySet<string>): Promise<void> {
    const { graph, signers, candidate, standing, evidence } = this.#scope;
    const trust = this.#walk.trustAfter.get(head.oid) ?? standing.trust;
    const byTag = await tagSigners(candidate, trust, standing.now, evidence);
    const start = this.#recovery ?? this.#descent.twin;
    const old = start === undefined ? new Set<string>() : ancestorsOf(graph, start);
    // Each commit by the trust.yaml in force for it: a stricter one counts from the commit that brings it.
    for (const commit of standing.isAlone ? [] : graph.order) {
      const isOld = old.has(commit.oid) && commit.oid !== this.#recovery;
      if (!isOld && signers.trustFor(commit).verify === 'every') await this.#requireSigned(commit);
    }
    if (!this.#verdicts.has(head.oid) && byTag.length === 0) await this.#requireSigned(head);
    for (const { commit, version, refusal } of this.#walk.wrongAnnouncements)
      if (version > trust.version) this.#refuse(commit, refusal);
    const [first] = [...this.#verdicts.values()].flatMap(({ refusal }) => refusal ?? []);
    if (first) throw first;
    if (start !== undefined) signers.accept(start);
    if (graph.order.some((commit) => signers.trustFor(commit).threshold > 1)) await this.#acceptOnTheWay(among);
    await signers.require(head, among, {
      unlimited: false,
      isNewest: true,
      why: 'is the newest state',
      more: byTag,
    });
  }

  /** Finds the commits that a site would have accepted, had it looked after each of them, by the dates of the commits. */
  async #acceptOnTheWay(among: ReadonlySet<string>): Promise<void> {
    const { graph, signers, candidate } = this.#scope;
    for (const commit of graph.order) {
      if (commit.oid === candidate.commit || (await signers.attest(commit)) instanceof TrustError) continue;
      try {
        await signers.require(commit, this.#approversOf(commit, among), { unlimited: false, why: 'is a link' });
        signers.accept(commit.oid);
      } catch (error) {
        if (!(error instanceof TrustError)) throw error;
      }
    }
  }

  /** Commits that may approve a commit. All approvals of one beside the floor lie beside it too, and count as much as where the floor is lower. */
  #approversOf({ oid }: Commit, among: ReadonlySet<string> | undefined): ReadonlySet<string> {
    return among?.has(oid) ? among : new Set(this.#scope.graph.order.map((each) => each.oid));
  }

  /** One commit by itself: signed, by a signer who may change what it changes. */
  async #requireSigned(commit: Commit): Promise<void> {
    const { signers } = this.#scope;
    const attested = await signers.attest(commit);
    if (attested instanceof TrustError) return this.#refuse(commit, attested);
    if (!this.#verdicts.has(commit.oid)) this.#verdicts.set(commit.oid, { commit, signers: namesOf(attested) });
    let refusal: TrustError | undefined;
    for (const { signer } of attested) {
      refusal = await signers.pathRefusal(commit, [commit], signer);
      if (!refusal) return;
    }
    if (refusal) this.#refuse(commit, refusal, attested);
  }

  /** Does not end the verification: the refusals of all commits are found first. */
  #refuse(commit: Commit, refusal: TrustError, attested: Attestation[] = []): void {
    this.#verdicts.set(commit.oid, { commit, signers: namesOf(attested), refusal });
  }
}

const namesOf = (attested: readonly Attestation[]): string[] => [...new Set(attested.map(({ signer }) => signer.name))];
