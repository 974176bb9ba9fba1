import { SourceError } from '../lib/errors.ts';
import { type Attestation, attest } from './attest.ts';
import { ancestorsOf, type CommitGraph, commitGraph, descendantsOf, sameFiles } from './commit-graph.ts';
import { type Commit, parseCommit, trailers } from './git-object.ts';
import {
  type Candidate,
  type Evidence,
  type Judgement,
  RECOVERY_TRAILER,
  type Standing,
  TRUST_TRAILER,
  type Verdict,
} from './judgement.ts';
import { changedOutside, type ReadFolder, remembering } from './path-limits.ts';
import { loadAlone, loadOlder, twinOf } from './shown-history.ts';
import { tagSigners } from './tag-signers.ts';
import { NAMESPACE, type Signer, type Trust } from './trust.ts';
import { type RefusalKind, TrustError } from './trust-error.ts';

/**
 * Whether a site may accept a commit. Decides nothing by the clock but whether keys are valid. With `explain`, commits that nothing hangs on are
 * looked at as well. Throws SourceError alone.
 */
export async function judge(
  candidate: Candidate,
  standing: Standing,
  evidence: Evidence,
  { explain = false } = {},
): Promise<Judgement> {
  const judged = new Judging(candidate, standing, evidence);
  try {
    await judged.run();
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    judged.refusals.push(error);
  }
  if (explain) await judged.explain();
  return judged.result();
}

class Judging {
  readonly refusals: TrustError[] = [];
  readonly #candidate: Candidate;
  readonly #standing: Standing;
  readonly #evidence: Evidence;
  readonly #folder: ReadFolder;
  /** Whom a commit is judged by, and whom its children are. */
  readonly #trustBefore = new Map<string, Trust>();
  readonly #trustAfter = new Map<string, Trust>();
  readonly #attested = new Map<string, Promise<Attestation[] | TrustError>>();
  readonly #verdicts = new Map<string, Verdict>();
  readonly #rotations: string[] = [];
  #graph: CommitGraph = commitGraph([], '');
  #base: string | undefined;
  #recovery: string | undefined;
  /** What stands in the accepted commit's place in the history that is shown. */
  #twin: string | undefined;
  #descends = true;

  constructor(candidate: Candidate, standing: Standing, evidence: Evidence) {
    this.#candidate = candidate;
    this.#standing = standing;
    this.#evidence = evidence;
    this.#folder = remembering(evidence.folder);
    this.#base = standing.floor ?? standing.trust.anchor;
  }

  async run(): Promise<void> {
    const { commit: tip } = this.#candidate;
    const base = this.#base;
    this.#graph =
      base === undefined || base === tip
        ? await loadAlone(tip, this.#standing.trust.threshold, this.#evidence)
        : await this.#loadSince(tip, base);
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
    if (!this.#standing.isAlone) await this.#followTrust(among);
    if (base !== undefined && !this.#descends) among = await this.#recover(base);
    const head = this.#graph.get(tip);
    // A source that knows better than to send what it was asked for is no source.
    if (!head) throw new TrustError('malformed', `commit ${short(tip)} is not in the history that was shown for it`);
    await this.#judgeFrom(head, among);
  }

  async explain(): Promise<void> {
    for (const commit of this.#graph.order) {
      if (this.#verdicts.has(commit.oid)) continue;
      const found = await this.#attest(commit);
      const isRefused = found instanceof TrustError;
      this.#verdicts.set(commit.oid, {
        commit,
        signers: isRefused ? [] : namesOf(found),
        ...(isRefused && { refusal: found }),
        isAside: true,
      });
    }
  }

  result(): Judgement {
    const tip = this.#trustAfter.get(this.#candidate.commit);
    const verdicts = this.#graph.order.flatMap(({ oid }) => this.#verdicts.get(oid) ?? []);
    return {
      verdicts,
      refusals: this.refusals,
      trust: tip ?? this.#standing.trust,
      rotations: this.#rotations,
      descends: this.#descends,
      ...(this.#recovery !== undefined && { recovery: this.#recovery }),
    };
  }

  async #loadSince(tip: string, base: string): Promise<CommitGraph> {
    try {
      const objects = await this.#evidence.history(tip, [base]);
      const commits = objects.map(({ oid, content }) => parseCommit(oid, content));
      return commitGraph(commits, tip);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (error.kind === 'notFound') return loadOlder(tip, error, this.#evidence);
      if (error.kind !== 'limit') throw error;
      this.#descends = false;
      const message = `${short(tip)} cannot be shown to descend from ${short(base)}: ${error.message}`;
      throw new TrustError(this.#kindOfRewrite(), message, { cause: error });
    }
  }

  /** Goes from the oldest commit to the newest and takes over each trust.yaml that is announced and signed as its predecessor demands. */
  async #followTrust(among: ReadonlySet<string>): Promise<void> {
    for (const commit of this.#graph.order) {
      let trust = this.#standing.trust;
      for (const parent of commit.parents) {
        const after = this.#trustAfter.get(parent);
        if (after && after.version > trust.version) trust = after;
      }
      this.#trustBefore.set(commit.oid, trust);
      this.#trustAfter.set(commit.oid, trust);
      const announced = trailers(commit.message, TRUST_TRAILER).at(-1);
      if (announced === undefined || !/^[1-9]\d{0,9}$/.test(announced) || Number(announced) <= trust.version) continue;
      const refusal = await this.#rotate(commit, trust, Number(announced), this.#descends ? among : undefined);
      // What anybody can write into a commit announces nothing, or whoever gets one merged could keep sites from going on.
      if (refusal && !BY_ANYBODY.has(refusal.kind)) this.#judgeLater(commit, refusal);
    }
  }

  async #rotate(
    commit: Commit,
    trust: Trust,
    version: number,
    among: ReadonlySet<string> | undefined,
  ): Promise<TrustError | undefined> {
    try {
      await this.#requireSigners(commit, among ?? new Set(this.#graph.order.map(({ oid }) => oid)), {
        unlimited: true,
        why: `brings trust.yaml version ${version}`,
      });
      const next = await this.#evidence.trustAt(commit.oid, trust);
      if (next?.version !== version) {
        const found = next ? `holds version ${next.version}` : 'is not there';
        throw new TrustError(
          'trustChanged',
          `commit ${short(commit.oid)} announces trust.yaml version ${version}, which ${found}`,
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
        await this.#requireSigners(note, agreed, {
          unlimited: true,
          why: `recovers from ${short(base)}`,
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
        ? `${short(tip)} does not descend from ${short(base)}, the anchor that trust.yaml names: it is of another repo`
        : `${short(tip)} does not descend from ${short(base)}, which was accepted: the history was rewritten, or an older state is shown. To go back, commit; to move sites to a rewritten history, sign a commit with the trailer "${RECOVERY_TRAILER}: ${base}"`,
    );
  }

  #kindOfRewrite(): 'anchor' | 'rewritten' {
    return this.#standing.floor === undefined ? 'anchor' : 'rewritten';
  }

  async #judgeFrom(head: Commit, among: ReadonlySet<string>): Promise<void> {
    const { trust, isAlone } = this.#standing;
    const trustAfter = this.#trustAfter.get(head.oid) ?? trust;
    const byTag = await tagSigners(this.#candidate, trustAfter, this.#standing.now, this.#evidence);
    if (trust.verify === 'every' && !isAlone) {
      const start = this.#recovery ?? this.#twin;
      const old = start === undefined ? new Set<string>() : ancestorsOf(this.#graph, start);
      for (const commit of this.#graph.order) {
        if (old.has(commit.oid) && commit.oid !== this.#recovery) continue;
        await this.#requireCommit(commit);
      }
    } else if (byTag.length === 0) {
      await this.#requireCommit(head);
    }
    const [first] = this.#refusedVerdicts();
    if (first) throw first;
    await this.#requireSigners(head, among, { unlimited: false, why: 'is the newest state', more: byTag });
  }

  /** Refusals of single commits; those of commits that nobody needs are no reason. */
  #refusedVerdicts(): TrustError[] {
    return [...this.#verdicts.values()].flatMap(({ refusal }) => refusal ?? []);
  }

  /** Judges one commit by itself: signed, by somebody who may change what it changes. */
  async #requireCommit(commit: Commit): Promise<void> {
    const attested = await this.#attest(commit);
    if (attested instanceof TrustError) return this.#judgeLater(commit, attested);
    if (!this.#verdicts.has(commit.oid)) this.#verdicts.set(commit.oid, { commit, signers: namesOf(attested) });
    let refusal: TrustError | undefined;
    for (const { signer } of attested) {
      refusal = await this.#pathRefusal(commit, [commit], signer);
      if (!refusal) return;
    }
    if (refusal) this.#judgeLater(commit, refusal, attested);
  }

  #judgeLater(commit: Commit, refusal: TrustError, attested: Attestation[] = []): void {
    this.#verdicts.set(commit.oid, { commit, signers: namesOf(attested), refusal });
  }

  /** Enough different signers stand behind what a commit says. */
  async #requireSigners(
    commit: Commit,
    among: ReadonlySet<string>,
    { unlimited, why, more = [] }: { unlimited: boolean; why: string; more?: Attestation[] },
  ): Promise<void> {
    const trust = this.#trustBefore.get(commit.oid) ?? this.#standing.trust;
    const group = sameFiles(this.#graph, commit, among);
    // Who approves of what is the newest does so now, on whichever of its commits.
    const isNewest = !unlimited;
    const signers = new Map(more.map(({ signer }) => [signer.name, signer]));
    let refusal: TrustError | undefined;
    for (const each of group) {
      const attested = await this.#attest(each, isNewest);
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
              `commit ${short(each.oid)} ${why}, which ${signer.name} may not do: it is limited to paths`,
            )
          : await this.#pathRefusal(commit, group, signer);
        if (outside) refusal ??= outside;
        else signers.set(signer.name, signer);
      }
      if (signers.size >= trust.threshold) return;
    }
    if (signers.size === 0 && refusal) throw refusal;
    if (signers.size < trust.threshold) {
      const names = [...signers.keys()].join(', ');
      throw new TrustError(
        'threshold',
        `commit ${short(commit.oid)} ${why}, which takes ${trust.threshold} signers: ${names === '' ? 'nobody' : `only ${names}`} stands behind it. Another approves with a signed commit that changes nothing (git commit -S --allow-empty)`,
      );
    }
  }

  /** Why a signer may not change what a group of commits changes in what was before them. */
  async #pathRefusal(
    commit: Commit,
    group: readonly Commit[],
    { name, paths }: Signer,
  ): Promise<TrustError | undefined> {
    if (!paths) return undefined;
    const within = new Set(group.map(({ oid }) => oid));
    const before = new Set(group.flatMap(({ parents }) => parents).filter((parent) => !within.has(parent)));
    const said = `commit ${short(commit.oid)} is signed by ${name}, who may change ${paths.join(', ')}`;
    if (this.#standing.isAlone) {
      return new TrustError(
        'outsidePaths',
        `${said}: a state beside the history that is followed must be signed by somebody who may change everything`,
      );
    }
    const isFirst = this.#base === undefined;
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
  #attest(commit: Commit, now = false): Promise<Attestation[] | TrustError> {
    const isHead = now || commit.oid === this.#candidate.commit;
    const key = `${commit.oid} ${isHead}`;
    const known = this.#attested.get(key);
    if (known) return known;
    const found = attest(
      {
        what: `commit ${short(commit.oid)}`,
        signed: commit.signed,
        namespace: NAMESPACE.git,
        madeAt: commit.time,
        now: isHead ? this.#standing.now : undefined,
      },
      this.#trustBefore.get(commit.oid) ?? this.#standing.trust,
    ).catch((error: unknown) => {
      if (error instanceof TrustError) return error;
      throw error;
    });
    this.#attested.set(key, found);
    return found;
  }
}

/** Refusals of commits that none of the keys in trust.yaml has signed. */
const BY_ANYBODY: ReadonlySet<RefusalKind> = new Set(['unsigned', 'badSignature', 'unknownKey', 'malformed']);

const short = (oid: string): string => oid.slice(0, 12);

const namesOf = (attested: readonly Attestation[]): string[] => [...new Set(attested.map(({ signer }) => signer.name))];
