import type { Declared } from '../keys/project.ts';
import type { ServiceKeys } from '../keys/service-keys.ts';
import type { Lookup } from '../load/values/template.ts';

/** A value for `JSON.stringify`. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** The context of a printer. */
export interface PrintContext {
  app: string;
  service: Declared<ServiceKeys>;
  /** Makes a path absolute. A relative path starts at the project's directory. */
  path: (written: string) => string;
  /** The absolute path of the project's directory. */
  projectDirectory: string;
  lookup: Lookup;
  /** The service's variables, including those of its files. null means no value. */
  environment: Record<string, string | null>;
  /** The service's labels, including those of its files. */
  labels: Record<string, string>;
}

/** Converts a value to the form that Docker Compose prints; undefined when Compose omits the key. */
export type Printer<T, C = undefined> = (value: T, context: C) => Json | undefined;

/** The keys with a decoder, without the keys that are always refused. */
type Readable<T> = { [K in keyof T]-?: [Exclude<T[K], undefined>] extends [never] ? never : K }[keyof T];

/** A printer for every key with a decoder. A key without a printer does not compile. */
export type Printers<T, C = undefined> = { [K in Readable<T>]: Printer<Exclude<T[K], undefined>, C> };

/** Prints the present keys in the order of the table. */
export function printKeys<T extends object, C>(
  value: T,
  printers: Printers<T, C>,
  context: C,
): { [key: string]: Json } {
  const printed: { [key: string]: Json } = {};
  for (const [key, print] of Object.entries(printers) as [keyof T & string, Printer<unknown, C>][]) {
    const one = value[key] === undefined ? undefined : print(value[key], context);
    if (one !== undefined) printed[key] = one;
  }
  return printed;
}

/** A printer for a nested mapping. */
export function mapping<T extends object>(printers: Printers<T>): Printer<T, unknown> {
  return (value) => printKeys(value, printers, undefined);
}

/** Prints a value even when it is empty, because some empty values differ from absent ones. */
export const always = <T extends Json>(value: T): Json => value;

/** Omits a value that is empty, zero or false, as Go's `omitempty` does. */
export function unlessEmpty(value: Json): Json | undefined {
  if (value === null || value === '' || value === 0 || value === false) return undefined;
  return typeof value === 'object' && Object.keys(value).length === 0 ? undefined : value;
}

/** Prints a size as a string of bytes. */
export const size = (bytes: number): Json | undefined => (bytes === 0 ? undefined : String(bytes));

/** Prints CPUs in Compose's single precision, with the fewest digits that identify the number. */
export function cpus(value: number): Json | undefined {
  const single = Math.fround(value);
  if (single === 0) return undefined;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return Number(single.toPrecision(9));
}

const UNITS: [unit: string, nanoseconds: number][] = [
  ['ms', 1e6],
  ['µs', 1e3],
  ['ns', 1],
];

/** Prints nanoseconds as Go prints a duration: `1h0m0s`, `1m30.5s`, `1.5ms`. */
export function duration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  const [unit, scale] = UNITS.find(([, least]) => nanoseconds >= least) ?? ['ns', 1];
  if (nanoseconds < 1e9) return `${decimal(nanoseconds, scale)}${unit}`;
  const hours = Math.floor(nanoseconds / 3600e9);
  const minutes = Math.floor((nanoseconds % 3600e9) / 60e9);
  const seconds = `${decimal(nanoseconds % 60e9, 1e9)}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** The exact quotient by a power of ten. */
function decimal(nanoseconds: number, scale: number): string {
  const rest = String(nanoseconds % scale)
    .padStart(String(scale).length - 1, '0')
    .replace(/0+$/, '');
  const whole = String(Math.floor(nanoseconds / scale));
  return scale === 1 || rest === '' ? whole : `${whole}.${rest}`;
}
