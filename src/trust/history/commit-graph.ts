import type { Commit } from '../signed-object.ts';

/** The commits that are new: all that the tip descends from, as far as they are known, without what the accepted one descends from. */
export interface CommitGraph {
  get(oid: string): Commit | undefined;
  /** Parents before their children; only what the tip descends from. */
  order: readonly Commit[];
}

export function commitGraph(commits: Iterable<Commit>, tip: string): CommitGraph {
  const known = new Map([...commits].map((commit) => [commit.oid, commit]));
  const order: Commit[] = [];
  const seen = new Set<string>();
  // A stack of our own: histories are longer than a call stack is deep.
  const stack: { commit: Commit; next: number }[] = [];
  const enter = (oid: string): void => {
    const commit = known.get(oid);
    if (!commit || seen.has(oid)) return;
    seen.add(oid);
    stack.push({ commit, next: 0 });
  };
  enter(tip);
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const parent = top.commit.parents[top.next++];
    if (parent !== undefined) enter(parent);
    else {
      order.push(top.commit);
      stack.pop();
    }
  }
  return { get: (oid) => (seen.has(oid) ? known.get(oid) : undefined), order };
}

/**
 * The commits in order, and for each beside the mainline the newest one of the mainline before the merge that brings it. The mainline is the tip, its first
 * parent, and so on: the heads that a branch had, as far as Git can tell.
 */
export function* withMainline(graph: CommitGraph, tip: string): Iterable<{ commit: Commit; onto: string | undefined }> {
  const mainline = new Set<string>();
  for (let next = graph.get(tip); next && !mainline.has(next.oid); next = graph.get(next.parents[0] ?? ''))
    mainline.add(next.oid);
  // First parents come first in the order, so what a merge brings follows the mainline below that merge.
  let onto: string | undefined;
  for (const commit of graph.order) {
    if (mainline.has(commit.oid)) {
      yield { commit, onto: undefined };
      onto = commit.oid;
    } else yield { commit, onto };
  }
}

/** Those of the graph that descend from one of `roots`, which need not be in it; roots that are in it are among them. */
export function descendantsOf(graph: CommitGraph, roots: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  for (const { oid, parents } of graph.order)
    if (roots.has(oid) || parents.some((parent) => roots.has(parent) || found.has(parent))) found.add(oid);
  return found;
}

/** Those of the graph that `oid` descends from, itself included. */
export function ancestorsOf(graph: CommitGraph, oid: string): Set<string> {
  const found = new Set<string>();
  const waiting = [oid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const commit = graph.get(next);
    if (!commit || found.has(next)) continue;
    found.add(next);
    waiting.push(...commit.parents);
  }
  return found;
}

/** Commits that are looked at for approvals of one state. */
const MOST_APPROVALS = 64;

/**
 * The commits with the same files that lead to `commit`, newest first, within `among`. The signer of one of them approves the state of all of them. So an
 * empty commit is an approval, and so is a merge that adds nothing: all that it merges is below the parent with the same files. Any other merge would drop
 * changes that were accepted in between.
 */
export function sameFiles(graph: CommitGraph, commit: Commit, among: ReadonlySet<string>): Commit[] {
  const found = [commit];
  for (let next: Commit | undefined = commit; next && found.length < MOST_APPROVALS; ) {
    const { tree, parents }: Commit = next;
    next = parents
      .map((oid) => (among.has(oid) ? graph.get(oid) : undefined))
      .find((parent) => parent?.tree === tree && addsNothing(graph, parents, parent.oid));
    if (next) found.push(next);
  }
  return found;
}

function addsNothing(graph: CommitGraph, parents: readonly string[], kept: string): boolean {
  const others = parents.filter((oid) => oid !== kept && graph.get(oid) !== undefined);
  if (others.length === 0) return true;
  const below = ancestorsOf(graph, kept);
  return others.every((oid) => below.has(oid));
}
