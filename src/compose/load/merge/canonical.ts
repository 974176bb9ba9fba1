import { InputError } from '../../../lib/errors.ts';
import {
  describe,
  entryOf,
  type MappingEntry,
  type MappingNode,
  type ScalarNode,
  type YamlNode,
} from '../../../yaml/node.ts';

/**
 * Expands the short forms that affect how the next file merges, as compose-go 2.9 does between two files: a list of names becomes a mapping,
 * whose keys can be overridden and reset; a single item becomes a list. The decoders expand all other short forms.
 */
export function canonical(root: MappingNode): MappingNode {
  return atKeys(root, {
    services: (services) => all(services, canonicalService),
    ...Object.fromEntries(
      ['networks', 'volumes', 'configs', 'secrets'].map((key) => [
        key,
        (node: YamlNode) => all(node, withoutOldExternal),
      ]),
    ),
  }) as MappingNode;
}

type Change = (node: YamlNode) => YamlNode;

function canonicalService(service: YamlNode): YamlNode {
  return atKeys(service, {
    depends_on: (node) => keyed(node, started),
    networks: (node) => keyed(node, nothing),
    dns: listed,
    env_file: listed,
    label_file: listed,
    gpus: allGpus,
    build: builtFrom,
  });
}

function atKeys(node: YamlNode, changes: Record<string, Change>): YamlNode {
  if (node.kind !== 'mapping') return node;
  let changed = false;
  const entries = node.entries.map((entry) => {
    const value = Object.hasOwn(changes, entry.key) ? changes[entry.key]?.(entry.value) : undefined;
    if (!value || value === entry.value) return entry;
    changed = true;
    return { ...entry, value };
  });
  return changed ? { ...node, entries } : node;
}

function all(node: YamlNode, change: Change): YamlNode {
  if (node.kind !== 'mapping') return node;
  return atKeys(node, Object.fromEntries(node.entries.map(({ key }) => [key, change])));
}

/** Turns a list of names into a mapping; other nodes stay. Throws InputError for an item that is not a name, or that is there twice. */
export function keyed(node: YamlNode, value: (item: ScalarNode) => YamlNode): YamlNode {
  if (node.kind !== 'sequence') return node;
  const entries = new Map<string, MappingEntry>();
  for (const item of node.items) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') {
      throw InputError.at(item.at, `a name is expected here, not ${describe(item)}`);
    }
    if (entries.has(item.text)) throw isThereTwice(item);
    entries.set(item.text, { key: item.text, keyAt: item.at, value: value(item) });
  }
  return { kind: 'mapping', at: node.at, entries: [...entries.values()] };
}

const isThereTwice = (item: ScalarNode): InputError =>
  InputError.at(item.at, `${JSON.stringify(item.raw)} is in the list twice`, 'remove one of them');

export const nothing = (item: ScalarNode): ScalarNode => ({ ...item, value: null, text: '' });

/** The meaning of a name in the short form of `depends_on`. It overrides a longer form before it. */
export const started = (item: ScalarNode): MappingNode => ({
  kind: 'mapping',
  at: item.at,
  entries: [
    { key: 'condition', keyAt: item.at, value: { ...item, value: 'service_started', text: 'service_started' } },
    { key: 'required', keyAt: item.at, value: { ...item, value: true, text: 'true' } },
  ],
});

const listed: Change = (node) =>
  node.kind === 'scalar' && typeof node.value === 'string' ? { kind: 'sequence', at: node.at, items: [node] } : node;

const allGpus: Change = (node) => {
  if (node.kind !== 'scalar' || node.value !== 'all') return node;
  const count: MappingEntry = { key: 'count', keyAt: node.at, value: node };
  return { kind: 'sequence', at: node.at, items: [{ kind: 'mapping', at: node.at, entries: [count] }] };
};

/** The short form of `build` names the folder. */
export const builtFrom: Change = (node) =>
  node.kind === 'scalar' && typeof node.value === 'string'
    ? { kind: 'mapping', at: node.at, entries: [{ key: 'context', keyAt: node.at, value: node }] }
    : node;

/** `external: {name: x}` is the old form of `external: true` with `name: x`. */
const withoutOldExternal: Change = (node) => {
  const external = entryOf(node, 'external');
  if (node.kind !== 'mapping' || external?.value.kind !== 'mapping') return node;
  // A later stage reports other keys.
  if (external.value.entries.some(({ key }) => key !== 'name')) return node;
  const [name, other] = [entryOf(external.value, 'name'), entryOf(node, 'name')];
  const textOf = (entry: MappingEntry | undefined) => (entry?.value.kind === 'scalar' ? entry.value.text : undefined);
  if (name && other && textOf(name) !== textOf(other)) {
    throw InputError.at(name.keyAt, 'name and external.name differ', 'use only name');
  }
  const yes: ScalarNode = {
    kind: 'scalar',
    at: external.value.at,
    value: true,
    text: 'true',
    raw: 'true',
    style: 'plain',
  };
  const rest = node.entries.filter((entry) => entry !== external && !(name && entry.key === 'name'));
  return { ...node, entries: [...rest, { ...external, value: yes }, ...(name ? [name] : [])] };
};
