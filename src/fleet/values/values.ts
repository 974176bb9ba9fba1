import type { Position } from '../../lib/errors.ts';
import { entryOf, type YamlNode } from '../../yaml/node.ts';

// Readers for nodes that a schema has already checked. A node of another type counts as absent.

/** The node below a mapping, by a path of keys. */
export function below(node: YamlNode | undefined, ...keys: string[]): YamlNode | undefined {
  return keys.reduce<YamlNode | undefined>((here, key) => entryOf(here, key)?.value, node);
}

/** The text of a scalar as written, so that `1.10` stays `1.10`. */
export function text(node: YamlNode | undefined): string | undefined {
  return node?.kind === 'scalar' ? node.raw : undefined;
}

/** The texts of a list. A single text counts as a list of one. */
export function texts(node: YamlNode | undefined): string[] {
  return items(node).map((item) => text(item) ?? '');
}

export function items(node: YamlNode | undefined): YamlNode[] {
  if (node === undefined) return [];
  return node.kind === 'sequence' ? node.items : [node];
}

export function textMap(node: YamlNode | undefined): Record<string, string> {
  const entries = node?.kind === 'mapping' ? node.entries : [];
  return Object.fromEntries(entries.map(({ key, value }) => [key, text(value) ?? '']));
}

/** The position of each key of a mapping. */
export function keyPositions(node: YamlNode | undefined): Record<string, Position> {
  const entries = node?.kind === 'mapping' ? node.entries : [];
  return Object.fromEntries(entries.map(({ key, keyAt }) => [key, keyAt]));
}

export function flag(node: YamlNode | undefined): boolean {
  return node?.kind === 'scalar' && node.value === true;
}
