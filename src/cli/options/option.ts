import { InputError, type Position } from '../../lib/errors.ts';
import type { Kind } from './kinds.ts';

/** A value before it is read: the text of a flag, a variable or a config file; several texts; on or off. */
export type Given = string | boolean | readonly string[];

/** Names the flag, the variable or the key that a value came from, for errors about it. */
export interface Origin {
  name: string;
  at?: Position;
}

/** An option of a command or a setting of the agent. Its flag, help, type, JSON Schema and docs are made from this. */
export interface Option<T> {
  help: string;
  /** `duration` in `--interval <duration>`, `text|json` in `--output <text|json>`; a switch has none. */
  placeholder?: string;
  /** The letter of a short flag. */
  short?: string;
  /** The default, as text. */
  fallback?: string;
  isRequired?: boolean;
  /** A secret has no flag, since a process list shows those. */
  isSecret?: boolean;
  /** True for a path of the site's own: no file of Git is ever written there. */
  isOwnPath?: boolean | undefined;
  /** The environment variable that is read if there is no flag. */
  variable?: string;
  /** Help of the flag that says no, for an option that may be on, off or left open. */
  helpOfNo?: string;
  /** The value in a config file, as JSON Schema. */
  schema: Readonly<Record<string, unknown>>;
  /** For an option that may be given again: the values in one text. */
  split?(given: string, name: string): string[];
  /** Throws InputError that names the origin of a value that does not fit. */
  read(given: Given | undefined, origin: Origin): T;
}

export type Options = Readonly<Record<string, Option<unknown>>>;

type ValueOf<O> = O extends Option<infer T> ? T : never;
type Certain<O extends Options> = { [K in keyof O]: undefined extends ValueOf<O[K]> ? never : K }[keyof O];

/** The values of options by key. A key without a value is absent. */
export type OptionsOf<O extends Options> = { [K in Certain<O>]: ValueOf<O[K]> } & {
  [K in Exclude<keyof O, Certain<O>>]?: Exclude<ValueOf<O[K]>, undefined>;
};

type Extras = Pick<Option<unknown>, 'short' | 'isSecret'>;

export const optional = <T>(kind: Kind<T>, help: string, extras: Extras = {}): Option<T | undefined> => ({
  ...described(kind, help, extras),
  read: (given, origin) => (given === undefined ? undefined : parsed(kind, given, origin)),
});

export const required = <T>(kind: Kind<T>, help: string): Option<T> => ({
  ...described(kind, help),
  isRequired: true,
  read: (given, origin) => parsed(kind, given ?? '', origin),
});

export const withDefault = <T>(kind: Kind<T>, fallback: string, help: string, extras: Extras = {}): Option<T> => ({
  ...described(kind, help, extras),
  fallback,
  read: (given, origin) => parsed(kind, given ?? fallback, origin),
});

/** May be given again; each time it is one value. */
export const repeated = <T>(kind: Kind<T>, help: string): Option<T[]> => ({
  ...described(kind, `${help}; may be given again`),
  schema: { type: 'array', items: kind.schema },
  split: (given) => [given],
  read: (given = [], origin) => listed(given).map((each) => parsed(kind, each, origin)),
});

/** Several values: a list in a config file; in a flag, which may be given again, or a variable: words, or a JSON array. */
export const words = <T>(kind: Kind<T>, help: string, schema: object = {}): Option<T[]> => ({
  ...described(kind, help),
  schema: { type: ['string', 'array'], items: kind.schema, minItems: 1, ...schema },
  split: splitWords,
  read: (given = [], origin) =>
    (typeof given === 'string' ? splitWords(given, origin.name) : listed(given)).map((each) =>
      parsed(kind, each, origin),
    ),
});

/** The flag has no value; a variable and a config file say true or false. */
export const onOff = (help: string, extras: Extras = {}): Option<boolean> => ({
  ...extras,
  help,
  schema: { type: 'boolean' },
  read: (given = false, origin) => {
    if (typeof given === 'boolean') return given;
    const known = { true: true, 1: true, false: false, 0: false }[String(given)];
    if (known === undefined) throw wrong(origin, 'true or false', given);
    return known;
  },
});

/** `--NAME`, `--no-NAME` or neither. */
export const yesNo = (help: string, helpOfNo: string): Option<boolean | undefined> => ({
  help,
  helpOfNo,
  schema: { type: 'boolean' },
  read: (given) => (given === undefined ? undefined : given === true),
});

/** Reads the values that `find` gives for the keys. Throws InputError. */
export function readOptions<O extends Options>(
  options: O,
  find: (key: string, option: Option<unknown>) => { given: Given; origin: Origin } | undefined,
): OptionsOf<O> {
  const values = Object.entries(options).flatMap(([key, option]) => {
    const found = find(key, option);
    const value = option.read(found?.given, found?.origin ?? { name: flagOf(key) });
    return value === undefined ? [] : [[key, value] as const];
  });
  // `read` of each option gives the type that its key has.
  return Object.fromEntries(values) as OptionsOf<O>;
}

/** `max-fetch-bytes` of `maxFetchBytes`. */
export const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const flagOf = (key: string): string => `--${kebab(key)}`;

const described = <T>({ placeholder, schema, isOwnPath }: Kind<T>, help: string, extras: Extras = {}) => ({
  ...extras,
  help,
  placeholder,
  schema,
  isOwnPath,
});

function parsed<T>(kind: Kind<T>, given: Given, origin: Origin): T {
  const value = kind.parse(String(given));
  if (value === undefined) throw wrong(origin, kind.mustBe, given, kind.hint);
  return value;
}

const wrong = ({ name, at }: Origin, mustBe: string, given: Given, hint?: string): InputError =>
  InputError.at(at, `${name} must be ${mustBe}, not ${JSON.stringify(given)}`, hint);

const listed = (given: Given): readonly string[] => (Array.isArray(given) ? given : [String(given)]);

/** `a b c` or `["a", "b c"]`. Throws InputError. */
function splitWords(given: string, name: string): string[] {
  if (!given.trimStart().startsWith('[')) return given.split(/\s+/).filter((word) => word !== '');
  const list = parseJson(given);
  if (Array.isArray(list) && list.every((word) => typeof word === 'string')) return list;
  throw InputError.of(`${name} must be words, or a JSON array of them`, 'as ["program", "an argument"]');
}

function parseJson(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}
