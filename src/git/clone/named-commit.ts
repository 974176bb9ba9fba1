import { parentsOf } from '../objects/history.ts';
import { isCommitId, isRefName } from '../refs.ts';
import type { Clone } from './clone.ts';

/** The commit that a text names in a clone. */
export interface NamedCommit {
  commit: string;
  /** The annotated tag, where one names it. */
  tag?: string | undefined;
  /** The full name of the ref, where one names it. */
  ref?: string;
}

/**
 * Finds a commit by what people write on a command line: a branch, a tag, a full ref, an ID or the beginning of one, and `~N` or `^N` behind any
 * of them. undefined where there is none. Source: gitrevisions(7), in its order.
 */
export async function namedCommit(clone: Clone, text: string): Promise<NamedCommit | undefined> {
  const at = text.search(/[~^]/);
  const name = at < 0 ? text : text.slice(0, at);
  const steps = text.slice(name.length);
  if (!/^([~^]\d*)*$/.test(steps)) return undefined;
  const named = await byName(clone, name === '@' ? 'HEAD' : name);
  if (!named || steps === '') return named;
  let commit: string | undefined = named.commit;
  for (const [, kind, digits = ''] of steps.matchAll(/([~^])(\d*)/g)) {
    const count = digits === '' ? 1 : Number(digits);
    if (kind === '^') commit = await parentOf(clone, commit, count);
    else for (let step = 0; step < count && commit !== undefined; step++) commit = await parentOf(clone, commit, 1);
    if (commit === undefined) return undefined;
  }
  return { commit };
}

async function byName(clone: Clone, name: string): Promise<NamedCommit | undefined> {
  const byId = async (oid: string | undefined): Promise<NamedCommit | undefined> => {
    const commit = oid && (await clone.commitOf(oid));
    return commit ? { commit } : undefined;
  };
  if (isCommitId(name)) return byId(name);
  if (name === 'HEAD') return byId(await clone.head());
  const names = ['', 'refs/', 'refs/tags/', 'refs/heads/', 'refs/remotes/'].map((prefix) => prefix + name);
  const candidates = [...names, `refs/remotes/${name}/HEAD`].filter(isRefName);
  const refs = new Map((await clone.refs(candidates)).map((ref) => [ref.name, ref]));
  for (const candidate of candidates) {
    const ref = refs.get(candidate);
    const commit = ref && (await clone.commitOf(ref.oid));
    if (ref && commit) return { commit, ref: ref.name, tag: commit === ref.oid ? undefined : ref.oid };
  }
  return /^[0-9a-f]{4,39}$/.test(name) ? byId(await clone.expand(name)) : undefined;
}

/** The parent of a commit by its number, from 1; 0 is the commit itself. */
async function parentOf(clone: Clone, commit: string, number: number): Promise<string | undefined> {
  if (number === 0) return commit;
  return parentsOf(await clone.read(commit, 'commit'))[number - 1];
}
