import { SourceError } from '../../lib/errors.ts';
import type { CommitObject } from '../source.ts';

/** More commits than anybody makes between two polls of a site that was offline for a year. */
export const MOST_COMMITS = 20_000;

/**
 * The commits from `tip` on, children before their parents, as far as `read` has them: it answers undefined for one that was not sent, which
 * is where the history that the server was told of begins. Throws SourceError `limit` for more than `most`.
 */
export async function walkHistory(
  tip: string,
  known: ReadonlySet<string>,
  read: (oid: string) => Promise<Uint8Array | undefined>,
  most = MOST_COMMITS,
): Promise<CommitObject[]> {
  const commits = new Map<string, { commit: CommitObject; parents: string[] }>();
  const open = [tip];
  for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
    if (known.has(oid) || commits.has(oid)) continue;
    const content = await read(oid);
    if (!content) {
      if (oid === tip) throw new SourceError('notFound', `The Git server did not send commit ${oid.slice(0, 12)}`);
      continue;
    }
    const parents = parentsOf(content);
    commits.set(oid, { commit: { oid, content }, parents });
    if (commits.size > most) {
      throw new SourceError(
        'limit',
        `More than ${most} commits lie between what was accepted and ${tip.slice(0, 12)}: that many are not looked at`,
      );
    }
    open.push(...parents);
  }
  return childrenFirst(commits, tip);
}

/** Depth first, with a stack of its own: a history is deeper than any call stack. */
function childrenFirst(
  commits: ReadonlyMap<string, { commit: CommitObject; parents: string[] }>,
  tip: string,
): CommitObject[] {
  const done: CommitObject[] = [];
  const seen = new Set<string>();
  const stack: { oid: string; next: number }[] = [{ oid: tip, next: 0 }];
  seen.add(tip);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const entry = commits.get(top.oid);
    const parent = entry?.parents[top.next++];
    if (parent !== undefined) {
      if (!seen.has(parent) && commits.has(parent)) {
        seen.add(parent);
        stack.push({ oid: parent, next: 0 });
      }
      continue;
    }
    if (entry) done.push(entry.commit);
    stack.pop();
  }
  return done.reverse();
}

/** The IDs in a commit's header. Source: git-commit-tree(1); the header ends at the first empty line. */
export function parentsOf(content: Uint8Array): string[] {
  const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1');
  const end = text.indexOf('\n\n');
  const header = end < 0 ? text : text.slice(0, end);
  return [...header.matchAll(/^parent ([0-9a-f]{40})$/gm)].flatMap(([, oid]) => oid ?? []);
}
