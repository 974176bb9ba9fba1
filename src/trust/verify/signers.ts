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

/** The signers behind the commits of a history. Its judge tells, from the oldest to the newest, what is known of each before it asks. */
export class Signers {
  readonly #graph: CommitGraph;
  /** Whom a commit is judged by, where that is not whom the site trusts now. */
  readonly #trustBefore = new Map<string, Trust>();
  /** Which dates count below a commit. */
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

  /** By whom, and on top of which dates, a commit is judged from now on. */
  verifyBy({ oid }: Commit, trust: Trust, datesBelow: CountedDates): void {
    this.#trustBefore.set(oid, trust);
    this.#datesBelow.set(oid, datesBelow);
  }

  /** A site would have stood at this commit. */
  accept(oid: string): void {
    this.#accepted.add(oid);
  }

  datesBelow({ oid }: Commit): CountedDates {
    return this.#datesBelow.get(oid) ?? NO_DATES;
  }

  /** Enough different signers stand behind what a commit says. */
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
    // One signer is the commit's own: nobody else has to be looked for.
    const group = trust.threshold === 1 && !unlimited ? [commit] : sameFiles(this.#graph, commit, among);
    // Who adds nothing to what was accepted needs nobody else.
    if (!unlimited && group.slice(1).some(({ oid }) => this.#accepted.has(oid))) return;
    const signers = new Map(more.map(({ signer }) => [signer.name, signer]));
    let refusal: TrustError | undefined;
    for (const each of group) {
      if (signers.size >= trust.threshold) return;
      // Who approves of what is the newest does so now, on whichever of its commits.
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
      `commit ${shortRevision(commit.oid)} ${why}, which takes ${trust.threshold} signers: ${names === '' ? 'nobody' : `only ${names}`} stands behind it. Another approves with a signed commit that changes nothing (git commit -S --allow-empty)`,
    );
  }

  /** Whether a state is that of the floor: those who stood behind that one stand behind it. */
  async #isFloorsState(group: readonly Commit[]): Promise<boolean> {
    const { floor, isFloorDoubted = false } = this.#standing;
    const bottom = group.at(-1);
    if (floor === undefined || isFloorDoubted || !bottom?.parents.includes(floor)) return false;
    // What it merges from beside the floor it would add.
    if (bottom.parents.some((oid) => oid !== floor && this.#graph.get(oid))) return false;
    try {
      return parseCommit(floor, await this.#evidence.object(floor, 'commit')).tree === bottom.tree;
    } catch (error) {
      if (error instanceof TrustError || (error instanceof SourceError && error.kind === 'notFound')) return false;
      throw error;
    }
  }

  /** What was accepted last below a commit: what a site would have stood at. */
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

  /** Why a signer may not change what a group of commits changes in what was before them. */
  async pathRefusal(
    commit: Commit,
    group: readonly Commit[],
    { name, paths }: Signer,
    sinceAccepted = false,
  ): Promise<TrustError | undefined> {
    if (!paths) return undefined;
    const within = new Set(group.map(({ oid }) => oid));
    const parents = group.flatMap((each) => each.parents).filter((parent) => !within.has(parent));
    // Whoever stands behind a state stands behind all that is new in it since the one before was accepted.
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

  /** With `now`, or for the newest commit itself, by keys that are valid now, too. */
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

  /** Read again: of a large history not all is kept in memory. */
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
