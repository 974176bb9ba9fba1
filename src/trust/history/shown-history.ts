import { SourceError } from '../../lib/errors.ts';
import { type Commit, parseCommit } from '../signed-object.ts';
import { TrustError } from '../trust-error.ts';
import type { Evidence } from '../verify/verification.ts';
import { type CommitGraph, commitGraph } from './commit-graph.ts';

/** Commits with the same files that are looked at before the first is accepted, one request each. */
const MOST_APPROVALS = 16;

/** The tip without what is before it, but for approvals: nobody needs a whole history for those. Throws SourceError, TrustError. */
export async function loadAlone(tip: string, threshold: number, evidence: Evidence): Promise<CommitGraph> {
  const load = async (oid: string): Promise<Commit> => parseCommit(oid, await evidence.object(oid, 'commit'));
  const commits = [await load(tip)];
  for (let last = commits[0]; last && commits.length < MOST_APPROVALS && threshold > 1; ) {
    const { tree, parents }: Commit = last;
    last = (await Promise.all(parents.map(load))).find((parent) => parent.tree === tree);
    if (last) commits.push(last);
  }
  return commitGraph(commits, tip);
}

/** A server sends nothing of what the accepted commit descends from: then the tip is there, and older. Throws `error` where it is not, TrustError. */
export async function loadOlder(tip: string, error: SourceError, evidence: Evidence): Promise<CommitGraph> {
  const content = await evidence.object(tip, 'commit').catch(() => {
    // Not even by itself: it is not there, as was said at first.
    throw error;
  });
  return commitGraph([parseCommit(tip, content)], tip);
}

/**
 * The commit of a history that is the accepted one but for its signature: some kinds of signatures can be written anew by anybody. Whoever showed the
 * site the other of two could else keep it from ever going on. Throws SourceError.
 */
export async function twinOf(base: string, graph: CommitGraph, evidence: Evidence): Promise<string | undefined> {
  try {
    const { payloadId } = parseCommit(base, await evidence.object(base, 'commit'));
    return graph.order.find((commit) => commit.payloadId === payloadId)?.oid;
  } catch (error) {
    const isGone = error instanceof SourceError && (error.kind === 'notFound' || error.kind === 'protocol');
    if (isGone || error instanceof TrustError) return undefined;
    throw error;
  }
}
