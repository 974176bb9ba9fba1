import { InputError, type Position } from '../../../lib/errors.ts';
import { APP_FILE_LIMITS } from '../../../lib/limits.ts';
import { own } from '../../../lib/maps/own.ts';
import { type Lookup, substitute, TemplateError, type Value } from './template.ts';

const ESCAPES: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
};

/** A hint for a name that must have a value; undefined for a name that needs none. */
type Required = (name: string) => string | undefined;

/**
 * Reads a `.env` or an `env_file` by Compose's grammar: comments, `export`, quotes, escapes, `:` as `=`, interpolation everywhere except in
 * single quotes. A bare `KEY` takes the value from `lookup`, if it has one. Interpolation asks `lookup`, then this file, then the `known`
 * values of earlier files. Throws InputError with file and line; messages never show a value.
 */
export function parseDotenv(
  text: string,
  file: string,
  lookup: Lookup,
  known: ReadonlyMap<string, Value> = new Map(),
  required: Required = () => undefined,
): Map<string, Value> {
  const source = text.replace(/^\uFEFF/, '');
  const values = new Map<string, Value>();
  const find: Lookup = (name) => lookup(name) ?? values.get(name) ?? known.get(name);
  const line = (offset: number) => source.slice(0, offset).split('\n').length;
  const refuse = (offset: number, message: string, hint?: string): never => {
    throw InputError.at({ file, line: line(offset), column: 1 }, message, hint);
  };
  let size = 0;
  const expand = (key: string, value: string, offset: number): Value => {
    try {
      const expanded = substitute(value, find);
      size += expanded.text.length;
      if (size > APP_FILE_LIMITS.valueCharacters) refuse(offset, 'the values of this file together are too long');
      return expanded;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      // The text after the dollar may be part of a password, so the message does not show it.
      const what =
        error.missing === undefined ? `cannot be read: ${error.message}` : 'names a variable without a value';
      return refuse(offset, `the value of ${key} ${what}`, 'write $$ for a dollar sign, or use single quotes');
    }
  };

  let offset = 0;
  while (true) {
    offset = skip(source, offset, /(?:\s|#[^\n]*)*/y);
    if (offset >= source.length) return values;
    offset = skip(source, offset, /(?:export[^\S\n]+)?/y);
    const head = /([\p{L}\p{N}_.\-[\]]*)[^\S\n]*(=|:|\n|$)/uy;
    head.lastIndex = offset;
    const match = head.exec(source);
    if (!match?.[1])
      return refuse(offset, 'a line must be KEY=VALUE; a key is made of letters, digits, `_`, `.` and `-`');
    const key = match[1];
    const at = offset;
    offset = head.lastIndex;
    if (match[2] !== '=' && match[2] !== ':') {
      // Docker Compose would read such a last line as a value without a name.
      if (match[2] === '')
        refuse(at, `the last line, ${key}, has no value and no line break`, 'end the line with a line break');
      const inherited = lookup(key);
      const hint = inherited === undefined && find(key) === undefined ? required(key) : undefined;
      if (hint !== undefined) throw missingValue({ file, line: line(at), column: 1 }, key, hint);
      if (inherited !== undefined) values.set(key, inherited);
      continue;
    }
    offset = skip(source, offset, /[^\S\n]*/y);
    const quote = source[offset];
    if (quote === '"' || quote === "'") {
      const end = closingQuote(source, offset);
      if (end < 0) refuse(at, `the quoted value of ${key} is never closed`);
      const inner = unquote(source.slice(offset + 1, end), quote);
      values.set(key, quote === '"' ? expand(key, unescaped(inner), at) : { text: inner });
      offset = end + 1;
      // Compose would read the text after a closing quote as a line of its own.
      const rest = /[^\S\n]*(?:#[^\n]*)?(?:\n|$)/y;
      rest.lastIndex = offset;
      if (!rest.test(source)) refuse(at, `something follows the quoted value of ${key}`);
    } else {
      const end = source.indexOf('\n', offset);
      const raw = source.slice(offset, end < 0 ? source.length : end);
      values.set(key, expand(key, (raw.split(' #')[0] ?? '').trimEnd(), at));
      offset = end < 0 ? source.length : end + 1;
    }
  }
}

/** Reads a file with `format: raw`, as `docker run --env-file` does: no quotes, no escapes, no interpolation. */
export function parseRawEnv(
  text: string,
  file: string,
  lookup: Lookup,
  known: ReadonlyMap<string, Value> = new Map(),
  required: Required = () => undefined,
): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const [key = '', ...rest] = line.split('=');
    if (key === '' || /\s/.test(key)) {
      throw InputError.at({ file, line: index + 1, column: 1 }, 'a key must not be empty or hold spaces');
    }
    const value = rest.length > 0 ? { text: rest.join('=') } : lookup(key);
    const isMissing = value === undefined && !values.has(key) && !known.has(key);
    const hint = isMissing ? required(key) : undefined;
    if (hint !== undefined) throw missingValue({ file, line: index + 1, column: 1 }, key, hint);
    if (value !== undefined) values.set(key, value);
  }
  return values;
}

const missingValue = (at: Position, missing: string, hint: string): InputError =>
  new InputError([{ at, message: `the variable ${missing} has no value`, hint, missing }]);

function skip(source: string, offset: number, what: RegExp): number {
  what.lastIndex = offset;
  what.exec(source);
  return Math.max(offset, what.lastIndex);
}

function closingQuote(source: string, start: number): number {
  for (let i = start + 1; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === source[start]) return i;
  }
  return -1;
}

/** Removes the backslash of an escaped quote. Every other backslash stays for `unescaped`. */
function unquote(text: string, quote: string): string {
  return text.replaceAll(/\\([\s\S])/g, (all, char) => (char === quote ? char : all));
}

function unescaped(text: string): string {
  return text.replaceAll(
    /\\(?:([abcfnrtv$"\\])|0(\d{0,3}))/g,
    (all, char: string | undefined, octal: string | undefined) => {
      // `\$` becomes `$$`, which interpolation turns into a dollar.
      if (char === '$') return '$$';
      if (char !== undefined) return own(ESCAPES, char) ?? all;
      const code = Number.parseInt(octal ?? '', 8);
      // Compose reads three octal digits. Before any other digits it drops the zero.
      return /^[0-7]{3}$/.test(octal ?? '') && code < 256 ? String.fromCharCode(code) : `\\${octal}`;
    },
  );
}
