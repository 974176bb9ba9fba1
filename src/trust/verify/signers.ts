import { SourceError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { turn } from '../../lib/turn.ts';
import { type CommitGraph, sameFiles } from '../history/commit-graph.ts';
import { type Commit, parseCommit, type Signed } from '../signed-object.ts';
import { NAMESPACE, type Signer, type Trust } from '../trust.ts';
import { TrustError } from '../trust-error.ts';
import { type Attestation, attest, iso } from './attest.ts';
import { type CountedDates, countedFor, isAhead, NO_DATES } from './counted-dates.ts';
import { changedOutside, type ReadFolder, remembering } from './path-limits.ts';
import type { Candidate, Evidence, Standing } from './verification.ts';

/** Finds the signers of the commits of a history. The walk (trust-walk.ts) tells it the trust.yaml and the dates of each commit, from the oldest to the newest. */
export class Signers {
  readonly #graph: CommitGraph;
  /** The trust.yaml by which a commit is verified, if it is not the one in force now. */
  readonly #trustBefore = new Map<string, Trust>();
  /** The dates that count below a commit. */
  readonly #datesBelow = new Map<string, CountedDates>();
  /** Commits that a site at the floor would have accepted, had it looked then. */
  readonly #accepted = new Set<string>();
  readonly #candidate: Candidate;
  readonly #standing: Standing;
  readonly #evidence: Evidence;
  readonly #folder: ReadFolder;
  readonly #attested = new Map<string, Promise<Attestation[] | TrustError>>();

  constructor(graph: CommitGraph, candidate: Candidate, standing: Standing, evidence: Evidence) {
    this.#graph = graph;
    this.#candidate = candidate;
    this.#standing = standing;
    this.#evidence = evidence;
    this.#folder = remembering(evidence.folder);
  }

  /** Sets the trust.yaml and the dates for a commit. */
  verifyBy({ oid }: Commit, trust: Trust, datesBelow: CountedDates): void {
    this.#trustBefore.set(oid, trust);
    this.#datesBelow.set(oid, datesBelow);
  }

  /** A site would have accepted this commit. */
  accept(oid: string): void {
    this.#accepted.add(oid);
  }

  datesBelow({ oid }: Commit): CountedDates {
    return this.#datesBelow.get(oid) ?? NO_DATES;
  }

  /** Throws TrustError if fewer different signers approve the state of a commit than needed. `more`: signers by other means, as a tag. */
  async require(
    commit: Commit,
    among: ReadonlySet<string>,
    {
      unlimited,
      isNewest = false,
      why,
      more = [],
    }: { unlimited: boolean; isNewest?: boolean; why: string; more?: Attestation[] },
  ): Promise<void> {
    const trust = this.trustFor(commit);
    // One signer is enough: only the commit's own signature counts.
    const group = trust.threshold === 1 && !unlimited ? [commit] : sameFiles(this.#graph, commit, among);
    // A commit that adds nothing to an accepted one needs no more signers.
    if (!unlimited && group.slice(1).some(({ oid }) => this.#accepted.has(oid))) return;
    const signers = new Map(more.map(({ signer }) => [signer.name, signer]));
    let refusal: TrustError | undefined;
    for (const each of group) {
      if (signers.size >= trust.threshold) return;
      // An approval of the newest state counts by keys that are valid now, on each of its commits.
      const attested = await this.attest(each, isNewest);
      if (attested instanceof TrustError) {
        refusal ??= attested;
        continue;
      }
      for (const { signer } of attested) {
        if (signers.has(signer.name)) continue;
        const outside = unlimited
          ? signer.paths &&
            new TrustError(
              'outsidePaths',
              `commit ${shortRevision(each.oid)} ${why}, which ${signer.name} may not do: it is limited to paths`,
            )
          : await this.pathRefusal(commit, group, signer, trust.threshold > 1);
        if (outside) refusal ??= outside;
        else signers.set(signer.name, signer);
      }
    }
    if (signers.size >= trust.threshold) return;
    if (!unlimited && (await this.#isFloorsState(group))) return;
    if (signers.size === 0 && refusal) throw refusal;
    const names = [...signers.keys()].join(', ');
    throw new TrustError(
      'threshold',
      `commit ${shortRevision(commit.oid)} ${why}, which takes ${trust.threshold} signers: ${names === '' ? 'nobody' : `only ${names}`} signed it. Another signer approves with a signed commit that changes nothing (git commit -S --allow-empty)`,
    );
  }

  /** The state equals that of the floor: the signers of the floor approved it already. */
  async #isFloorsState(group: readonly Commit[]): Promise<boolean> {
    const { floor, isFloorDoubted = false } = this.#standing;
    const bottom = group.at(-1);
    if (floor === undefined || isFloorDoubted || !bottom?.parents.includes(floor)) return false;
    // A merge would add commits from beside the floor.
    if (bottom.parents.some((oid) => oid !== floor && this.#graph.get(oid))) return false;
    try {
      return parseCommit(floor, await this.#evidence.object(floor, 'commit')).tree === bottom.tree;
    } catch (error) {
      if (error instanceof TrustError || (error instanceof SourceError && error.kind === 'notFound')) return false;
      throw error;
    }
  }

  /** The newest accepted commits below some commits. */
  #bases(commits: readonly string[]): Set<string> {
    const found = new Set<string>();
    const seen = new Set<string>();
    const waiting = [...commits];
    for (let oid = waiting.pop(); oid !== undefined; oid = waiting.pop()) {
      if (seen.has(oid)) continue;
      seen.add(oid);
      const commit = this.#accepted.has(oid) ? undefined : this.#graph.get(oid);
      if (commit) waiting.push(...commit.parents);
      else found.add(oid);
    }
    return found;
  }

  trustFor(commit: Commit): Trust {
    return this.#trustBefore.get(commit.oid) ?? this.#standing.trust;
  }

  /** The refusal if a signer may not change the paths that a group of commits changes. */
  async pathRefusal(
    commit: Commit,
    group: readonly Commit[],
    { name, paths }: Signer,
    sinceAccepted = false,
  ): Promise<TrustError | undefined> {
    if (!paths) return undefined;
    const within = new Set(group.map(({ oid }) => oid));
    const parents = group.flatMap((each) => each.parents).filter((parent) => !within.has(parent));
    // An approval counts for everything that is new since the accepted state before.
    const before = sinceAccepted ? this.#bases(parents) : new Set(parents);
    const said = `commit ${shortRevision(commit.oid)} is signed by ${name}, who may change ${paths.join(', ')}`;
    if (this.#standing.isAlone) {
      return new TrustError(
        'outsidePaths',
        `${said}: a state beside the history that is followed must be signed by somebody who may change everything`,
      );
    }
    const isFirst = (this.#standing.floor ?? this.#standing.trust.anchor) === undefined;
    if (before.size === 0 || isFirst) {
      return new TrustError(
        'outsidePaths',
        `${said}: the first state that a site accepts must be signed by somebody who may change everything, or trust.yaml must name an anchor`,
      );
    }
    for (const parent of before) {
      const path = await changedOutside(this.#folder, parent, commit.oid, paths);
      if (path !== undefined) {
        const how = before.size > 1 ? ` (it merges; a signer with paths may not merge other changes)` : '';
        return new TrustError('outsidePaths', `${said} and not ${path}${how}`);
      }
    }
    return undefined;
  }

  /** With `now`, and for the newest commit itself, keys must be valid now too. */
  attest(commit: Commit, now = false): Promise<Attestation[] | TrustError> {
    const isHead = now || commit.oid === this.#candidate.commit;
    const key = `${commit.oid} ${isHead}`;
    const known = this.#attested.get(key);
    if (known) return known;
    const found = this.#attest(commit, isHead);
    this.#attested.set(key, found);
    return found;
  }

  async #attest(commit: Commit, isHead: boolean): Promise<Attestation[] | TrustError> {
    const signed = commit.isLight ? await this.#signatureOf(commit.oid) : commit.signed;
    return attest(
      {
        what: `commit ${shortRevision(commit.oid)}`,
        signed,
        namespace: NAMESPACE.git,
        madeAt: (signer) => countedFor(commit, this.datesBelow(commit), signer),
        now: isHead ? this.#standing.now : undefined,
      },
      this.trustFor(commit),
    )
      .then((attested) => this.#aheadRefusal(commit) ?? attested)
      .catch((error: unknown) => {
        if (error instanceof TrustError) return error;
        throw error;
      });
  }

  /** Reads the commit again: not all commits of a large history are kept in memory. */
  async #signatureOf(oid: string): Promise<Signed | undefined> {
    await turn();
    return parseCommit(oid, await this.#evidence.object(oid, 'commit')).signed;
  }

  #aheadRefusal(commit: Commit): TrustError | undefined {
    if (!isAhead(commit.time, this.#standing.now)) return undefined;
    return new TrustError(
      'notYetValid',
      `commit ${shortRevision(commit.oid)} is dated ${iso(commit.time)}, more than 24 h ahead of the site's clock: it is looked at again later; take it off the branch if the date is wrong`,
    );
  }
}
