import { InputError } from '../../../lib/errors.ts';
import { entryOf, type MappingEntry, type MappingNode, type YamlNode } from '../../../yaml/node.ts';

/**
 * Merges the address pools of one network in two files as compose-go 2.9 does (mergeIPAMConfig). Pools with equal subnets merge, the second
 * over the first. If the second file names other subnets, the pools of the first file are dropped. Throws InputError.
 */
export function pools(base: YamlNode, over: YamlNode): YamlNode {
  const overrides = mappings(over);
  const result: MappingNode[] = [];
  for (const original of mappings(base)) {
    let mixed = original;
    for (const override of overrides) {
      const isThere = result.some((pool) => subnet(pool) === subnet(override));
      if (subnet(override) !== subnet(mixed) && !isThere) {
        result.push(override);
        continue;
      }
      mixed = overlaid(mixed, override);
      const same = result.findIndex((pool) => subnet(pool) === subnet(mixed));
      if (same < 0) result.push(mixed);
      else result[same] = mixed;
    }
  }
  return { kind: 'sequence', at: over.at, items: result };
}

function mappings(node: YamlNode): MappingNode[] {
  if (node.kind !== 'sequence') throw InputError.at(node.at, 'ipam.config must be a list');
  const seen = new Set<string | undefined>();
  return node.items.map((item) => {
    if (item.kind !== 'mapping') throw InputError.at(item.at, 'a pool of ipam.config must be a mapping');
    if (seen.has(subnet(item))) {
      const hint = 'remove one, or replace both with !override';
      throw InputError.at(item.at, 'two pools of ipam.config have one subnet', hint);
    }
    seen.add(subnet(item));
    return item;
  });
}

function subnet(pool: MappingNode): string | undefined {
  const value = entryOf(pool, 'subnet')?.value;
  return value?.kind === 'scalar' ? value.text : undefined;
}

function overlaid(base: MappingNode, over: MappingNode): MappingNode {
  const entries = new Map<string, MappingEntry>(base.entries.map((entry) => [entry.key, entry]));
  for (const entry of over.entries) {
    const mine = entries.get(entry.key)?.value;
    const { value } = entry;
    const isBoth = mine?.kind === 'mapping' && value.kind === 'mapping';
    entries.set(entry.key, isBoth ? { ...entry, value: overlaid(mine, value) } : entry);
  }
  return { ...base, entries: [...entries.values()] };
}
