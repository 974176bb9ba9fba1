import { InputError, type Position } from '../../../lib/errors.ts';
import type { MappingEntry, MappingNode, RemovedEntry, YamlNode } from '../../../yaml/node.ts';

/**
 * The entries that the `!reset` and `!override` of a file remove from the files before it: by key, parts below it, or all of a value with the position of the
 * tag that removes it.
 */
export type Resets = ReadonlyMap<string, Resets | Position>;

const NONE: Resets = new Map();

/**
 * Splits a file into a tree without these tags and the resets for the files before it. The tree has no values with `!reset`, and keeps values
 * with `!override`. In a list, Docker Compose only drops an item with `!reset`; it removes nothing from earlier files.
 */
export function splitResets(root: MappingNode): { root: MappingNode; resets: Resets } {
  if (root.tag) throw InputError.at(root.at, `${root.tag} is not possible for a whole file`);
  const seen = new Map<YamlNode, { node: YamlNode; resets: Resets }>();
  const visit = (node: YamlNode): { node: YamlNode; resets: Resets } => {
    if (node.kind === 'scalar') return { node, resets: NONE };
    const known = seen.get(node);
    if (known) return known;
    const result =
      node.kind === 'mapping' ? split(node, visit) : { node: withoutResetItems(node, visit), resets: NONE };
    seen.set(node, result);
    return result;
  };
  const { node, resets } = visit(root);
  return { root: node as MappingNode, resets };
}

type Visit = (node: YamlNode) => { node: YamlNode; resets: Resets };

function split(node: MappingNode, visit: Visit): { node: MappingNode; resets: Resets } {
  const resets = new Map<string, Resets | Position>();
  const entries: MappingEntry[] = [];
  for (const entry of node.entries) {
    const { tag } = entry.value;
    if (tag) resets.set(entry.key, entry.value.at);
    if (tag === '!reset') continue;
    if (tag === '!override') {
      entries.push({ ...entry, value: untagged(entry.value) });
      continue;
    }
    const below = visit(entry.value);
    if (below.resets.size > 0) resets.set(entry.key, below.resets);
    entries.push(below.node === entry.value ? entry : { ...entry, value: below.node });
  }
  return { node: { ...node, entries }, resets };
}

function withoutResetItems(node: YamlNode & { kind: 'sequence' }, visit: Visit): YamlNode {
  const items = node.items.filter((item) => item.tag !== '!reset');
  return { ...node, items: items.map((item) => (item.tag ? untagged(item) : visit(item).node)) };
}

/** Removes the tag of a value. Throws InputError for a tag below it, which would have no effect. */
function untagged(node: YamlNode): YamlNode {
  const { tag: _, ...rest } = node;
  refuseTags(rest);
  return rest;
}

function refuseTags(node: YamlNode): void {
  const below =
    node.kind === 'sequence' ? node.items : node.kind === 'mapping' ? node.entries.map((entry) => entry.value) : [];
  for (const child of below) {
    if (child.tag) throw InputError.at(child.at, `${child.tag} has no effect inside !override`, 'remove it');
    refuseTags(child);
  }
}

/** The tree without the removed entries. */
export function applyResets<T extends YamlNode>(node: T, resets: Resets | undefined): T {
  if (!resets || resets.size === 0 || node.kind !== 'mapping') return node;
  const removed: RemovedEntry[] = [...(node.removed ?? [])];
  const entries = node.entries.flatMap((entry) => {
    const below = resets.get(entry.key);
    if (below && isPosition(below)) {
      removed.push({ entry, by: below });
      return [];
    }
    return [below ? { ...entry, value: applyResets(entry.value, below) } : entry];
  });
  return { ...node, entries, ...(removed.length > 0 && { removed }) };
}

/** The resets below a key; undefined when there are none. */
export function resetsBelow(resets: Resets, ...keys: string[]): Resets | undefined {
  let here: Resets | Position | undefined = resets;
  for (const key of keys) here = here && !isPosition(here) ? here.get(key) : undefined;
  return here && isPosition(here) ? undefined : here;
}

const isPosition = (found: Resets | Position): found is Position => 'line' in found;
