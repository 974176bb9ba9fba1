import { SourceError } from '../lib/errors.ts';
import type { Origin } from '../model/snapshot.ts';
import { parseTree, type TreeEntry } from './git-tree.ts';
import type { ObjectStore } from './object-store.ts';
import type { FetchedSnapshot } from './source.ts';
import { byName, linkError, segments } from './tree-path.ts';

/**
 * A commit's files, read from the object store without a checkout. `folder` is the config repo's root in the commit. Throws SourceError when the
 * commit or that folder is not there.
 */
export async function gitSnapshot(
  store: ObjectStore,
  commit: string,
  folder: string,
  origin: Origin,
): Promise<FetchedSnapshot> {
  const top = treeOf(await store.read(commit, 'commit'), commit);
  const trees = new Map<string, Promise<Map<string, TreeEntry>>>();
  const tree = (oid: string, where: string): Promise<Map<string, TreeEntry>> => {
    const known = trees.get(oid);
    if (known) return known;
    const read = store.read(oid, 'tree').then((content) => parseTree(content, where));
    trees.set(oid, read);
    return read;
  };

  /** The entry at a path below a tree; undefined when there is none. */
  const look = async (from: string, path: string): Promise<TreeEntry | undefined> => {
    let here: TreeEntry = { name: '', kind: 'dir', oid: from, executable: false };
    const passed: string[] = [];
    for (const part of segments(path)) {
      if (here.kind !== 'dir') return undefined;
      const next = (await tree(here.oid, passed.join('/'))).get(part);
      if (!next) return undefined;
      passed.push(part);
      if (next.kind === 'symlink' || next.kind === 'submodule') throw linkError(passed.join('/'), next.kind);
      here = next;
    }
    return here;
  };

  const root = await look(top, folder);
  if (root?.kind !== 'dir') throw new SourceError('notFound', `Commit ${commit.slice(0, 12)} has no folder ${folder}`);
  await tree(root.oid, folder);

  return {
    origin,
    revision: commit,
    async read(path) {
      const found = await look(root.oid, path);
      if (found?.kind !== 'file') return undefined;
      return { content: await store.read(found.oid, 'blob'), executable: found.executable };
    },
    async list(dir) {
      const found = await look(root.oid, dir);
      if (found?.kind !== 'dir') return undefined;
      return [...(await tree(found.oid, dir)).values()].map(({ name, kind }) => ({ name, kind })).sort(byName);
    },
    async dispose() {
      trees.clear();
      await store.dispose();
    },
  };
}

/** The tree that a commit's first line names. */
function treeOf(content: Uint8Array, commit: string): string {
  const oid = Buffer.from(content)
    .toString('latin1', 0, 46)
    .match(/^tree ([0-9a-f]{40})\n/)?.[1];
  if (oid === undefined) throw new SourceError('protocol', `Commit ${commit} names no tree`);
  return oid;
}
