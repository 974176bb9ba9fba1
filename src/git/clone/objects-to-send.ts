import { turn } from '../../lib/turn.ts';
import { tagTarget, treeOf } from '../objects/git-object.ts';
import { rawEntries } from '../objects/git-tree.ts';
import { ancestorsOf, parentsOf } from '../objects/history.ts';
import type { Clone } from './clone.ts';

const OBJECTS_A_TURN = 500;

/**
 * The IDs of all objects that the tips have, for one who has all of `without`: commits with their history and files, and tags. An object that only an older
 * commit than those of `without` has is sent again, since the receiver need not have kept it. Throws SourceError for an object that the clone lacks.
 */
export async function objectsToSend(
  clone: Clone,
  tips: readonly string[],
  without: readonly string[],
): Promise<Set<string>> {
  const found = new Set<string>();
  const skipped = new Set(without);
  const newest = (await Promise.all(without.map((oid) => clone.commitOf(oid)))).flatMap((oid) => oid ?? []);
  for (const commit of newest) {
    const tree = treeOf(await clone.read(commit, 'commit'));
    if (tree !== undefined) await addTree(clone, tree, skipped, skipped);
  }
  const older = await ancestorsOf(newest, async (oid) => (await clone.find(oid))?.content);

  const open = [...tips];
  for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
    if (found.has(oid) || older.has(oid) || skipped.has(oid)) continue;
    const object = await clone.find(oid);
    if (object?.type === 'tag') {
      found.add(oid);
      open.push(tagTarget(object.content) ?? '');
      continue;
    }
    const content = await clone.read(oid, 'commit');
    found.add(oid);
    open.push(...parentsOf(content));
    const tree = treeOf(content);
    if (tree !== undefined) await addTree(clone, tree, found, skipped);
  }
  return found;
}

/** Adds a folder with all that is below it; folders that were seen before are left out with what they hold. */
async function addTree(clone: Clone, top: string, found: Set<string>, skipped: ReadonlySet<string>): Promise<void> {
  const open = [top];
  for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
    if (found.has(oid) || skipped.has(oid)) continue;
    found.add(oid);
    if (found.size % OBJECTS_A_TURN === 0) await turn();
    for (const entry of rawEntries(await clone.read(oid, 'tree'))) {
      if (entry.kind === 'dir') open.push(entry.oid);
      else if (entry.kind !== 'submodule' && !skipped.has(entry.oid)) found.add(entry.oid);
    }
  }
}
