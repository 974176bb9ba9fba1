import { treeOf } from '../git/objects/git-object.ts';
import { parseTree, type TreeEntry } from '../git/objects/git-tree.ts';
import type { LazyObjects } from '../git/store/lazy-objects.ts';
import { overLimit, type StoreLimits } from '../git/store-limits.ts';
import { SourceError } from '../lib/errors.ts';
import { shortRevision } from '../lib/text/revision.ts';
import type { Origin } from '../model/snapshot.ts';
import type { FetchedSnapshot } from './source.ts';
import { byName, linkError, segments } from './tree-path.ts';

export interface GitSnapshotOptions {
  objects: LazyObjects;
  commit: string;
  /** The config repo's root in the commit. */
  folder: string;
  origin: Origin;
  limits: Pick<StoreLimits, 'files' | 'readBytes'>;
  /** Told of every path that is read or listed, from the commit's root. */
  onAsked?: (path: string) => void;
  /** Brings folders in, with the small files below them. */
  open?: (trees: string[]) => Promise<void>;
  dispose: () => Promise<void>;
}

/** A commit's files, read without a checkout. Throws SourceError when the commit or the folder is not there, and
 * `limit` for more files than one may read of it. */
export async function gitSnapshot(options: GitSnapshotOptions): Promise<FetchedSnapshot> {
  const { objects, commit, folder, origin, onAsked, limits } = options;
  const top = treeOf(await objects.read(commit, 'commit'));
  if (top === undefined) throw new SourceError('protocol', `Commit ${commit} names no tree`);
  const trees = new Map<string, Promise<Map<string, TreeEntry>>>();
  let isOver = false;

  const tree = (oid: string, where: string): Promise<Map<string, TreeEntry>> => {
    const known = trees.get(oid);
    if (known) return known;
    const read = objects.read(oid, 'tree').then((content) => parseTree(content, where));
    trees.set(oid, read);
    // One that failed because of the link is asked for again.
    read.catch(() => trees.delete(oid));
    return read;
  };

  /** The entry at a path below a tree; undefined when there is none. */
  const look = async (from: string, path: string): Promise<TreeEntry | undefined> => {
    if (isOver) throw new SourceError('notFound', `Commit ${shortRevision(commit)} is no longer read`);
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
  if (root?.kind !== 'dir')
    throw new SourceError('notFound', `Commit ${shortRevision(commit)} has no folder ${folder}`);
  await tree(root.oid, folder);
  const read = new Map<string, number>();
  let readBytes = 0;
  const asked = (path: string, bytes = 0): void => {
    readBytes += bytes - (read.get(path) ?? 0);
    read.set(path, bytes);
    if (read.size > limits.files) throw overLimit('files', limits);
    if (readBytes > limits.readBytes) throw overLimit('readBytes', limits);
    onAsked?.([folder, path].filter((part) => part !== '').join('/'));
  };

  return {
    origin,
    revision: commit,
    async read(path) {
      const found = await look(root.oid, path);
      if (found?.kind !== 'file') return undefined;
      asked(path);
      const content = await objects.read(found.oid, 'blob');
      asked(path, content.length);
      return { content, executable: found.executable };
    },
    async identify(path) {
      const found = await look(root.oid, path);
      return found?.kind === 'file' ? `${found.executable ? 'x' : ''}${found.oid}` : undefined;
    },
    async list(dir) {
      const found = await look(root.oid, dir);
      if (found?.kind !== 'dir') return undefined;
      asked(dir);
      return [...(await tree(found.oid, dir)).values()].map(({ name, kind }) => ({ name, kind })).sort(byName);
    },
    async prepare(folders) {
      const found = await Promise.all(folders.map((path) => look(root.oid, path)));
      await options.open?.(found.flatMap((entry) => (entry?.kind === 'dir' ? entry.oid : [])));
    },
    async ids(dir) {
      const found = await look(top, dir);
      if (found?.kind !== 'dir') return undefined;
      const entries = (await tree(found.oid, dir)).values();
      return new Map(
        [...entries].map(({ name, kind, executable, oid }) => [name, `${executable ? 'x' : ''}${kind} ${oid}`]),
      );
    },
    async dispose() {
      isOver = true;
      trees.clear();
      await options.dispose();
    },
  };
}
