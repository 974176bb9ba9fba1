import type { Position } from '../lib/errors.ts';
import type { MappingEntry, MappingNode, ScalarNode, YamlNode } from '../yaml/node.ts';

/** A value of a service that counts as one, with the values that it replaced. */
export interface Leaf {
  path: readonly string[];
  /** Absent: a `!reset` removed it, and nothing replaces it. */
  node?: YamlNode | undefined;
  /** The strongest first. */
  lost: { node: YamlNode; removedBy?: Position | undefined }[];
}

/** Keys that hold `NAME: value`, or a list of `NAME=value`. */
const PAIRS = ['environment', 'labels', 'annotations', 'sysctls', 'deploy.labels', 'build.args', 'build.labels'];
/** Lists that a later file replaces as a whole. */
const WHOLE = ['command', 'entrypoint', 'healthcheck.test'];

/** Adds the leaves of earlier layers. A leaf of a later layer is stronger. */
export function addEarlier(leaves: readonly Leaf[], earlier: readonly Leaf[]): Leaf[] {
  const all = [...leaves];
  for (const leaf of earlier.toReversed()) {
    const known = all.findIndex(({ path }) => path.join('\0') === leaf.path.join('\0'));
    const lost = [...(leaf.node ? [{ node: leaf.node }] : []), ...leaf.lost];
    if (known < 0) all.push(leaf);
    else all[known] = { ...(all[known] as Leaf), lost: [...(all[known] as Leaf).lost, ...lost] };
  }
  return all;
}

/** All values of a merged service, in the order of the files. */
export function leavesOf(service: MappingNode): Leaf[] {
  const leaves = new Map<string, Leaf>();
  collect(service, [], leaves);
  return [...leaves.values()];
}

function collect(node: YamlNode, path: readonly string[], leaves: Map<string, Leaf>): void {
  const name = path.join('.');
  if (node.kind === 'scalar' || WHOLE.includes(name)) {
    put(leaves, path, '', node);
    return;
  }
  if (node.kind === 'sequence') for (const item of node.items) collectItem(item, path, leaves);
  else for (const entry of node.entries) collectEntry(entry, path, leaves);
  if (node.replaced) lose(node.replaced, path, leaves);
  if (node.kind === 'mapping')
    for (const { entry, by } of node.removed ?? []) lose(entry.value, [...path, entry.key], leaves, by);
}

function collectEntry({ key, keyAt, value }: MappingEntry, path: readonly string[], leaves: Map<string, Leaf>): void {
  if (!PAIRS.includes(path.join('.'))) collect(value, [...path, key], leaves);
  else
    put(leaves, [...path, key], '', value.kind === 'scalar' && value.value === null ? { ...value, at: keyAt } : value);
}

function collectItem(item: YamlNode, path: readonly string[], leaves: Map<string, Leaf>): void {
  if (item.kind === 'scalar' && PAIRS.includes(path.join('.'))) {
    const name = item.text.split('=', 1)[0] ?? '';
    put(leaves, [...path, name], '', afterEquals(item));
  } else put(leaves, path, identityOf(item, path), item);
}

/** Adds a value. One that is there already under the same name comes from an earlier layer, and lost. */
function put(leaves: Map<string, Leaf>, path: readonly string[], identity: string, node: YamlNode): void {
  const key = [...path, identity].join('\0');
  const before = leaves.get(key);
  const earlier = before?.node ? [{ node: before.node }, ...before.lost] : (before?.lost ?? []);
  leaves.set(key, { path, node, lost: [...replacedBy(node), ...earlier] });
}

function replacedBy(node: YamlNode): Leaf['lost'] {
  const found: Leaf['lost'] = [];
  for (let lost = node.replaced; lost; lost = lost.replaced) found.push({ node: lost });
  return found;
}

/** Adds the values of a part that lost as a whole. */
function lose(node: YamlNode, path: readonly string[], leaves: Map<string, Leaf>, removedBy?: Position): void {
  const below = new Map<string, Leaf>();
  collect(node, path, below);
  for (const [key, leaf] of below) {
    const all = [...(leaf.node ? [{ node: leaf.node, removedBy }] : []), ...leaf.lost];
    const known = leaves.get(key);
    if (known) known.lost.push(...all);
    else leaves.set(key, { path: leaf.path, lost: all });
  }
}

/** Two items of a list with the same identity are one; the later counts. */
function identityOf(item: YamlNode, path: readonly string[]): string {
  if (path.join('.') !== 'volumes') return textOf(item);
  if (item.kind === 'mapping') {
    const target = item.entries.find(({ key }) => key === 'target')?.value;
    return target?.kind === 'scalar' ? target.text : textOf(item);
  }
  const [first, second] = item.kind === 'scalar' ? item.text.split(':') : [];
  return second ?? first ?? '';
}

/** The value in `NAME=value`, as a node of its own; null where there is no `=`. */
function afterEquals(item: ScalarNode): ScalarNode {
  const after = (text: string): string | undefined =>
    text.includes('=') ? text.slice(text.indexOf('=') + 1) : undefined;
  const text = after(item.text);
  return {
    ...item,
    value: text ?? null,
    text: text ?? '',
    raw: after(item.raw) ?? (text === undefined ? '' : `\${${item.raw}}`),
  };
}

/** A value in one line, with variables replaced. */
export const textOf = (node: YamlNode): string => inOneLine(node, ({ text }) => text);

/** The same as it is written. */
export const writtenOf = (node: YamlNode): string => inOneLine(node, ({ raw }) => raw);

function inOneLine(node: YamlNode, show: (node: ScalarNode) => string): string {
  if (node.kind === 'scalar') return show(node);
  return JSON.stringify(plain(node, show));
}

function plain(node: YamlNode, show: (node: ScalarNode) => string): unknown {
  if (node.kind === 'sequence') return node.items.map((item) => plain(item, show));
  if (node.kind === 'mapping')
    return Object.fromEntries(node.entries.map(({ key, value }) => [key, plain(value, show)]));
  return typeof node.value === 'string' ? show(node) : node.value;
}

/** All texts of a node. */
export function scalarsOf(node: YamlNode): ScalarNode[] {
  if (node.kind === 'scalar') return [node];
  return (node.kind === 'sequence' ? node.items : node.entries.map(({ value }) => value)).flatMap(scalarsOf);
}
