import type { Clone } from '../../git/clone/clone.ts';
import { originUrl } from '../../git/clone/layout.ts';
import { parentsOf } from '../../git/objects/history.ts';
import type { RemoteRef } from '../../git/refs.ts';
import { InputError } from '../../lib/errors.ts';
import { redact } from '../../net/redact.ts';

/** A clone that refs are pushed from, and its folder as people know it. */
export interface PushedClone {
  clone: Clone;
  dir: string;
}

export interface PushedRef {
  name: string;
  oid: string;
  /** The commit that it stands for. */
  commit: string;
}

export interface PushedRefsOptions {
  tags: boolean;
  /** The full name of a ref that goes with a revision; undefined for a revision that has none. */
  companionOf: (revision: string) => string | undefined;
}

/** The refs that are pushed for revisions: HEAD, which is the first of them, the refs themselves, and their companions. Throws InputError. */
export async function pushedRefs(
  { clone, dir }: PushedClone,
  revisions: readonly string[],
  options: PushedRefsOptions,
): Promise<PushedRef[]> {
  if (await clone.isShallow())
    throw InputError.of(
      `${dir} is a shallow clone: sites could not prove that its commits follow what they have`,
      'git fetch --unshallow, or a checkout with its whole history',
    );
  const currentBranch = async (): Promise<string> => {
    const branch = await clone.branch();
    if (branch?.startsWith(BRANCHES)) return branch.slice(BRANCHES.length);
    throw InputError.of(`${dir} is at no branch`, 'name one with --revision');
  };
  const all = await clone.refs(['refs/']);
  const look = async (at: string, name = at): Promise<PushedRef | undefined> => {
    const ref = all.find((each) => each.name === at);
    return ref && pushed(clone, { ...ref, name });
  };
  const find = async (revision: string): Promise<PushedRef> => {
    if (revision === 'HEAD') return find(await currentBranch());
    const [branch, tag] = revision.startsWith('refs/')
      ? [await look(revision)]
      : [await look(`${BRANCHES}${revision}`), await look(`${TAGS}${revision}`)];
    if (branch && tag)
      throw InputError.of(
        `${dir} has a branch and a tag ${revision}`,
        `say ${BRANCHES}${revision} or ${TAGS}${revision}`,
      );
    // A build server often checks out a commit beside its branches.
    const ref = branch ?? tag ?? (await look(`refs/remotes/origin/${revision}`, `${BRANCHES}${revision}`));
    if (ref) return ref;
    throw InputError.of(`${dir} has no branch and no tag ${JSON.stringify(revision)} with a commit`);
  };

  const named = revisions.length > 0 ? [...new Set(revisions)] : [await currentBranch()];
  const refs = new Map<string, PushedRef>();
  for (const [index, revision] of named.entries()) {
    const ref = await find(revision);
    if (index === 0) refs.set('HEAD', { name: 'HEAD', oid: ref.commit, commit: ref.commit });
    refs.set(ref.name, ref);
  }
  for (const ref of options.tags ? all.filter(({ name }) => name.startsWith(TAGS)) : []) {
    const tag = await pushed(clone, ref);
    if (tag) refs.set(tag.name, tag);
  }
  for (const revision of ['HEAD', ...named]) {
    const name = options.companionOf(revision);
    const companion = name && (await look(name));
    if (companion) refs.set(companion.name, companion);
  }
  return [...refs.values()];
}

const BRANCHES = 'refs/heads/';
const TAGS = 'refs/tags/';

async function pushed(clone: Clone, { name, oid }: RemoteRef): Promise<PushedRef | undefined> {
  const commit = await clone.commitOf(oid);
  return commit === undefined ? undefined : { name, oid, commit };
}

/** The commits that objects stand for, of those that the clone has. */
export async function commitsOf(clone: Clone, oids: readonly string[]): Promise<Map<string, string>> {
  const commits = await Promise.all(oids.map(async (oid) => [oid, await clone.commitOf(oid)] as const));
  return new Map(commits.flatMap(([oid, commit]) => (commit === undefined ? [] : [[oid, commit]])));
}

/** True if each of the commits is one of the tips, or comes before one. */
export async function isContained(clone: Clone, commits: Iterable<string>, tips: Iterable<string>): Promise<boolean> {
  const wanted = new Set(commits);
  const seen = new Set<string>();
  // Breadth first: what was pushed last is mostly near.
  const open = [...tips];
  for (let at = 0; wanted.size > 0; at++) {
    const oid = open[at];
    if (oid === undefined) return false;
    if (seen.has(oid)) continue;
    seen.add(oid);
    wanted.delete(oid);
    const found = await clone.find(oid);
    if (found?.type === 'commit') open.push(...parentsOf(found.content));
  }
  return true;
}

/** The URL that the clone comes from, if others can reach it too; without credentials. */
export async function originOf(clone: Clone): Promise<string | undefined> {
  const url = await originUrl(clone.gitDir);
  return url !== undefined && /^(https?|ssh):\/\/|^[\w.-]+@[\w.-]+:/.test(url) ? redact(url) : undefined;
}
