import { InputError, type Position } from '../../lib/errors.ts';
import { SOPS_LIMITS } from '../../lib/limits.ts';
import { entriesOf, type Mapping } from '../tree.ts';
import { plainText } from './go-values.ts';

const DEFAULT = 'DEFAULT';

/**
 * Reads an INI file as sops does: sections of keys; those before the first section are in DEFAULT. A comment belongs to the key or the section
 * below it. Throws InputError, also for two rare habits of the format: lines that go on after a backslash, and keys named `-`.
 */
export function readIni(text: string, file: string): Mapping[] {
  const root: Mapping = { kind: 'map', entries: [], offset: 0 };
  const lines = text.split('\n');
  let section = open(root, DEFAULT, 0);
  let keys = new Set<string>();
  let comment: string[] = [];
  let offset = 0;
  let count = 0;
  for (let index = 0; index < lines.length; ) {
    const at = { file, line: index + 1, column: 1 };
    const line = (lines[index] ?? '').trim();
    if (line !== '' && ++count > SOPS_LIMITS.values)
      throw InputError.at(at, `the file holds over ${SOPS_LIMITS.values} values`);
    let end = index + 1;
    if (line.startsWith('#') || line.startsWith(';')) comment.push(line);
    else if (line.startsWith('[')) {
      const close = line.lastIndexOf(']');
      if (close < 0) throw InputError.at(at, 'this section has no closing bracket');
      section = open(root, line.slice(1, close), offset);
      keys = new Set();
      note(section, [...comment, ...remarkIn(line.slice(close + 1))], offset);
      comment = [];
    } else if (line !== '') {
      const { key, rest } = keyOf(line, at);
      if (keys.has(key)) throw InputError.at(at, 'this key is there twice in its section');
      keys.add(key);
      const found = valueFrom(rest, lines, index, at);
      section.entries.push({ kind: 'entry', key, value: { kind: 'text', text: found.value, offset }, offset });
      note(section, [...comment, ...found.comment], offset);
      comment = [];
      end = found.end;
    }
    for (; index < end; index++) offset += (lines[index] ?? '').length + 1;
  }
  return [root];
}

function open(root: Mapping, name: string, offset: number): Mapping {
  const value: Mapping = { kind: 'map', entries: [], offset };
  root.entries.push({ kind: 'entry', key: name, value, offset });
  return value;
}

interface Found {
  value: string;
  comment: string[];
  /** The index of the line after the value. */
  end: number;
}

/** The value that begins with `rest` on the line at `index`. In quotes that are not closed there, it goes on below. */
function valueFrom(rest: string, lines: readonly string[], index: number, at: Position): Found {
  const quote = /^(?:"""(?!$)|`)/.exec(rest)?.[0];
  if (quote === undefined) {
    if (rest.endsWith('\\')) throw InputError.at(at, 'a line that goes on after a backslash is not supported');
    const comment = remarkIn(rest);
    const written = comment[0] === undefined ? rest : rest.slice(0, -comment[0].length).trim();
    return { value: unquoted(written), comment, end: index + 1 };
  }
  const inside = rest.slice(quote.length);
  if (inside.includes(quote)) return { value: inside.slice(0, inside.lastIndexOf(quote)), comment: [], end: index + 1 };
  let last = index + 1;
  while (lines[last]?.includes(quote) === false) last++;
  const ending = lines[last];
  if (ending === undefined) throw InputError.at(at, 'this quote is never closed');
  const parts = [inside, ...lines.slice(index + 1, last), ending.slice(0, ending.lastIndexOf(quote))];
  return { value: parts.join('\n'), comment: [], end: last + 1 };
}

/** One comment of all lines; the sign and the spaces before the first one are no part of it. */
function note(section: Mapping, lines: readonly string[], offset: number): void {
  const text = lines.join('\n').replace(/^(?:;[; ]*|#[# ]*)/, '');
  if (text !== '') section.entries.push({ kind: 'comment', text, inline: false, offset });
}

function remarkIn(rest: string): string[] {
  const from = rest.search(/[#;]/);
  return from < 0 ? [] : [rest.slice(from)];
}

function keyOf(line: string, at: Position): { key: string; rest: string } {
  const quote = /^(?:"""|"|`)/.exec(line)?.[0];
  const closed = quote === undefined ? 0 : line.indexOf(quote, quote.length);
  const delimiter = closed < 0 ? -1 : line.slice(closed).search(/[=:]/);
  if (delimiter < 0 || closed + delimiter === 0)
    throw InputError.at(at, 'this line is neither a section, a key with a value nor a comment');
  const key = (quote === undefined ? line.slice(0, delimiter) : line.slice(quote.length, closed)).trim();
  if (key === '-') throw InputError.at(at, 'a key named - is not supported');
  return { key, rest: line.slice(closed + delimiter + 1).trim() };
}

function unquoted(text: string): string {
  const first = text[0];
  const isQuoted = text.length >= 2 && (first === '"' || first === "'") && text.indexOf(first, 1) === text.length - 1;
  return isQuoted ? text.slice(1, -1) : text;
}

/** Writes an INI file as sops does: values in one column. Throws InputError for a value outside of a section. */
export function writeIni([root]: readonly Mapping[]): Buffer {
  const sections = root ? entriesOf(root) : [];
  const texts = sections.map(({ key: name, value: section }, index) => {
    if (section.kind !== 'map') throw InputError.of('an INI file holds its values in sections');
    const [first] = section.entries;
    const head = first?.kind === 'comment' ? commentLines(first.text) : [];
    const isBare = index === 0 && name.toUpperCase() === DEFAULT;
    const keys = entriesOf(section);
    if (isBare && keys.length === 0) return head.join('');
    const width = Math.max(0, ...keys.map(({ key }) => Buffer.byteLength(keyText(key))));
    const lines = section.entries.flatMap((entry, at) => {
      if (entry.kind === 'comment') return [];
      const { key, value } = entry;
      if (value.kind === 'list' || value.kind === 'map') throw InputError.of('an INI file holds texts alone');
      const next = section.entries[at + 1];
      const written = keyText(key);
      const spaces = ' '.repeat(width - Buffer.byteLength(written));
      return [
        ...(next?.kind === 'comment' ? commentLines(next.text) : []),
        `${written}${spaces} = ${valueText(plainText(value))}\n`,
      ];
    });
    const isLast = index === sections.length - 1;
    return [...head, ...(isBare ? [] : [`[${name}]\n`]), ...lines, ...(isLast ? [] : ['\n'])].join('');
  });
  return Buffer.from(texts.join(''));
}

const commentLines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (/^[#;]/.test(line) ? `${line[0]} ${line.slice(1).trim()}\n` : `; ${line}\n`));

function keyText(key: string): string {
  if (/["=:]/.test(key)) return `\`${key}\``;
  return key.includes('`') ? `"""${key}"""` : key;
}

function valueText(value: string): string {
  if (/[\n`]/.test(value)) return `"""${value}"""`;
  if (/[#;]/.test(value)) return `\`${value}\``;
  return value.trim() === value ? value : `"${value}"`;
}
