import { entryOf, type MappingNode, type YamlNode } from '../../yaml/node.ts';

/** The keys with placeholders, by the name of the service. */
export function siteKeysOf(root: MappingNode): ReadonlyMap<string, string[]> {
  const services = entryOf(root, 'services')?.value;
  const found = new Map<string, string[]>();
  for (const { key: name, value } of services?.kind === 'mapping' ? services.entries : []) {
    const entries = value.kind === 'mapping' ? value.entries : [];
    const keys = entries.filter((entry) => hasPlaceholder(entry.value)).map(({ key }) => key);
    if (keys.length > 0) found.set(name, keys);
  }
  return found;
}

function hasPlaceholder(node: YamlNode): boolean {
  if (node.kind === 'scalar') return node.siteValue !== undefined;
  return node.kind === 'sequence'
    ? node.items.some(hasPlaceholder)
    : node.entries.some(({ value }) => hasPlaceholder(value));
}
