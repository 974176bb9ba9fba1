import type { Declared } from '../keys/project.ts';
import type { ServiceKeys } from '../keys/service-keys.ts';
import type { Lookup } from '../load/values/template.ts';

/** What `JSON.stringify` takes. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What a printer may need besides the value. */
export interface PrintContext {
  app: string;
  service: Declared<ServiceKeys>;
  /** An absolute path for one that may be relative to the project's directory. */
  path: (written: string) => string;
  /** The project's directory, absolute. */
  projectDirectory: string;
  lookup: Lookup;
  /** The service's variables, those of its files among them; null is one without a value. */
  environment: Record<string, string | null>;
  /** The service's labels, those of its files among them. */
  labels: Record<string, string>;
}

/** Writes a value as Docker Compose prints it; undefined where Compose leaves the key out. */
export type Printer<T, C = undefined> = (value: T, context: C) => Json | undefined;

/** The keys that can be read at all: not those whose every use is refused. */
type Readable<T> = { [K in keyof T]-?: [Exclude<T[K], undefined>] extends [never] ? never : K }[keyof T];

/** A printer for every key that can be read: one that is decoded and not printed does not compile. */
export type Printers<T, C = undefined> = { [K in Readable<T>]: Printer<Exclude<T[K], undefined>, C> };

/** Prints what is there, key by key, in the order of the table. */
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

/** `printKeys` as a printer of a mapping within another. */
export function mapping<T extends object>(printers: Printers<T>): Printer<T, unknown> {
  return (value) => printKeys(value, printers, undefined);
}

/** Also where it says nothing: some absent and some empty values mean different things. */
export const always = <T extends Json>(value: T): Json => value;

/** Left out where it is empty, zero or false: Go's `omitempty`. */
export function unlessEmpty(value: Json): Json | undefined {
  if (value === null || value === '' || value === 0 || value === false) return undefined;
  return typeof value === 'object' && Object.keys(value).length === 0 ? undefined : value;
}

/** Sizes are strings of bytes. */
export const size = (bytes: number): Json | undefined => (bytes === 0 ? undefined : String(bytes));

/** CPUs have the single precision in which Compose keeps them: their shortest digits that tell them apart. */
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

/** Nanoseconds as Go prints a duration: `1h0m0s`, `1m30.5s`, `1.5ms`. */
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

/** A quotient by a power of ten, exactly. */
function decimal(nanoseconds: number, scale: number): string {
  const rest = String(nanoseconds % scale)
    .padStart(String(scale).length - 1, '0')
    .replace(/0+$/, '');
  const whole = String(Math.floor(nanoseconds / scale));
  return scale === 1 || rest === '' ? whole : `${whole}.${rest}`;
}
