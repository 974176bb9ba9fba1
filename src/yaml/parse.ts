import { type Event, getScalarValue, type ScalarEvent } from 'js-yaml';
import { InputError, type Position } from '../lib/errors.ts';
import { inWords, YAML_LIMITS } from '../lib/limits.ts';
import { lenientEvents, YamlSyntaxError } from './lenient-events.ts';
import { lineIndex } from './lines.ts';
import type { KeptTag, MappingEntry, MappingNode, ScalarNode, YamlNode } from './node.ts';
import { type Resolved, resolvePlain } from './scalar.ts';

const TEXT_OF_A_NODE = 256;

/**
 * Parses one YAML document as Docker Compose would, positions kept. undefined for a text without a document. Throws InputError with the
 * place of what is wrong: bad syntax, duplicate keys, several documents, unknown tags and anchors, too much of anything.
 */
export function parseYaml(text: string, file: string): YamlNode | undefined {
  const [first, second] = parseYamlStream(text, file);
  if (second) throw InputError.at(second.at, 'the file holds several YAML documents; one is expected');
  return first && isNothing(first) ? undefined : first;
}

/** The same for all documents of a text, one after the other. One that is empty between its markers is a null. */
export function parseYamlStream(text: string, file: string): YamlNode[] {
  if (text.length > YAML_LIMITS.bytes || Buffer.byteLength(text) > YAML_LIMITS.bytes) throw tooLarge(file);
  return new Builder(text, file).documents();
}

export const tooLarge = (file: string): InputError =>
  InputError.at({ file, line: 1, column: 1 }, `the file is larger than ${inWords(YAML_LIMITS.bytes)}`);

/** The offset of the line that Git writes where two sides of a merge differ. */
function unfinishedMerge(text: string): number | undefined {
  const found = `\n${text}`.indexOf('\n<<<<<<< ');
  return found < 0 ? undefined : found;
}

const isNothing = (node: YamlNode): boolean => node.kind === 'scalar' && node.value === null && node.raw === '';

/** What an anchor names, and how much it and everything below it is. */
interface Built {
  node: YamlNode;
  size: number;
  depth: number;
  /** It is a plain `<<`, which as a key is no key. */
  isMerge?: boolean;
}

type EventOf<T extends Event['type']> = Extract<Event, { type: T }>;

// Names for js-yaml's numbers, which its types spell as literals.
const DOCUMENT = 1;
const SEQUENCE = 2;
const MAPPING = 3;
const SCALAR = 4;
const ALIAS = 5;
const POP = 6;
const PLAIN = 1;
const LITERAL = 4;

class Builder {
  /** As parsed: what offsets are of. */
  private text: string;
  private readonly file: string;
  private place: (offset: number) => Position;
  private readonly anchors = new Map<string, Built | 'open'>();
  private events: Event[] = [];
  private next = 0;
  /** Where an absent value is said to stand: after what was read last. */
  private last = 0;
  private nodes = 0;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
    const lines = lineIndex(text);
    this.place = (offset) => ({ file, ...lines(offset) });
  }

  documents(): YamlNode[] {
    this.events = this.parse();
    const found: YamlNode[] = [];
    while (this.next < this.events.length) {
      const start = this.events[this.next++];
      if (start?.type !== DOCUMENT) throw InputError.at(this.place(this.last), 'this is not valid YAML');
      if (start.directives.some((directive) => directive.kind === 'tag')) {
        this.refuse(0, 'a %TAG directive is not supported');
      }
      // Anchors end with their document; what aliases may write out is counted for the file.
      this.anchors.clear();
      found.push(this.build(this.place(this.last)).node);
      if (!this.closed()) throw InputError.at(this.place(this.last), 'this is not valid YAML');
    }
    return found;
  }

  private parse(): Event[] {
    try {
      const { events, text, original } = lenientEvents(this.text, YAML_LIMITS.depth);
      const { place } = this;
      this.text = text;
      this.place = (offset) => place(original(offset));
      return events;
    } catch (error) {
      if (!(error instanceof YamlSyntaxError)) throw error;
      const marker = unfinishedMerge(this.text);
      if (marker !== undefined) {
        throw InputError.at(
          this.place(marker),
          'Git left the marks of an unfinished merge here',
          'keep one of the two sides and remove the lines that begin with <<<<<<<, ======= and >>>>>>>',
        );
      }
      const at = this.place(error.offset);
      throw new InputError([{ at, message: `this is not valid YAML: ${error.message}` }], { cause: error });
    }
  }

  /** Builds the node that the next event begins. `fallback` is where it stands if it is written nowhere. */
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
    if (built === 'open') this.refuse(event.anchorStart - 1, `the alias *${name} stands inside what it names`);
    this.count(built.size, event.anchorStart - 1);
    return built;
  }

  private count(nodes: number, offset: number): void {
    this.nodes += nodes;
    if (this.nodes > YAML_LIMITS.nodes)
      this.refuse(offset, `with its aliases written out the file has over ${YAML_LIMITS.nodes} nodes`);
  }

  private scalar(event: ScalarEvent, fallback: Position): Built {
    const absent = event.valueStart < 0;
    const raw = absent ? '' : getScalarValue(this.text, event);
    const style = event.style === PLAIN ? 'plain' : event.style >= LITERAL ? 'block' : 'quoted';
    const at = absent ? fallback : this.place(this.beginning(event, style));
    this.last = Math.max(this.last, event.valueEnd, event.tagEnd, event.anchorEnd);
    const size = 1 + Math.floor(raw.length / TEXT_OF_A_NODE);
    this.count(size, Math.max(0, event.valueStart));
    const tag = this.tag(event);
    const resolved = this.resolve(raw, style, tag, at);
    const node: ScalarNode = { kind: 'scalar', at, raw, style, ...readingOf(resolved, raw), ...kept(tag) };
    return { node, size, depth: 1, isMerge: resolved.kind === 'merge' };
  }

  /** Where a person sees a scalar begin: at its quote, at a block's `|` or `>`. */
  private beginning(event: ScalarEvent, style: ScalarNode['style']): number {
    if (style === 'plain') return event.valueStart;
    if (style === 'quoted') return event.valueStart - 1;
    const from = Math.max(this.last, event.tagEnd, event.anchorEnd, 0);
    const header = this.text.slice(from, event.valueStart).search(/[|>]/);
    return header < 0 ? event.valueStart : from + header;
  }

  private resolve(raw: string, style: ScalarNode['style'], tag: string | undefined, at: Position): Resolved {
    const core = tag?.startsWith('!!') ? tag.slice(2) : undefined;
    if (tag === '!' || core === 'str') return { kind: 'string', value: raw };
    const plain = style === 'plain' || core !== undefined;
    const resolved: Resolved = plain ? resolvePlain(raw) : { kind: 'string', value: raw };
    if (resolved.kind === 'timestamp') {
      throw InputError.at(at, `${raw} is a date to YAML, which nothing here expects`, 'quote it to make it a string');
    }
    if (core === 'float' && resolved.kind === 'int') return { ...resolved, kind: 'float' };
    if (core === 'merge' && raw === '<<') return { kind: 'merge' };
    if (core !== undefined && core !== resolved.kind)
      throw InputError.at(at, `the value is not a ${core}, as its tag says`);
    return resolved;
  }

  private sequence(event: EventOf<2>): Built {
    const at = this.place(event.start);
    const tag = this.tag(event, 'seq');
    this.count(1, event.start);
    this.last = event.start;
    const items: YamlNode[] = [];
    let [size, depth] = [1, 0];
    while (!this.closed()) {
      const item = this.build(this.place(this.last));
      items.push(item.node);
      [size, depth] = [size + item.size, Math.max(depth, item.depth)];
    }
    return this.collection({ kind: 'sequence', at, items, ...kept(tag) }, size, depth + 1, event.start);
  }

  private mapping(event: EventOf<3>): Built {
    const at = this.place(event.start);
    const tag = this.tag(event, 'map');
    this.count(1, event.start);
    this.last = event.start;
    const own = new Map<string, MappingEntry>();
    const merged = new Map<string, MappingEntry>();
    let mergeAt: Position | undefined;
    let [size, depth] = [1, 0];
    while (!this.closed()) {
      const before = this.place(this.last);
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

  /** What `<<` names: a mapping, or several of which the first wins. */
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

  /** The tag in short form, `!!str` for `!<tag:yaml.org,2002:str>`; undefined when it says nothing that the node does not. */
  private tag(event: EventOf<2 | 3 | 4>, own?: 'seq' | 'map'): string | undefined {
    if (event.tagStart < 0) return undefined;
    const written = this.text.slice(event.tagStart, event.tagEnd);
    const tag = written.replace(/^!<(.*)>$/, '$1').replace(/^tag:yaml\.org,2002:/, '!!');
    if (tag === '!reset' || tag === '!override') return tag;
    if (own ? tag === '!' || tag === `!!${own}` : /^(!|!!(str|int|float|bool|null|merge))$/.test(tag)) return tag;
    this.refuse(event.tagStart, `the tag ${written} is not supported here`);
  }

  private refuse(offset: number, message: string): never {
    throw InputError.at(this.place(offset), message);
  }
}

function readingOf(resolved: Resolved, raw: string): Pick<ScalarNode, 'value' | 'text'> {
  switch (resolved.kind) {
    case 'null':
      return { value: null, text: '' };
    case 'bool':
      return { value: resolved.value, text: String(resolved.value) };
    case 'int':
    case 'float':
      return { value: resolved.value, text: resolved.text };
    default:
      return { value: raw, text: raw };
  }
}

function kept(tag: string | undefined): { tag?: KeptTag } {
  return tag === '!reset' || tag === '!override' ? { tag } : {};
}

/** Docker Compose takes no key but a string, and neither do we: `1:` and `true:` are slips. */
function keyText(node: YamlNode): string {
  if (node.kind !== 'scalar') throw InputError.at(node.at, 'a key must be a string');
  if (typeof node.value === 'string') return node.value;
  const what = node.value === null ? 'an empty key' : `the key ${node.raw}`;
  throw InputError.at(node.at, `${what} is not a string`, 'quote it');
}
