import { SourceError } from '../../lib/errors.ts';
import { type Commit, parseCommit } from '../signed-object.ts';
import { TrustError } from '../trust-error.ts';
import type { Evidence } from '../verify/verification.ts';
import { type CommitGraph, commitGraph } from './commit-graph.ts';

/** Commits with the same files that are loaded before a site accepted anything, one request each. */
const MOST_APPROVALS = 16;

/** Loads the tip alone, and its approvals if more than one signer is needed. Throws SourceError, TrustError. */
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

/** Loads a tip that is older than the accepted commit: a server sends no commits for it. Throws `error` if the tip does not exist, TrustError. */
export async function loadOlder(tip: string, error: SourceError, evidence: Evidence): Promise<CommitGraph> {
  const content = await evidence.object(tip, 'commit').catch(() => {
    // The first error said so already.
    throw error;
  });
  return commitGraph([parseCommit(tip, content)], tip);
}

/**
 * Finds the commit of a history that equals the accepted commit except for its signature. Anybody can rewrite some kinds of signatures; without this, one
 * rewritten commit could stop a site forever. Throws SourceError.
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
