/**
 * What a plain scalar means, by the rules of Go's YAML (yaml.v3 `resolve`), which is what Docker Compose reads with: a hybrid of YAML 1.1
 * and 1.2. `0440` is octal, `1_000` a thousand, `0b11` three; `yes` and `12:30` stay strings; a bare date is a timestamp.
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

/** Resolves a plain scalar's text. */
export function resolvePlain(raw: string): Resolved {
  const word = WORDS.get(raw);
  if (word) return word;
  if (!/^[-+.0-9]/.test(raw)) return { kind: 'string', value: raw };
  if (TIMESTAMP.test(raw)) return { kind: 'timestamp', value: raw };
  // A leading dot is tried as it is; only what begins with a digit or a sign may hold underscores.
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
  // Beyond 64 bits Go reads decimals as floats and leaves the rest strings.
  if (value >= 2n ** 64n || value < -(2n ** 63n)) return undefined;
  return { kind: 'int', value: Number(value), text: value.toString() };
}

function float(plain: string): Resolved | undefined {
  if (!FLOAT.test(plain)) return undefined;
  const value = Number(plain);
  // Go's ParseFloat refuses what overflows; such a scalar is a string.
  if (!Number.isFinite(value)) return undefined;
  return { kind: 'float', value, text: printFloat(value) };
}

/** A float as Go's `%v` prints it: shortest digits, and an exponent (of two digits) below 1e-4 and from 1e6 on. */
export function printFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [digits, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < 6)) return String(value);
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}
