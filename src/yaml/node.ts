import type { Position } from '../lib/errors.ts';

/** The loader's own YAML tree. Every node knows where it stands; a node reached by an alias stands where its anchor does. */
export type YamlNode = ScalarNode | SequenceNode | MappingNode;

/** Tags that mean something to a later stage; all others are resolved or refused while parsing. */
export type KeptTag = '!reset' | '!override';

interface NodeBase {
  at: Position;
  tag?: KeptTag;
}

export interface ScalarNode extends NodeBase {
  kind: 'scalar';
  /** By the rules of Go's YAML. An integer beyond 2^53 is rounded here and exact in `text`. */
  value: string | number | boolean | null;
  /** The value as Go prints it, which is what a place that wants a string gets: `0x1F` is `31`, `1.50` is `1.5`; null is "". */
  text: string;
  /** As written, quotes and folding undone. */
  raw: string;
  style: 'plain' | 'quoted' | 'block';
  /** Set by interpolation: a value in it is known only on the site, and a placeholder stands for it. */
  siteValue?: string;
  /** Set where it names a variable that only the environment of an included file knows: its value there. */
  variable?: string;
}

export interface SequenceNode extends NodeBase {
  kind: 'sequence';
  items: YamlNode[];
}

export interface MappingNode extends NodeBase {
  kind: 'mapping';
  /** Keys are unique; what `<<` brought in comes after what stands in the mapping itself. */
  entries: MappingEntry[];
}

export interface MappingEntry {
  key: string;
  keyAt: Position;
  value: YamlNode;
}

/** The tree as plain data: what `JSON.parse` would give. */
export function toPlain(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'sequence':
      return node.items.map(toPlain);
    case 'mapping': {
      const result: Record<string, unknown> = {};
      for (const { key, value } of node.entries) {
        // Plain assignment of `__proto__` would change the object instead of adding a key.
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

/** The entry of a mapping with that key. */
export function entryOf(node: YamlNode | undefined, key: string): MappingEntry | undefined {
  return node?.kind === 'mapping' ? node.entries.find((entry) => entry.key === key) : undefined;
}

/** What a node is, for messages: `a list`, `the number 3`. */
export function describe(node: YamlNode): string {
  if (node.kind === 'sequence') return 'a list';
  if (node.kind === 'mapping') return 'a mapping';
  if (node.value === null) return 'nothing';
  if (typeof node.value === 'string') return 'a string';
  return typeof node.value === 'number' ? `the number ${node.raw}` : `the boolean ${node.raw}`;
}
