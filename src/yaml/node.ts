import type { Position } from '../lib/errors.ts';

/** The YAML tree of the loader. Every node has its position; a node that an alias names has the position of its anchor. */
export type YamlNode = ScalarNode | SequenceNode | MappingNode;

/** Tags for a later stage. The parser resolves or refuses all other tags. */
export type KeptTag = '!reset' | '!override';

interface NodeBase {
  at: Position;
  tag?: KeptTag;
  /** Set by a merge: the value of an earlier layer that this one replaced. */
  replaced?: YamlNode;
}

export interface ScalarNode extends NodeBase {
  kind: 'scalar';
  /** The value by the rules of Go's YAML. An integer beyond 2^53 is rounded here and exact in `text`. */
  value: string | number | boolean | null;
  /** The value as Go prints it, for keys that take a string: `0x1F` is `31`, `1.50` is `1.5`; null is "". */
  text: string;
  /** The text as written, without quotes and folding. */
  raw: string;
  style: 'plain' | 'quoted' | 'block';
  /** Set by interpolation when the text holds a placeholder for this name, whose value only the site knows. */
  siteValue?: string;
  /** Set by interpolation when a decrypted value is in the text: the name of its variable, and the offset in the text at which it begins. */
  secret?: { name: string; from: number } | undefined;
  /** Set by interpolation when a value that is not from Git is in the text. */
  outside?: true | undefined;
  /** Set when the text names a variable that only the environment of an included file knows: the value there. */
  variable?: string;
}

export interface SequenceNode extends NodeBase {
  kind: 'sequence';
  items: YamlNode[];
}

export interface MappingNode extends NodeBase {
  kind: 'mapping';
  /** Keys are unique. Entries that `<<` adds come after the mapping's own entries. */
  entries: MappingEntry[];
  /** Set by a merge: entries of earlier layers that a `!reset` or `!override` removed. */
  removed?: RemovedEntry[];
}

export interface RemovedEntry {
  entry: MappingEntry;
  /** The position of the value with the tag. */
  by: Position;
}

export interface MappingEntry {
  key: string;
  keyAt: Position;
  value: YamlNode;
}

/** The tree as plain data, as `JSON.parse` would give it. */
export function toPlain(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'sequence':
      return node.items.map(toPlain);
    case 'mapping': {
      const result: Record<string, unknown> = {};
      for (const { key, value } of node.entries) {
        // Assigning to `__proto__` would change the prototype instead of adding a key.
        Object.defineProperty(result, key, {
          value: toPlain(value),
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
      return result;
    }
  }
}

/** The entry of a mapping under a key; undefined for other nodes. */
export function entryOf(node: YamlNode | undefined, key: string): MappingEntry | undefined {
  return node?.kind === 'mapping' ? node.entries.find((entry) => entry.key === key) : undefined;
}

/** A node in words, for messages: `a list`, `the number 3`. */
export function describe(node: YamlNode): string {
  if (node.kind === 'sequence') return 'a list';
  if (node.kind === 'mapping') return 'a mapping';
  if (node.value === null) return 'nothing';
  if (typeof node.value === 'string') return 'a string';
  return typeof node.value === 'number' ? `the number ${node.raw}` : `the boolean ${node.raw}`;
}
