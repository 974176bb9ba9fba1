import { entryOf, type YamlNode } from '../../yaml/node.ts';

// Readers for nodes that a schema has checked already: what is of another form is taken as absent.

/** The node below a mapping by keys, one after the other. */
export function below(node: YamlNode | undefined, ...keys: string[]): YamlNode | undefined {
  return keys.reduce<YamlNode | undefined>((here, key) => entryOf(here, key)?.value, node);
}

/** As written, so that `1.10` stays `1.10`. */
export function text(node: YamlNode | undefined): string | undefined {
  return node?.kind === 'scalar' ? node.raw : undefined;
}

/** The items of a list; one text counts as a list of one. */
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

export function flag(node: YamlNode | undefined): boolean {
  return node?.kind === 'scalar' && node.value === true;
}
