import { InputError } from '../../../lib/errors.ts';
import {
  describe,
  entryOf,
  type MappingEntry,
  type MappingNode,
  type ScalarNode,
  type YamlNode,
} from '../../../yaml/node.ts';
import { taintAt } from '../values/template.ts';
import { builtFrom, keyed, nothing, started } from './canonical.ts';
import { pools } from './merge-ipam.ts';

/**
 * Merges one Compose file over another by Compose's rules: mappings merge by key, lists are joined, scalars are replaced. The special cases
 * are those of compose-go 2.9 (override/merge.go). The decoders remove list entries with equal meaning. `!reset` and `!override` are
 * already gone. Throws InputError when the two files do not fit together.
 */
export function mergeFiles(base: YamlNode, over: YamlNode): YamlNode {
  return merge(base, over, []);
}

/** Merges a service over the one that it extends, by the same rules. */
export function mergeServices(base: YamlNode, over: YamlNode): YamlNode {
  return merge(base, over, ['services', '*']);
}

type Rule = (base: YamlNode, over: YamlNode, path: readonly string[]) => YamlNode;

function merge(base: YamlNode, over: YamlNode, path: readonly string[]): YamlNode {
  const rule = ruleFor(path);
  if (rule) return rule(base, over, path);
  if (isNull(over)) return base;
  if (isNull(base)) return over;
  if (base.kind === 'mapping') return mergeMappings(base, fitting(base, over, path), path);
  if (base.kind === 'sequence')
    return { ...base, ...lost(base, over), items: [...base.items, ...fitting(base, over, path).items] };
  return replace(base, over, path);
}

function mergeMappings(base: MappingNode, over: MappingNode, path: readonly string[]): MappingNode {
  const entries = new Map<string, MappingEntry>(base.entries.map((entry) => [entry.key, entry]));
  for (const entry of over.entries) {
    const mine = entries.get(entry.key);
    const value = mine ? merge(mine.value, entry.value, [...path, entry.key]) : entry.value;
    entries.set(entry.key, value === entry.value ? entry : { ...entry, value });
  }
  return { ...base, ...lost(base, over), entries: [...entries.values()] };
}

/** The values that both nodes replaced and removed, those of `over` first. */
function lost(base: YamlNode, over: YamlNode): Pick<MappingNode, 'replaced' | 'removed'> {
  const replaced = chained(over.replaced, base.replaced);
  const removed = [over, base].flatMap((node) => (node.kind === 'mapping' ? (node.removed ?? []) : []));
  return { ...(replaced && { replaced }), ...(removed.length > 0 && { removed }) };
}

/** A chain of replaced values with another one at its end. */
function chained(chain: YamlNode | undefined, end: YamlNode | undefined): YamlNode | undefined {
  if (!chain || !end) return chain ?? end;
  return { ...chain, replaced: chained(chain.replaced, end) ?? end };
}

function fitting<T extends YamlNode>(base: T, over: YamlNode, path: readonly string[]): T {
  if (over.kind === base.kind) return over as T;
  const { file, line, column } = base.at;
  throw InputError.at(
    over.at,
    `${path.at(-1)} is ${describe(over)} here but ${describe(base)} at ${file}:${line}:${column}`,
    'write both the same way, or replace it with !override',
  );
}

const isNull = (node: YamlNode): boolean => node.kind === 'scalar' && node.value === null;

const replace: Rule = (base, over) => ({ ...over, replaced: chained(over.replaced, base) ?? base });

/** Joins two values into one list. Each may be a mapping, a list of `NAME=value` or one string. If a name is there twice, the last one counts. */
const appended: Rule = (base, over, path) => ({
  kind: 'sequence',
  at: base.at,
  items: [...items(base, path), ...items(over, path)],
});

function items(node: YamlNode, path: readonly string[]): YamlNode[] {
  if (node.kind === 'sequence') return node.items;
  if (node.kind === 'scalar') return typeof node.value === 'string' ? [node] : noItems(node, path);
  return node.entries.flatMap((entry) => pairs(entry));
}

function noItems(node: ScalarNode, path: readonly string[]): YamlNode[] {
  if (isNull(node)) return [];
  throw InputError.at(node.at, `${path.at(-1)} must be a mapping or a list, not ${describe(node)}`);
}

function pairs({ key, keyAt, value }: MappingEntry): ScalarNode[] {
  if (value.kind === 'sequence') return value.items.flatMap((each) => pairs({ key, keyAt, value: each }));
  if (value.kind === 'mapping') {
    throw InputError.at(value.at, `a single value is expected for ${key}, not ${describe(value)}`);
  }
  const text = isNull(value) ? key : `${key}=${value.text}`;
  const raw = isNull(value) ? key : `${key}=${value.raw}`;
  return [{ ...value, at: keyAt, value: text, text, raw, style: 'quoted', ...taintAt(value, key.length + 1) }];
}

/** Joins two lists of hosts. A name may have several addresses, so only exact repeats are dropped. */
const hosts: Rule = (base, over, path) => {
  const mine = items(base, path);
  const known = new Set(mine.map((item) => (item.kind === 'scalar' ? item.text : '')));
  const added = items(over, path).filter((item) => item.kind !== 'scalar' || !known.has(item.text));
  return { kind: 'sequence', at: base.at, items: [...mine, ...added] };
};

/** Merges two mappings; each may be written as a list of names. */
const byKey =
  (value: (item: ScalarNode) => YamlNode): Rule =>
  (base, over, path) => {
    const asMapping = (node: YamlNode): MappingNode => {
      const converted = isNull(node) ? { ...node, kind: 'mapping' as const, entries: [] } : keyed(node, value);
      if (converted.kind === 'mapping') return converted;
      throw InputError.at(node.at, `${path.at(-1)} must be a mapping or a list, not ${describe(node)}`);
    };
    return mergeMappings(asMapping(base), asMapping(over), path);
  };

/** Merges two `logging` mappings only when they have the same driver. */
const logging: Rule = (base, over, path) => {
  if (base.kind !== 'mapping') throw InputError.at(base.at, `logging must be a mapping, not ${describe(base)}`);
  const [mine, theirs] = [entryOf(base, 'driver'), entryOf(over, 'driver')];
  const text = (entry: MappingEntry | undefined) => (entry?.value.kind === 'scalar' ? entry.value.text : undefined);
  if (mine && theirs && text(mine) !== text(theirs)) return replace(base, over, path);
  return mergeMappings(base, fitting(base, over, path), path);
};

/** Merges two `build` values; each may be in its short or long form. */
const build: Rule = (base, over, path) => {
  const [mine, theirs] = [builtFrom(base), builtFrom(over)];
  if (isNull(mine) || isNull(theirs)) return isNull(theirs) ? mine : theirs;
  if (mine.kind !== 'mapping') throw InputError.at(base.at, `build must be a mapping, not ${describe(base)}`);
  return mergeMappings(mine, fitting(mine, theirs, path), path);
};

const service =
  (rule: Rule) =>
  (key: string): [string, Rule] => [`services.*.${key}`, rule];

const RULES: [pattern: string, rule: Rule][] = [
  ...['annotations', 'environment', 'labels', 'sysctls', 'deploy.labels'].map(service(appended)),
  ...['dns', 'dns_opt', 'dns_search', 'env_file', 'label_file', 'tmpfs'].map(service(appended)),
  ...['command', 'entrypoint', 'healthcheck.test', 'ulimits.*'].map(service(replace)),
  // A later stage always refuses it.
  service(replace)('models'),
  service(build)('build'),
  ...['build.args', 'build.labels', 'build.additional_contexts'].map(service(appended)),
  ...['extra_hosts', 'build.extra_hosts'].map(service(hosts)),
  ['services.*.depends_on', byKey(started)],
  ['services.*.networks', byKey(nothing)],
  ['services.*.logging', logging],
  ['networks.*.labels', appended],
  ['volumes.*.labels', appended],
  ['networks.*.ipam.config', pools],
];

const RULES_BY_DEPTH = Map.groupBy(
  RULES.map(([pattern, rule]) => ({ steps: pattern.split('.'), rule })),
  ({ steps }) => steps.length,
);

function ruleFor(path: readonly string[]): Rule | undefined {
  const candidates = RULES_BY_DEPTH.get(path.length);
  return candidates?.find(({ steps }) => steps.every((step, index) => step === '*' || step === path[index]))?.rule;
}
