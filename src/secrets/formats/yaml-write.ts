import { printFloat } from '../../yaml/scalar.ts';
import type { Comment, List, Mapping, Scalar, Value } from '../tree.ts';
import { isMultiline, quoted, styleOf } from './yaml-style.ts';

/**
 * Writes YAML as sops does, byte for byte, with two exceptions. sops moves a comment below the last item of a list to another place. And its
 * output loses some rare texts, such as a tab before several lines; those are written in quotes here.
 */
export function writeYaml(documents: readonly Mapping[]): Buffer {
  const texts = documents.map((map) => [...(hasEntries(map) ? [] : ['{}']), ...mapLines(map, 0)]);
  return Buffer.from(texts.map((lines) => lines.map((line) => `${line}\n`).join('')).join('---\n'));
}

const STEP = 4;
/** A longer key gets a line of its own, after `?`. Bytes. */
const LONGEST_KEY = 128;
const pad = (column: number): string => ' '.repeat(column);
/** The column of a block within one at `column`. */
const within = (column: number): number => STEP * Math.floor((column + STEP) / STEP);
const hasEntries = (map: Mapping): boolean => map.entries.some(({ kind }) => kind === 'entry');
const hasItems = (list: List): boolean => list.items.some(({ kind }) => kind !== 'comment');

function mapLines(map: Mapping, column: number): string[] {
  return withComments(map.entries, column, ({ key, value }) => {
    const columns = { column, inner: within(column) };
    const isSimple = Buffer.byteLength(key) <= LONGEST_KEY && !isMultiline(key);
    if (isSimple) return valueLines(`${pad(column)}${keyText(key)}:`, value, columns);
    const long = textLines(`${pad(column)}?`, key, columns);
    const colon = `${pad(column)}:`;
    if (value.kind === 'map' && hasEntries(value)) return [...long, ...besides(colon, mapLines(value, columns.inner))];
    if (value.kind === 'list' && hasItems(value)) return [...long, ...besides(colon, listLines(value, columns.inner))];
    return [...long, ...valueLines(colon, value, columns)];
  });
}

function listLines(list: List, column: number): string[] {
  return withComments(list.items, column, (item) => {
    const dash = `${pad(column)}-`;
    const inner = column + 2;
    if (item.kind === 'map' && hasEntries(item)) return besides(dash, mapLines(item, inner));
    if (item.kind === 'list' && hasItems(item)) return besides(dash, listLines(item, inner));
    return valueLines(dash, item, { column, inner });
  });
}

/** The first line of a block begins on the line of its sign (`-` or `:`), and comments before it are above that. */
function besides(sign: string, lines: readonly string[]): string[] {
  const first = lines.findIndex((line) => !line.trimStart().startsWith('#'));
  const head = lines.slice(0, first).map((line) => `${pad(sign.length - 1)}${line.trimStart()}`);
  return [...head, `${sign}${lines[first]?.slice(sign.length)}`, ...lines.slice(first + 1)];
}

/** The column of a block, and that of the blocks and texts in it. */
interface Columns {
  column: number;
  inner: number;
}

function valueLines(head: string, value: Value, columns: Columns): string[] {
  switch (value.kind) {
    case 'map': {
      const lines = mapLines(value, columns.inner);
      return hasEntries(value) ? [head, ...lines] : [...lines, `${head} {}`];
    }
    case 'list': {
      const lines = listLines(value, columns.inner);
      return hasItems(value) ? [head, ...lines] : [...lines, `${head} []`];
    }
    case 'text':
      return textLines(head, value.text, columns);
    default:
      return [`${head} ${scalarText(value)}`];
  }
}

function textLines(head: string, text: string, { column, inner }: Columns): string[] {
  const style = styleOf(text);
  const needsHint = /^[ \n]/.test(text);
  // Go's YAML always writes 4 as the hint, which is wrong in lists.
  if (style !== 'literal' || (needsHint && inner - column !== STEP)) return [`${head} ${inQuotes(text)}`];
  const keep = /^\n$|\n\n$/.test(text) ? '+' : text.endsWith('\n') ? '' : '-';
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  const lines = body.split('\n').map((line) => (line === '' ? '' : `${pad(inner)}${line}`));
  return [`${head} |${needsHint ? STEP : ''}${keep}`, ...lines];
}

function keyText(key: string): string {
  // A merge key and a text that looks like one are the same to sops.
  return key === '<<' ? '!!merge <<' : inQuotes(key);
}

function inQuotes(text: string): string {
  switch (styleOf(text)) {
    case 'plain':
      return text;
    case 'single':
      return `'${text.replaceAll("'", "''")}'`;
    default:
      return quoted(text);
  }
}

function scalarText(value: Exclude<Scalar, { kind: 'text' }>): string {
  switch (value.kind) {
    case 'null':
      return 'null';
    case 'bool':
      return String(value.value);
    case 'int':
    case 'time':
      return value.text;
    case 'float':
      return Number.isFinite(value.value)
        ? printFloat(value.value)
        : `${value.value < 0 ? '-' : ''}${Number.isNaN(value.value) ? '.nan' : '.inf'}`;
  }
}

/** The lines of all parts, each with the comments before it: above it, or beside it for one that was there. */
function withComments<Part extends { kind: string }>(
  parts: readonly (Part | Comment)[],
  column: number,
  linesOf: (part: Exclude<Part, Comment>) => string[],
): string[] {
  const all: string[] = [];
  let beside = '';
  for (const part of parts) {
    if (isComment(part)) {
      if (part.inline) beside += ` #${part.text}`;
      else all.push(...part.text.split('\n').map((line) => `${pad(column)}#${line}`));
      continue;
    }
    const [first = '', ...rest] = linesOf(part as Exclude<Part, Comment>);
    all.push(first + beside, ...rest);
    beside = '';
  }
  return beside === '' ? all : [...all, `${pad(column)}${beside.trimStart()}`];
}

const isComment = (part: { kind: string }): part is Comment => part.kind === 'comment';
