import { SourceError } from '../../lib/errors.ts';
import { alone } from '../../lib/text/alone.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { turn } from '../../lib/turn.ts';

/** A commit of a history. Its content is read when it is asked for: all commits of a history together can be more than there is memory. */
export interface CommitObject {
  oid: string;
  /** The bytes as they were made: what its name, and a signature in it, are of. */
  content(): Promise<Uint8Array>;
}

/** More commits than anybody makes between two polls of a site that was offline for a year. */
export const MOST_COMMITS = 20_000;
const COMMITS_A_TURN = 500;
const BYTES_A_TURN = 4 * 1024 * 1024;

/**
 * The commits from `tip` on, children before their parents, as far as `read` has them: it answers undefined for one that was not sent, which
 * is where the history that the server was told of begins. Throws SourceError `limit` for more than MOST_COMMITS.
 */
export async function walkHistory(
  tip: string,
  known: ReadonlySet<string>,
  read: (oid: string) => Promise<Uint8Array | undefined>,
): Promise<CommitObject[]> {
  const commits = new Map<string, string[]>();
  const open = [tip];
  let links = 0;
  let bytes = 0;
  for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
    if (known.has(oid) || commits.has(oid)) continue;
    const content = await read(oid);
    if (!content) {
      if (oid === tip) throw new SourceError('notFound', `The Git server did not send commit ${shortRevision(oid)}`);
      continue;
    }
    bytes += content.byteLength;
    if (commits.size % COMMITS_A_TURN === COMMITS_A_TURN - 1 || bytes > BYTES_A_TURN) {
      bytes = 0;
      await turn();
    }
    const parents = parentsOf(content);
    commits.set(oid, parents);
    links += parents.length;
    if (commits.size > MOST_COMMITS || links > 4 * MOST_COMMITS) {
      throw new SourceError(
        'limit',
        `More than ${MOST_COMMITS} commits lie between what was accepted and ${shortRevision(tip)}: that many are not looked at`,
      );
    }
    open.push(...parents);
  }
  return childrenFirst(commits, tip).map((oid) => ({
    oid,
    async content() {
      const content = await read(oid);
      if (content) return content;
      throw new SourceError('notFound', `Git object ${oid}, which was here, cannot be read any more`);
    },
  }));
}

/** Commits and all that they descend from, as far as `read` has them. */
export async function ancestorsOf(
  commits: readonly string[],
  read: (oid: string) => Promise<Uint8Array | undefined>,
): Promise<Set<string>> {
  const found = new Set<string>();
  const open = [...commits];
  for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
    if (found.has(oid)) continue;
    found.add(oid);
    if (found.size % COMMITS_A_TURN === 0) await turn();
    const content = await read(oid);
    if (content) open.push(...parentsOf(content));
  }
  return found;
}

/** Depth first, with a stack of its own: a history is deeper than any call stack. */
function childrenFirst(commits: ReadonlyMap<string, readonly string[]>, tip: string): string[] {
  const done: string[] = [];
  const seen = new Set<string>();
  const stack: { oid: string; next: number }[] = [{ oid: tip, next: 0 }];
  seen.add(tip);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const parent = commits.get(top.oid)?.[top.next++];
    if (parent !== undefined) {
      if (!seen.has(parent) && commits.has(parent)) {
        seen.add(parent);
        stack.push({ oid: parent, next: 0 });
      }
      continue;
    }
    done.push(top.oid);
    stack.pop();
  }
  return done.reverse();
}

/** The IDs in a commit's header. Source: git-commit-tree(1); the header ends at the first empty line. */
export function parentsOf(content: Uint8Array): string[] {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const end = bytes.indexOf('\n\n');
  const header = bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
  return [...header.matchAll(/^parent ([0-9a-f]{40})$/gm)].flatMap(([, oid]) => (oid === undefined ? [] : alone(oid)));
}
