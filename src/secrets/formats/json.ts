import { InputError, type Position } from '../../lib/errors.ts';
import { SOPS_LIMITS } from '../../lib/limits.ts';
import { lineIndex } from '../../yaml/lines.ts';
import { type Entry, entriesOf, type Mapping, type Scalar, type Value } from '../tree.ts';
import { floatInJson } from './go-values.ts';

/** Reads a JSON file as sops does: in order, and integers of 64 bits exactly. Throws InputError; its message shows nothing of the text. */
export function readJson(text: string, file: string): Mapping[] {
  const lines = lineIndex(text);
  const at = (offset: number): Position => ({ file, ...lines(offset) });
  const [offset = 0] = [/\S/.exec(text)?.index];
  if (text[offset] !== '{') throw InputError.at(at(offset), 'a JSON file of sops holds one object');
  try {
    JSON.parse(text);
  } catch {
    // The parser's own words quote the text.
    throw InputError.at(at(0), 'this is not valid JSON');
  }
  return [new Reader(text, at).object(offset, 0)];
}

/** Walks through a text that is known to be valid. */
class Reader {
  private readonly text: string;
  private readonly at: (offset: number) => Position;
  private next = 0;
  private values = 0;

  constructor(text: string, at: (offset: number) => Position) {
    this.text = text;
    this.at = at;
  }

  object(offset: number, depth: number): Mapping {
    this.next = offset + 1;
    const map: Mapping = { kind: 'map', entries: [], offset };
    const keys = new Set<string>();
    while (this.token() !== '}') {
      const at = this.next;
      const key = this.string();
      if (keys.has(key)) throw InputError.at(this.at(at), 'this key is there twice');
      keys.add(key);
      // The colon.
      this.token();
      this.next++;
      const entry: Entry = { kind: 'entry', key, value: this.value(depth + 1), offset: at };
      map.entries.push(entry);
      if (this.token() === ',') this.next++;
    }
    this.next++;
    return map;
  }

  private value(depth: number): Value {
    const first = this.token();
    const offset = this.next;
    if (++this.values > SOPS_LIMITS.values)
      throw InputError.at(this.at(offset), `the file holds over ${SOPS_LIMITS.values} values`);
    if (depth > SOPS_LIMITS.depth)
      throw InputError.at(this.at(offset), `the file is nested more than ${SOPS_LIMITS.depth} levels deep`);
    if (first === '{') return this.object(offset, depth);
    if (first === '[') {
      this.next++;
      const items: Value[] = [];
      while (this.token() !== ']') {
        items.push(this.value(depth + 1));
        if (this.token() === ',') this.next++;
      }
      this.next++;
      return { kind: 'list', items, offset };
    }
    if (first === '"') return { kind: 'text', text: this.string(), offset };
    const word = this.match(/[-+.\w]+/y);
    if (word === 'null') return { kind: 'null', offset };
    if (word === 'true' || word === 'false') return { kind: 'bool', value: word === 'true', offset };
    return this.number(word, offset);
  }

  private number(word: string, offset: number): Scalar {
    if (/^-?\d{1,19}$/.test(word)) {
      const value = BigInt(word);
      if (BigInt.asIntN(64, value) === value) return { kind: 'int', text: String(value), offset };
    }
    if (!Number.isFinite(Number(word))) throw InputError.at(this.at(offset), 'this number is too large');
    return { kind: 'float', value: Number(word), offset };
  }

  private string(): string {
    const text: unknown = JSON.parse(this.match(/"[^"\\]*(?:\\.[^"\\]*)*"/y));
    return String(text).toWellFormed();
  }

  /** The first character of the next token, to which this moves. */
  private token(): string {
    this.match(/\s*/y);
    return this.text[this.next] ?? '';
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.next;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.next += found.length;
    return found;
  }
}

/** Writes JSON as sops does: indented by tabs. */
export function writeJson([map]: readonly Mapping[]): Buffer {
  return Buffer.from(`${map ? object(map, '') : '{}'}\n`);
}

function object(map: Mapping, indent: string): string {
  const inner = `${indent}\t`;
  return enclosed(
    '{}',
    indent,
    entriesOf(map).map(({ key, value }) => `${string(key)}: ${printed(value, inner)}`),
  );
}

function printed(value: Value, indent: string): string {
  switch (value.kind) {
    case 'map':
      return object(value, indent);
    case 'list': {
      const items = value.items.flatMap((item) => (item.kind === 'comment' ? [] : [printed(item, `${indent}\t`)]));
      return enclosed('[]', indent, items);
    }
    case 'null':
      return 'null';
    case 'bool':
      return String(value.value);
    case 'int':
      return value.text;
    case 'float':
      return floatInJson(value.value);
    case 'text':
    case 'time':
      return string(value.text);
  }
}

const enclosed = (brackets: string, indent: string, parts: readonly string[]): string =>
  parts.length === 0
    ? brackets
    : `${brackets[0]}\n${parts.map((part) => `${indent}\t${part}`).join(',\n')}\n${indent}${brackets[1]}`;

/** Go escapes what means something in HTML, too. */
const string = (text: string): string =>
  JSON.stringify(text.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
