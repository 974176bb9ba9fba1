import { SourceError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { type CommitGraph, commitGraph, descendantsOf } from '../history/commit-graph.ts';
import { readCommits } from '../history/read-commits.ts';
import { loadAlone, loadOlder, twinOf } from '../history/shown-history.ts';
import { type Commit, trailers } from '../signed-object.ts';
import { TrustError } from '../trust-error.ts';
import type { Scope } from './scope.ts';
import { type Candidate, type Evidence, RECOVERY_TRAILER, type Standing } from './verification.ts';

/** The commit that a candidate must descend from: the floor, or the anchor of trust.yaml before anything was accepted. */
export const baseOf = ({ floor, trust }: Standing): string | undefined => floor ?? trust.anchor;

/** The commits since the base. Throws TrustError for a history that is too long to show the descent, SourceError. */
export async function loadHistory(
  { commit: tip }: Candidate,
  standing: Standing,
  evidence: Evidence,
): Promise<CommitGraph> {
  const base = baseOf(standing);
  if (base === undefined || base === tip) return loadAlone(tip, standing.trust.threshold, evidence);
  try {
    return commitGraph(await readCommits(await evidence.history(tip, [base])), tip);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (error.kind === 'notFound') return loadOlder(tip, error, evidence);
    if (error.kind !== 'limit') throw error;
    const message = `${shortRevision(tip)} cannot be shown to descend from ${shortRevision(base)}: ${error.message}`;
    throw new TrustError(kindOfRewrite(standing), message, { cause: error });
  }
}

/** The way from the base to the candidate. */
export interface Descent {
  descends: boolean;
  /** The base under another ID: the same commit with another signature. */
  twin?: string;
  /** The commits that come from the base, or all of them where there is no base. */
  among: ReadonlySet<string>;
}

export async function descentOf(
  graph: CommitGraph,
  tip: string,
  base: string | undefined,
  evidence: Evidence,
): Promise<Descent> {
  if (base === undefined || base === tip) return { descends: true, among: new Set(graph.order.map(({ oid }) => oid)) };
  const among = descendantsOf(graph, new Set([base]));
  if (among.has(tip)) return { descends: true, among };
  const twin = await twinOf(base, graph, evidence);
  if (twin === undefined) return { descends: false, among };
  return { descends: true, twin, among: descendantsOf(graph, new Set([twin])) };
}

/**
 * A history that was rewritten on purpose names the commit that it replaces. Gives the signed commit that says so, and the commits from which to go on.
 * Throws TrustError where no commit says so, or not enough signers agree.
 */
export async function recover(
  { graph, signers, candidate, standing }: Scope,
  base: string,
): Promise<{ recovery: string; among: ReadonlySet<string> }> {
  const names = ({ message }: Commit): boolean => trailers(message, RECOVERY_TRAILER).includes(base);
  const notes = standing.floor === undefined ? [] : graph.order.filter(names);
  // Only a commit that names the base agrees: the same files, signed once in another history, say nothing.
  const agreed = new Set(notes.map(({ oid }) => oid));
  let refusal: TrustError | undefined;
  for (const note of notes.reverse()) {
    try {
      await signers.require(note, agreed, { unlimited: true, why: `recovers from ${shortRevision(base)}` });
      return { recovery: note.oid, among: new Set([...descendantsOf(graph, new Set([note.oid])), ...agreed]) };
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      refusal = error;
    }
  }
  if (refusal) throw refusal;
  const [tip, from] = [shortRevision(candidate.commit), shortRevision(base)];
  throw new TrustError(
    kindOfRewrite(standing),
    standing.floor === undefined
      ? `${tip} does not descend from ${from}, the anchor that trust.yaml names: it is of another repo`
      : `${tip} does not descend from ${from}, which was accepted: the history was rewritten, or an older state is shown. To go back, commit; to move sites to a rewritten history, sign a commit with the trailer "${RECOVERY_TRAILER}: ${base}"`,
  );
}

const kindOfRewrite = ({ floor }: Standing): 'anchor' | 'rewritten' => (floor === undefined ? 'anchor' : 'rewritten');
