import { type Event, getScalarValue, type ScalarEvent } from 'js-yaml';
import { InputError, type Position } from '../../lib/errors.ts';
import { YAML_LIMITS } from '../../lib/limits.ts';
import { ALIAS, DOCUMENT, type EventOf, MAPPING, PLAIN, POP, SCALAR, SEQUENCE } from '../../yaml/events.ts';
import { lenientEvents, YamlSyntaxError } from '../../yaml/lenient-events.ts';
import { lineIndex } from '../../yaml/lines.ts';
import { resolvePlain } from '../../yaml/scalar.ts';
import type { Comment, Entry, List, Mapping, Scalar, Value } from '../tree.ts';
import { timeOf } from './go-values.ts';
import { type Remark, remarksOf } from './yaml-remarks.ts';

/** js-yaml's number of a style. */
const FLOW = 2;

/**
 * Reads a YAML file as sops does: all documents, each a mapping, with comments in their places and aliases expanded. The project's own parser
 * (src/yaml) has no comments, and reads `<<` as a merge, which sops takes for a key. Throws InputError at the place of the problem.
 */
export function readYaml(text: string, file: string): Mapping[] {
  const at = lineIndex(text);
  try {
    const { events, text: parsed, original } = lenientEvents(text, YAML_LIMITS.depth);
    return new Reader(events, parsed, { original, at: (offset) => ({ file, ...at(offset) }) }).documents();
  } catch (error) {
    if (!(error instanceof YamlSyntaxError)) throw error;
    const where = { file, ...at(error.offset) };
    throw new InputError([{ at: where, message: `this is not valid YAML: ${error.message}` }], { cause: error });
  }
}

interface Places {
  /** Turns an offset of the parsed text into one of the given text. */
  original: (offset: number) => number;
  at: (offset: number) => Position;
}

class Reader {
  private readonly events: readonly Event[];
  private readonly text: string;
  private readonly places: Places;
  private readonly anchors = new Map<string, { value: Value; size: number } | 'open'>();
  private readonly remarks: readonly Remark[];
  /** The number of comments that are in a collection already. */
  private placed = 0;
  /** For each event, the offset where it or the first one after it begins that has a place in the text. */
  private readonly starts: Float64Array;
  private next = 0;
  private nodes = 0;
  /** The end of the last scalar, or the start of the last collection. */
  private last = 0;

  constructor(events: readonly Event[], text: string, places: Places) {
    this.events = events;
    this.text = text;
    this.places = places;
    this.remarks = remarksOf(text, events);
    this.starts = startsOf(events, text.length);
  }

  documents(): Mapping[] {
    const found: Mapping[] = [];
    while (this.events[this.next]?.type === DOCUMENT) {
      this.next++;
      this.anchors.clear();
      found.push(this.root());
      // The end of the document.
      this.next++;
    }
    return found;
  }

  private root(): Mapping {
    const value = this.value();
    if (value.kind === 'map') {
      // Comments below the last entry, at whatever column.
      value.entries.push(...this.above());
      return value;
    }
    if (value.kind === 'null') return { kind: 'map', entries: [], offset: value.offset };
    return this.refuse(value.offset, 'a YAML file of sops holds mappings, and this document is none');
  }

  private value(): Value {
    const event = this.events[this.next++];
    switch (event?.type) {
      case SCALAR:
        return this.anchored(event, () => this.scalar(event));
      case SEQUENCE:
        return this.anchored(event, () => this.list(event));
      case MAPPING:
        return this.anchored(event, () => this.mapping(event));
      case ALIAS:
        return this.alias(event);
      default:
        return this.refuse(this.original(this.last), 'this is not valid YAML');
    }
  }

  private anchored(event: EventOf<2 | 3 | 4>, make: () => Value): Value {
    const name = event.anchorStart < 0 ? undefined : this.text.slice(event.anchorStart, event.anchorEnd);
    if (name !== undefined) this.anchors.set(name, 'open');
    const before = this.nodes;
    const value = make();
    if (name !== undefined) this.anchors.set(name, { value, size: this.nodes - before });
    return value;
  }

  private alias(event: EventOf<5>): Value {
    const anchor = this.anchors.get(this.text.slice(event.anchorStart, event.anchorEnd));
    this.last = event.anchorEnd;
    if (anchor === undefined || anchor === 'open')
      return this.refuse(this.original(event.anchorStart), 'this alias has no anchor before it');
    this.count(anchor.size, event.anchorStart);
    return anchor.value;
  }

  private scalar(event: ScalarEvent): Scalar {
    const isAbsent = event.valueStart < 0;
    const raw = isAbsent ? '' : getScalarValue(this.text, event);
    const offset = this.original(isAbsent ? this.last : event.valueStart);
    this.last = Math.max(this.last, event.valueEnd, event.tagEnd, event.anchorEnd);
    this.count(1, this.last);
    const tag = this.tag(event, /^!!(str|int|float|bool|null|timestamp|merge)$/);
    if (tag === '!' || tag === '!!str' || tag === '!!merge') return { kind: 'text', text: raw, offset };
    const value: Scalar = event.style === PLAIN || tag ? this.plain(raw, offset) : { kind: 'text', text: raw, offset };
    if (tag === '!!float' && value.kind === 'int') return { kind: 'float', value: Number(value.text), offset };
    const kind = tag === '!!timestamp' ? 'time' : tag?.slice(2);
    if (kind !== undefined && kind !== value.kind)
      this.refuse(offset, 'the value is not of the type that its tag says');
    return value;
  }

  private plain(raw: string, offset: number): Scalar {
    const resolved = resolvePlain(raw);
    switch (resolved.kind) {
      case 'null':
        return { kind: 'null', offset };
      case 'bool':
        return { kind: 'bool', value: resolved.value, offset };
      case 'float':
        return { kind: 'float', value: resolved.value, offset };
      case 'int':
        if (BigInt(resolved.text) >= 2n ** 63n) this.refuse(offset, 'sops takes no integer above 2^63 - 1', 'quote it');
        return { kind: 'int', text: resolved.text, offset };
      case 'timestamp': {
        const time = timeOf(raw);
        return time === undefined ? { kind: 'text', text: raw, offset } : { kind: 'time', text: time, offset };
      }
      default:
        return { kind: 'text', text: raw, offset };
    }
  }

  private list(event: EventOf<2>): List {
    const list: List = { kind: 'list', items: [], offset: this.original(event.start) };
    this.open(event, /^!!seq$/);
    while (!this.closed()) {
      const before = this.above();
      const item = this.value();
      list.items.push(...before, ...this.besides(item), item);
    }
    list.items.push(...this.trailing(event));
    this.next++;
    return list;
  }

  private mapping(event: EventOf<3>): Mapping {
    const map: Mapping = { kind: 'map', entries: [], offset: this.original(event.start) };
    this.open(event, /^!!map$/);
    const keys = new Set<string>();
    while (!this.closed()) {
      const before = this.above();
      const key = this.value();
      if (key.kind !== 'text') return this.refuse(key.offset, 'a key must be a text', 'quote it');
      if (keys.has(key.text)) this.refuse(key.offset, 'this key is there twice');
      keys.add(key.text);
      const value = this.value();
      const entry: Entry = { kind: 'entry', key: key.text, value, offset: key.offset };
      map.entries.push(...before, ...this.besides(value), entry);
    }
    map.entries.push(...this.trailing(event));
    this.next++;
    return map;
  }

  private open(event: EventOf<2 | 3>, tag: RegExp): void {
    this.count(1, event.start);
    this.tag(event, tag);
    this.last = Math.max(this.last, event.start);
  }

  private closed(): boolean {
    return this.events[this.next]?.type === POP;
  }

  /** Comments before the next key or item. */
  private above(): Comment[] {
    const start = this.starts[this.next] ?? 0;
    return this.taken((remark) => remark.offset < start, false);
  }

  /** A comment on the line where a scalar ended, if nothing else follows there. */
  private besides(value: Value): Comment[] {
    if (value.kind === 'list' || value.kind === 'map') return [];
    const start = this.starts[this.next] ?? 0;
    return this.taken((remark) => remark.isAfterText && remark.line <= this.last && remark.offset < start, true);
  }

  /** Comments below the last entry of a block: those that are indented as far as it is. */
  private trailing(event: EventOf<2 | 3>): Comment[] {
    if (event.style === FLOW) return [];
    const column = event.start - (this.text.lastIndexOf('\n', event.start - 1) + 1);
    const start = this.starts[this.next] ?? 0;
    return this.taken((remark) => remark.offset < start && remark.offset - remark.line >= column, false);
  }

  /** Takes comments in their order while they fit. */
  private taken(fits: (remark: Remark) => boolean, inline: boolean): Comment[] {
    const found: Comment[] = [];
    for (let remark = this.remarks[this.placed]; remark && fits(remark); remark = this.remarks[this.placed]) {
      found.push(this.comment(remark, inline));
      this.placed++;
    }
    return found;
  }

  private comment({ text, offset }: Remark, inline: boolean): Comment {
    this.count(1, offset);
    return { kind: 'comment', text, inline, offset: this.original(offset) };
  }

  private tag(event: EventOf<2 | 3 | 4>, allowed: RegExp): string | undefined {
    if (event.tagStart < 0) return undefined;
    const written = this.text.slice(event.tagStart, event.tagEnd);
    const tag = written.replace(/^!<(.*)>$/, '$1').replace(/^tag:yaml\.org,2002:/, '!!');
    if (tag !== '!' && !allowed.test(tag)) this.refuse(this.original(event.tagStart), 'this tag is not supported here');
    return tag;
  }

  private count(nodes: number, offset: number): void {
    this.nodes += nodes;
    if (this.nodes > YAML_LIMITS.nodes)
      this.refuse(this.original(offset), `with all aliases expanded, the file has over ${YAML_LIMITS.nodes} nodes`);
  }

  private original(offset: number): number {
    return this.places.original(Math.max(0, offset));
  }

  private refuse(offset: number, message: string, hint?: string): never {
    throw InputError.at(this.places.at(offset), message, hint);
  }
}

function startsOf(events: readonly Event[], end: number): Float64Array {
  const starts = new Float64Array(events.length + 1).fill(end + 1);
  for (let index = events.length - 1; index >= 0; index--) {
    starts[index] = startOf(events[index]) ?? starts[index + 1] ?? end;
  }
  return starts;
}

function startOf(event: Event | undefined): number | undefined {
  switch (event?.type) {
    case SEQUENCE:
    case MAPPING:
      return event.start;
    case ALIAS:
      return event.anchorStart;
    case SCALAR:
      return event.valueStart < 0 ? undefined : event.valueStart;
    default:
      return undefined;
  }
}
