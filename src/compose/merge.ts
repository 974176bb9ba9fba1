import { InputError } from '../lib/errors.ts';
import {
  describe,
  entryOf,
  type MappingEntry,
  type MappingNode,
  type ScalarNode,
  type YamlNode,
} from '../yaml/node.ts';

/**
 * Lays one Compose file over another by Compose's rules: mappings by key, lists one after the other, scalars replaced; `!override`
 * replaces whole, `!reset` removes. The special cases are those of compose-go 2.9; that entries of a list which mean the same thing
 * count once is left to their decoders. Throws InputError where the two do not fit.
 */
export function mergeFiles(base: YamlNode, over: YamlNode): YamlNode {
  return merge(base, over, []);
}

type Rule = (base: YamlNode, over: YamlNode, path: string[]) => YamlNode;

/** The tree without what `!reset` removes: what a first file stands for. */
export function withoutResets(node: YamlNode): YamlNode {
  if (node.kind === 'sequence') {
    return { ...node, items: node.items.filter((item) => item.tag !== '!reset').map(withoutResets) };
  }
  if (node.kind === 'scalar') return node;
  const entries = node.entries.filter((entry) => entry.value.tag !== '!reset');
  return { ...node, entries: entries.map((entry) => ({ ...entry, value: withoutResets(entry.value) })) };
}

function merge(base: YamlNode, over: YamlNode, path: string[]): YamlNode {
  const rule = ruleFor(path);
  if (rule) return rule(base, over, path);
  if (isNull(over)) return base;
  if (isNull(base)) return withoutResets(over);
  if (base.kind === 'mapping') return mergeMappings(base, fitting(base, over, path), path);
  if (base.kind === 'sequence') return { ...base, items: [...base.items, ...items(fitting(base, over, path))] };
  return withoutResets(over);
}

function mergeMappings(base: MappingNode, over: MappingNode, path: string[]): MappingNode {
  const entries = new Map<string, MappingEntry>(base.entries.map((entry) => [entry.key, entry]));
  for (const entry of over.entries) {
    const mine = entries.get(entry.key);
    if (entry.value.tag === '!reset') entries.delete(entry.key);
    else if (!mine || entry.value.tag === '!override')
      entries.set(entry.key, { ...entry, value: withoutResets(entry.value) });
    else entries.set(entry.key, { ...entry, value: merge(mine.value, entry.value, [...path, entry.key]) });
  }
  return { ...base, entries: [...entries.values()] };
}

function fitting<T extends YamlNode>(base: T, over: YamlNode, path: string[]): T {
  if (over.kind === base.kind) return over as T;
  const { file, line, column } = base.at;
  throw InputError.at(
    over.at,
    `${path.at(-1)} is ${describe(over)} here but ${describe(base)} at ${file}:${line}:${column}`,
    'write both the same way, or replace it with !override',
  );
}

const isNull = (node: YamlNode): boolean => node.kind === 'scalar' && node.value === null;

const replace: Rule = (_base, over) => withoutResets(over);

/** Both forms of `NAME=value` become mappings, so that names meet. */
const byName: Rule = (base, over, path) => mergeMappings(named(base, path), named(over, path), path);

function named(node: YamlNode, path: string[]): MappingNode {
  if (node.kind === 'mapping') return node;
  if (isNull(node)) return { kind: 'mapping', at: node.at, entries: [] };
  if (node.kind !== 'sequence') {
    throw InputError.at(node.at, `${path.at(-1)} must be a mapping or a list, not ${describe(node)}`);
  }
  const entries = new Map<string, MappingEntry>();
  for (const item of node.items) {
    if (item.kind !== 'scalar') throw InputError.at(item.at, `a string is expected here, not ${describe(item)}`);
    const split = item.text.indexOf('=');
    const key = split < 0 ? item.text : item.text.slice(0, split);
    const value: ScalarNode = split < 0 ? nothing(item) : stringOf(item, item.text.slice(split + 1));
    entries.set(key, { key, keyAt: item.at, value });
  }
  return { kind: 'mapping', at: node.at, entries: [...entries.values()] };
}

const nothing = (item: ScalarNode): ScalarNode => ({ ...item, value: null, text: '' });
const stringOf = (item: ScalarNode, text: string): ScalarNode => ({ ...item, value: text, text });

/** A string stands for a list of itself. */
const asLists: Rule = (base, over) => ({ kind: 'sequence', at: base.at, items: [...items(base), ...items(over)] });

function items(node: YamlNode): YamlNode[] {
  if (node.kind === 'sequence') return node.items.filter((item) => item.tag !== '!reset').map(withoutResets);
  return isNull(node) ? [] : [node];
}

/** `extra_hosts` has both forms and one name may have several addresses: lists, with exact repeats left out. */
const hosts: Rule = (base, over) => {
  const all = [...hostItems(base), ...hostItems(over)];
  const seen = new Set<string>();
  const unique = all.filter((item) => item.kind !== 'scalar' || (!seen.has(item.text) && seen.add(item.text)));
  return { kind: 'sequence', at: base.at, items: unique };
};

function hostItems(node: YamlNode): YamlNode[] {
  if (node.kind !== 'mapping') return items(node);
  return node.entries.flatMap(({ key, value }) =>
    items(value).map((address) => (address.kind === 'scalar' ? stringOf(address, `${key}=${address.text}`) : address)),
  );
}

/** A list of names stands for a mapping of them; `depends_on` then says what its short form means, which undoes a longer base. */
const keyed =
  (value: (item: ScalarNode) => YamlNode): Rule =>
  (base, over, path) => {
    const asMapping = (node: YamlNode): MappingNode => {
      const converted = node.kind === 'sequence' ? named(node, path) : node;
      if (converted.kind !== 'mapping') throw InputError.at(node.at, `${path.at(-1)} must be a mapping or a list`);
      if (node.kind === 'mapping') return converted;
      const entries = converted.entries.map((entry) => ({ ...entry, value: value(entry.value as ScalarNode) }));
      return { ...converted, entries };
    };
    return mergeMappings(asMapping(base), asMapping(over), path);
  };

const started = (item: ScalarNode): MappingNode => ({
  kind: 'mapping',
  at: item.at,
  entries: [
    { key: 'condition', keyAt: item.at, value: { ...item, value: 'service_started', text: 'service_started' } },
    { key: 'required', keyAt: item.at, value: { ...item, value: true, text: 'true' } },
  ],
});

/** Options of different drivers do not mix. */
const logging: Rule = (base, over, path) => {
  if (base.kind !== 'mapping') return withoutResets(over);
  const [mine, theirs] = [entryOf(base, 'driver'), entryOf(over, 'driver')];
  const text = (entry: MappingEntry | undefined) => (entry?.value.kind === 'scalar' ? entry.value.text : undefined);
  if (mine && theirs && text(mine) !== text(theirs)) return withoutResets(over);
  return mergeMappings(base, fitting(base, over, path), path);
};

const pools: Rule = (_base, over) => {
  throw InputError.at(
    over.at,
    'ipam.config stands in two files, which Docker Compose mixes in surprising ways',
    'use !override',
  );
};

const RULES: [pattern: string, rule: Rule][] = [
  ...['annotations', 'environment', 'labels', 'sysctls'].map((key): [string, Rule] => [`services.*.${key}`, byName]),
  ...['dns', 'dns_opt', 'dns_search', 'env_file', 'tmpfs'].map((key): [string, Rule] => [`services.*.${key}`, asLists]),
  ...['command', 'entrypoint', 'healthcheck.test', 'ulimits.*'].map((key): [string, Rule] => [
    `services.*.${key}`,
    replace,
  ]),
  ['services.*.extra_hosts', hosts],
  ['services.*.depends_on', keyed(started)],
  ['services.*.networks', keyed(nothing)],
  ['services.*.logging', logging],
  ['networks.*.labels', byName],
  ['volumes.*.labels', byName],
  ['networks.*.ipam.config', pools],
];

function ruleFor(path: string[]): Rule | undefined {
  return RULES.find(([pattern]) => {
    const steps = pattern.split('.');
    return steps.length === path.length && steps.every((step, index) => step === '*' || step === path[index]);
  })?.[1];
}
