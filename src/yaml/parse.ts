import { type Event, getScalarValue, type ScalarEvent } from 'js-yaml';
import { InputError, type Position } from '../lib/errors.ts';
import { inWords, YAML_LIMITS } from '../lib/limits.ts';
import { ALIAS, DOCUMENT, type EventOf, MAPPING, PLAIN, POP, SCALAR, SEQUENCE } from './events.ts';
import { lenientEvents, YamlSyntaxError } from './lenient-events.ts';
import { lineIndex } from './lines.ts';
import type { KeptTag, MappingEntry, MappingNode, ScalarNode, YamlNode } from './node.ts';
import { readingOf, resolveScalar } from './scalar.ts';

/** Characters of a text that count as one node of the limit. */
const TEXT_OF_A_NODE = 256;

/**
 * Parses one YAML document as Docker Compose does, with a position on every node. undefined for a text without a document. Throws InputError
 * with the position of the problem: bad syntax, duplicate keys, several documents, unknown tags or anchors, an exceeded limit.
 */
export function parseYaml(text: string, file: string): YamlNode | undefined {
  const [first, second] = parseYamlStream(text, file);
  if (second) throw InputError.at(second.at, 'the file holds several YAML documents; one is expected');
  return first && isNothing(first) ? undefined : first;
}

/** Parses all documents of a text. A document that is empty between its markers is a null. */
export function parseYamlStream(text: string, file: string): YamlNode[] {
  if (text.length > YAML_LIMITS.bytes || Buffer.byteLength(text) > YAML_LIMITS.bytes) throw tooLarge(file);
  return new Builder(text, file).documents();
}

export const tooLarge = (file: string): InputError =>
  InputError.at({ file, line: 1, column: 1 }, `the file is larger than ${inWords(YAML_LIMITS.bytes)}`);

/** The offset of the first conflict marker that Git left in a file. */
function unfinishedMerge(text: string): number | undefined {
  const found = `\n${text}`.indexOf('\n<<<<<<< ');
  return found < 0 ? undefined : found;
}

const isNothing = (node: YamlNode): boolean => node.kind === 'scalar' && node.value === null && node.raw === '';

/** A node, and the size and depth of its tree. */
interface Built {
  node: YamlNode;
  size: number;
  depth: number;
  /** The node is a plain `<<`, which merges a mapping when it is a key. */
  isMerge?: boolean;
}

/** js-yaml's number of a style. */
const LITERAL = 4;

class Builder {
  /** The parsed text, to which all offsets refer. */
  private text: string;
  private positionAt: (offset: number) => Position;
  private readonly anchors = new Map<string, Built | 'open'>();
  private events: Event[] = [];
  private next = 0;
  /** The end of the last node; an absent value gets this position. */
  private last = 0;
  private nodes = 0;

  constructor(text: string, file: string) {
    this.text = text;
    const lines = lineIndex(text);
    this.positionAt = (offset) => ({ file, ...lines(offset) });
  }

  documents(): YamlNode[] {
    this.events = this.parse();
    const found: YamlNode[] = [];
    while (this.next < this.events.length) {
      const start = this.events[this.next++];
      if (start?.type !== DOCUMENT) throw InputError.at(this.positionAt(this.last), 'this is not valid YAML');
      if (start.directives.some((directive) => directive.kind === 'tag')) {
        this.refuse(0, 'a %TAG directive is not supported');
      }
      // Anchors end with their document; the limit of nodes is for the whole file.
      this.anchors.clear();
      found.push(this.build(this.positionAt(this.last)).node);
      if (!this.closed()) throw InputError.at(this.positionAt(this.last), 'this is not valid YAML');
    }
    return found;
  }

  private parse(): Event[] {
    try {
      const { events, text, original } = lenientEvents(this.text, YAML_LIMITS.depth);
      const before = this.positionAt;
      this.text = text;
      this.positionAt = (offset) => before(original(offset));
      return events;
    } catch (error) {
      if (!(error instanceof YamlSyntaxError)) throw error;
      const marker = unfinishedMerge(this.text);
      if (marker !== undefined) {
        throw InputError.at(
          this.positionAt(marker),
          'Git left the marks of an unfinished merge here',
          'keep one of the two sides and remove the lines that begin with <<<<<<<, ======= and >>>>>>>',
        );
      }
      const at = this.positionAt(error.offset);
      throw new InputError([{ at, message: `this is not valid YAML: ${error.message}` }], { cause: error });
    }
  }

  /** Builds the node that begins with the next event. An absent value gets the position `fallback`. */
  private build(fallback: Position): Built {
    const event = this.events[this.next++];
    switch (event?.type) {
      case ALIAS:
        return this.alias(event);
      case SCALAR:
        return this.anchored(event, () => this.scalar(event, fallback));
      case SEQUENCE:
        return this.anchored(event, () => this.sequence(event));
      case MAPPING:
        return this.anchored(event, () => this.mapping(event));
      default:
        throw InputError.at(fallback, 'this is not valid YAML');
    }
  }

  private anchored(event: EventOf<2 | 3 | 4>, make: () => Built): Built {
    const name = event.anchorStart < 0 ? undefined : this.text.slice(event.anchorStart, event.anchorEnd);
    if (name !== undefined) this.anchors.set(name, 'open');
    const built = make();
    if (name !== undefined) this.anchors.set(name, built);
    return built;
  }

  private alias(event: EventOf<5>): Built {
    const name = this.text.slice(event.anchorStart, event.anchorEnd);
    this.last = event.anchorEnd;
    const built = this.anchors.get(name);
    if (!built) this.refuse(event.anchorStart - 1, `the alias *${name} has no anchor &${name} before it`);
    if (built === 'open') this.refuse(event.anchorStart - 1, `the alias *${name} is inside its own anchor &${name}`);
    this.count(built.size, event.anchorStart - 1);
    return built;
  }

  private count(nodes: number, offset: number): void {
    this.nodes += nodes;
    if (this.nodes > YAML_LIMITS.nodes)
      this.refuse(offset, `with all aliases expanded, the file has over ${YAML_LIMITS.nodes} nodes`);
  }

  private scalar(event: ScalarEvent, fallback: Position): Built {
    const absent = event.valueStart < 0;
    const raw = absent ? '' : getScalarValue(this.text, event);
    const style = event.style === PLAIN ? 'plain' : event.style >= LITERAL ? 'block' : 'quoted';
    const at = absent ? fallback : this.positionAt(this.beginning(event, style));
    this.last = Math.max(this.last, event.valueEnd, event.tagEnd, event.anchorEnd);
    const size = 1 + Math.floor(raw.length / TEXT_OF_A_NODE);
    this.count(size, Math.max(0, event.valueStart));
    const tag = this.tag(event);
    const resolved = resolveScalar(raw, style === 'plain', tag, at);
    const node: ScalarNode = { kind: 'scalar', at, raw, style, ...readingOf(resolved, raw), ...kept(tag) };
    return { node, size, depth: 1, isMerge: resolved.kind === 'merge' };
  }

  /** The offset at which a scalar begins for a person: its quote, or the `|` or `>` of a block. */
  private beginning(event: ScalarEvent, style: ScalarNode['style']): number {
    if (style === 'plain') return event.valueStart;
    if (style === 'quoted') return event.valueStart - 1;
    const from = Math.max(this.last, event.tagEnd, event.anchorEnd, 0);
    const header = this.text.slice(from, event.valueStart).search(/[|>]/);
    return header < 0 ? event.valueStart : from + header;
  }

  private sequence(event: EventOf<2>): Built {
    const at = this.positionAt(event.start);
    const tag = this.tag(event, 'seq');
    this.count(1, event.start);
    this.last = event.start;
    const items: YamlNode[] = [];
    let [size, depth] = [1, 0];
    while (!this.closed()) {
      const item = this.build(this.positionAt(this.last));
      items.push(item.node);
      [size, depth] = [size + item.size, Math.max(depth, item.depth)];
    }
    return this.collection({ kind: 'sequence', at, items, ...kept(tag) }, size, depth + 1, event.start);
  }

  private mapping(event: EventOf<3>): Built {
    const at = this.positionAt(event.start);
    const tag = this.tag(event, 'map');
    this.count(1, event.start);
    this.last = event.start;
    const own = new Map<string, MappingEntry>();
    const merged = new Map<string, MappingEntry>();
    let mergeAt: Position | undefined;
    let [size, depth] = [1, 0];
    while (!this.closed()) {
      const before = this.positionAt(this.last);
      const { node: keyNode, isMerge } = this.build(before);
      const value = this.build(keyNode.at);
      [size, depth] = [size + 1 + value.size, Math.max(depth, value.depth)];
      if (isMerge) {
        if (mergeAt) this.duplicate('<<', keyNode.at, mergeAt);
        mergeAt = keyNode.at;
        for (const entry of this.mergedEntries(value.node)) if (!merged.has(entry.key)) merged.set(entry.key, entry);
        continue;
      }
      const key = keyText(keyNode);
      const twin = own.get(key);
      if (twin) this.duplicate(key, keyNode.at, twin.keyAt);
      own.set(key, { key, keyAt: keyNode.at, value: value.node });
    }
    const entries = [...own.values(), ...[...merged.values()].filter((entry) => !own.has(entry.key))];
    return this.collection({ kind: 'mapping', at, entries, ...kept(tag) }, size, depth + 1, event.start);
  }

  /** The entries of the mapping or mappings after `<<`. If a key is in several mappings, the first one wins. */
  private mergedEntries(node: YamlNode): MappingEntry[] {
    const sources = node.kind === 'sequence' ? node.items : [node];
    return sources.flatMap((source) => {
      if (source.kind !== 'mapping')
        throw InputError.at(source.at, '<< can only merge a mapping or a list of mappings');
      return (source as MappingNode).entries;
    });
  }

  private duplicate(key: string, at: Position, first: Position): never {
    throw InputError.at(
      at,
      `the key ${key} is there twice; the first is at ${first.file}:${first.line}:${first.column}`,
    );
  }

  private collection(node: YamlNode, size: number, depth: number, offset: number): Built {
    if (depth > YAML_LIMITS.depth) this.refuse(offset, `the file is nested more than ${YAML_LIMITS.depth} levels deep`);
    return { node, size, depth };
  }

  private closed(): boolean {
    if (this.events[this.next]?.type !== POP) return false;
    this.next++;
    return true;
  }

  /** The tag in short form: `!!str` for `!<tag:yaml.org,2002:str>`. undefined when there is no tag. Throws InputError for an unknown tag. */
  private tag(event: EventOf<2 | 3 | 4>, own?: 'seq' | 'map'): string | undefined {
    if (event.tagStart < 0) return undefined;
    const written = this.text.slice(event.tagStart, event.tagEnd);
    const tag = written.replace(/^!<(.*)>$/, '$1').replace(/^tag:yaml\.org,2002:/, '!!');
    if (tag === '!reset' || tag === '!override') return tag;
    if (own ? tag === '!' || tag === `!!${own}` : /^(!|!!(str|int|float|bool|null|merge))$/.test(tag)) return tag;
    this.refuse(event.tagStart, `the tag ${written} is not supported here`);
  }

  private refuse(offset: number, message: string): never {
    throw InputError.at(this.positionAt(offset), message);
  }
}

function kept(tag: string | undefined): { tag?: KeptTag } {
  return tag === '!reset' || tag === '!override' ? { tag } : {};
}

/** The text of a key. Docker Compose accepts only strings as keys, so `1:` and `true:` are errors here, too. */
function keyText(node: YamlNode): string {
  if (node.kind !== 'scalar') throw InputError.at(node.at, 'a key must be a string');
  if (typeof node.value === 'string') return node.value;
  const what = node.value === null ? 'an empty key' : `the key ${node.raw}`;
  throw InputError.at(node.at, `${what} is not a string`, 'quote it');
}
