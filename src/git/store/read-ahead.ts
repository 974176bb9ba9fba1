import { SourceError } from '../../lib/errors.ts';
import { treeOf } from '../objects/git-object.ts';
import { parseTree } from '../objects/git-tree.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * Fetches what is missing of the paths that were read of the commit before: a request per level of folders, whatever the number of paths. A path
 * that is no longer there, or that leads into what cannot be read, is left to the later reader. Throws SourceError where the link fails.
 */
export async function readAhead(
  store: ObjectStore,
  commit: string,
  paths: Iterable<string>,
  fetch: (oids: string[]) => Promise<void>,
): Promise<void> {
  const found = await store.find(commit);
  const root = found?.type === 'commit' ? treeOf(found.content) : undefined;
  if (root === undefined) return;
  /** The names that are looked for below each object of this level. */
  let level = new Map<string, string[][]>([[root, [...paths].map((path) => path.split('/').filter(Boolean))]]);
  while (level.size > 0) {
    const missing: string[] = [];
    for (const oid of level.keys()) if (!(await store.find(oid))) missing.push(oid);
    if (missing.length > 0) await fetch(missing);
    const next = new Map<string, string[][]>();
    for (const [oid, below] of level) {
      const rest = below.filter((parts) => parts.length > 0);
      if (rest.length === 0) continue;
      const entries = await entriesOf(store, oid);
      for (const [name = '', ...parts] of rest) {
        const entry = entries?.get(name);
        if (!entry || entry.kind === 'symlink' || entry.kind === 'submodule') continue;
        const known = next.get(entry.oid);
        if (known) known.push(parts);
        else next.set(entry.oid, [parts]);
      }
    }
    level = next;
  }
}

async function entriesOf(store: ObjectStore, oid: string) {
  const found = await store.find(oid);
  if (found?.type !== 'tree') return undefined;
  try {
    return parseTree(found.content, '');
  } catch (error) {
    // The reader of the folder is told, with the place.
    if (error instanceof SourceError) return undefined;
    throw error;
  }
}

/** True if a folder and everything directly in it are here. */
export async function hasChildren(store: ObjectStore, oid: string): Promise<boolean> {
  const entries = await entriesOf(store, oid);
  if (!entries) return false;
  for (const entry of entries.values()) {
    if ((entry.kind === 'dir' || entry.kind === 'file') && !(await store.find(entry.oid))) return false;
  }
  return true;
}
