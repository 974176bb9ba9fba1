import { InputError, type Position } from '../lib/errors.ts';
import type { ScalarNode } from './node.ts';

/**
 * The type and value of a scalar by the rules of Go's YAML (yaml.v3 `resolve`), which Docker Compose uses: a mix of YAML 1.1 and 1.2.
 * `0440` is octal, `1_000` is a thousand, `0b11` is three; `yes` and `12:30` are strings; a bare date is a timestamp.
 */
export type Resolved =
  | { kind: 'null' | 'merge' }
  | { kind: 'string' | 'timestamp'; value: string }
  | { kind: 'bool'; value: boolean }
  | { kind: 'int' | 'float'; value: number; text: string };

const WORDS = new Map<string, Resolved>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, { kind: 'null' }] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, { kind: 'bool', value: true }] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, { kind: 'bool', value: false }] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, { kind: 'float', value: Number.NaN, text: 'NaN' }] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(
    (word) => [word, { kind: 'float', value: Number.POSITIVE_INFINITY, text: '+Inf' }] as const,
  ),
  ...['-.inf', '-.Inf', '-.INF'].map(
    (word) => [word, { kind: 'float', value: Number.NEGATIVE_INFINITY, text: '-Inf' }] as const,
  ),
  ['<<', { kind: 'merge' }],
]);

const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]+)|([1-9][0-9]*|0))$/;
const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|[ \t]+)\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?[ \t]*(?:Z|[-+]\d{2}:\d{2})?)?$/;

/** Resolves a scalar. `tag` is in short form, as `!!str`. Throws InputError at `at` for a date, and for a value that does not fit its tag. */
export function resolveScalar(raw: string, isPlain: boolean, tag: string | undefined, at: Position): Resolved {
  const type = tag?.startsWith('!!') ? tag.slice(2) : undefined;
  if (tag === '!' || type === 'str') return { kind: 'string', value: raw };
  const resolved: Resolved = isPlain || type !== undefined ? resolvePlain(raw) : { kind: 'string', value: raw };
  if (resolved.kind === 'timestamp') {
    const hint = 'quote it to make it a string';
    throw InputError.at(at, `YAML reads ${raw} as a date, and no key here takes a date`, hint);
  }
  if (type === 'float' && resolved.kind === 'int') return { ...resolved, kind: 'float' };
  if (type === 'merge' && raw === '<<') return { kind: 'merge' };
  if (type !== undefined && type !== resolved.kind)
    throw InputError.at(at, `the value is not a ${type}, as its tag says`);
  return resolved;
}

/** The value of a resolved scalar, and its text as Go prints it. */
export function readingOf(resolved: Resolved, raw: string): Pick<ScalarNode, 'value' | 'text'> {
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

/** Resolves a plain scalar's text. */
export function resolvePlain(raw: string): Resolved {
  const word = WORDS.get(raw);
  if (word) return word;
  if (!/^[-+.0-9]/.test(raw)) return { kind: 'string', value: raw };
  if (TIMESTAMP.test(raw)) return { kind: 'timestamp', value: raw };
  // Go allows underscores only after a digit or a sign, not after a leading dot.
  const plain = raw.startsWith('.') ? raw : raw.replaceAll('_', '');
  return integer(plain) ?? float(plain) ?? { kind: 'string', value: raw };
}

function integer(plain: string): Resolved | undefined {
  const match = INTEGER.exec(plain);
  if (!match) return undefined;
  const [, sign, hex, binary, octal, oldOctal, decimal] = match;
  const magnitude = hex
    ? BigInt(`0x${hex}`)
    : binary
      ? BigInt(`0b${binary}`)
      : (octal ?? oldOctal)
        ? BigInt(`0o${octal ?? oldOctal}`)
        : BigInt(decimal ?? '0');
  const value = sign === '-' ? -magnitude : magnitude;
  // Beyond 64 bits, Go reads decimals as floats and all other integers as strings.
  if (value >= 2n ** 64n || value < -(2n ** 63n)) return undefined;
  return { kind: 'int', value: Number(value), text: value.toString() };
}

function float(plain: string): Resolved | undefined {
  if (!FLOAT.test(plain)) return undefined;
  const value = Number(plain);
  // Go's ParseFloat refuses numbers that overflow, so such a scalar is a string.
  if (!Number.isFinite(value)) return undefined;
  return { kind: 'float', value, text: printFloat(value) };
}

/** A float as Go's `%v` prints it: the fewest digits, and a two-digit exponent below 1e-4 and from 1e6 on. */
export function printFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [digits, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < 6)) return String(value);
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}
