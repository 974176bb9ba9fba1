import type { Position } from '../../lib/errors.ts';
import { own } from '../../lib/maps/own.ts';
import { parseBytes } from '../../lib/units/bytes.ts';
import { parseDuration } from '../../lib/units/duration.ts';
import { describe, type ScalarNode, type YamlNode } from '../../yaml/node.ts';
import type { Report } from '../report.ts';

/** Reads a node as a T; gives undefined for another node, and the report then says why. */
export interface Decoder<T> {
  (node: YamlNode, report: Report): T | undefined;
  /** The keys of the mapping that it reads, or of the mappings in the list that it reads; absent for anything else. */
  readonly shape?: Shape | undefined;
  /** The reason why the key has no effect, here as with Docker Compose; absent for a key that has one. */
  readonly note?: string;
}

/** A key that is known and not supported: why, or what to do. */
export interface Refusal {
  refused: string;
}

export type Shape = Record<string, Decoder<unknown> | Refusal>;

/** A decoder that reads mappings with these keys, among other forms. */
export const withShape = <T>(
  shape: Shape | undefined,
  read: (node: YamlNode, report: Report) => T | undefined,
): Decoder<T> => Object.assign(read, { shape });

export const text: Decoder<string> = (node, report) => {
  if (node.kind === 'scalar' && typeof node.value === 'string') return node.value;
  const hint = node.kind === 'scalar' && node.value !== null ? 'quote it' : undefined;
  return report.error(node, `a string is expected here, not ${describe(node)}`, hint);
};

/** A string, or a number as Go prints it. */
export const textOrNumber: Decoder<string> = (node, report) =>
  node.kind === 'scalar' && typeof node.value === 'number' ? node.text : text(node, report);

/** A string, number or boolean as Go prints it; null where there is nothing. */
export const scalarText: Decoder<{ value: string | null }> = (node, report) => {
  if (node.kind === 'scalar') return { value: node.value === null ? null : node.text };
  return report.error(node, `a single value is expected here, not ${describe(node)}`);
};

const WORDS: Record<string, boolean> = {
  true: true,
  y: true,
  yes: true,
  on: true,
  false: false,
  n: false,
  no: false,
  off: false,
};

export const flag: Decoder<boolean> = (node, report) => {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
  const word = node.kind === 'scalar' && typeof node.value === 'string' ? node.value.toLowerCase() : '';
  return own(WORDS, word) ?? report.error(node, `true or false is expected here, not ${quoted(node)}`);
};

/** A whole number, or a string that holds one in decimal. */
export function integer(least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): Decoder<number> {
  return (node, report) => {
    const value = numeric(node, /^[-+]?\d+$/);
    if (value === undefined || !Number.isInteger(value)) {
      return report.error(node, `a whole number is expected here, not ${quoted(node)}`);
    }
    if (value < least || value > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `from ${least} to ${most}`;
      return report.error(node, `a number ${range} is expected here, not ${quoted(node)}`);
    }
    return value;
  };
}

export const decimal: Decoder<number> = (node, report) => {
  const value = numeric(node, /^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/);
  return value !== undefined && Number.isFinite(value) && value >= 0
    ? value
    : report.error(node, `a number is expected here, not ${quoted(node)}`);
};

function numeric(node: YamlNode, pattern: RegExp): number | undefined {
  if (node.kind !== 'scalar') return undefined;
  if (typeof node.value === 'number') return node.value;
  return typeof node.value === 'string' && pattern.test(node.value) ? Number(node.value) : undefined;
}

/** Bytes: a whole number, or a string with a unit. */
export const bytes: Decoder<number> = (node, report) => {
  // Docker Compose ignores a size that is written as a fraction, `1e3` among them.
  const isNumber =
    node.kind === 'scalar' && typeof node.value === 'number' && /^-?\d+$/.test(node.text) && isWhole(node);
  const value =
    node.kind === 'scalar' && (isNumber || typeof node.value === 'string') ? parseBytes(node.text) : undefined;
  return value ?? report.error(node, `${quoted(node)} is not a size`, 'write it as 64m or 1.5g');
};

/** True if a number is written as a whole one: `0x10` and `1_000` are, `1.0` and `1e3` are not. */
const isWhole = ({ raw }: ScalarNode): boolean => /^[-+]?0[xob]/i.test(raw) || !/[.e]/i.test(raw);

/** A whole number that is no string, where Compose takes none. */
export function bareInteger(least: number, most: number): Decoder<number> {
  const read = integer(least, most);
  return (node, report) =>
    node.kind === 'scalar' && typeof node.value === 'string'
      ? report.error(node, `a number is expected here, not ${quoted(node)}`, 'write it without quotes')
      : read(node, report);
}

/** Nanoseconds. */
export const duration: Decoder<number> = (node, report) => {
  const value = node.kind === 'scalar' && typeof node.value === 'string' ? parseDuration(node.value) : undefined;
  return value ?? report.error(node, `${quoted(node)} is not a duration`, 'write it as 90s or 1m30s');
};

export function word<T extends string>(...words: T[]): Decoder<T> {
  return (node, report) => {
    const value = node.kind === 'scalar' ? node.value : undefined;
    const found = words.find((each) => each === value);
    return found ?? report.error(node, `${quoted(node)} is not possible here`, `one of ${words.join(', ')} is`);
  };
}

export function list<T>(item: Decoder<T>): Decoder<T[]> {
  return withShape(item.shape, (node, report) => {
    if (node.kind !== 'sequence') return report.error(node, `a list is expected here, not ${describe(node)}`);
    const items = node.items.map((each) => item(each, report));
    return items.filter((each) => each !== undefined);
  });
}

/** A list, or one item that stands for a list of itself. */
export function listOrOne<T>(item: Decoder<T>): Decoder<T[]> {
  return (node, report) => {
    if (node.kind === 'sequence') return list(item)(node, report);
    const only = item(node, report);
    return only === undefined ? undefined : [only];
  };
}

/** A list without repeated items. Compose demands this of lists that it does not make unique itself. */
export function withoutRepeats<T>(decoder: Decoder<T>): Decoder<T> {
  return withShape(decoder.shape, (node, report) => {
    const seen = new Set<string>();
    for (const item of node.kind === 'sequence' ? node.items : []) {
      if (item.kind !== 'scalar') continue;
      if (seen.has(item.text)) report.error(item, `${quoted(item)} is in the list twice`, 'take one of them out');
      seen.add(item.text);
    }
    return decoder(node, report);
  });
}

/** `f` of what was read, where something was. */
export function map<T, U>(
  decoder: Decoder<T>,
  f: (value: T, node: YamlNode, report: Report) => U | undefined,
): Decoder<U> {
  return withShape(decoder.shape, (node, report) => {
    const value = decoder(node, report);
    return value === undefined ? undefined : f(value, node, report);
  });
}

/** One `NAME: value` or `NAME=value`. A list's item without `=`, and an empty value of a mapping, is null. */
export interface Pair {
  name: string;
  value: string | null;
  at: Position;
  /** Where a problem with it is reported. */
  node: ScalarNode;
}

/** Compose's list_or_dict: a mapping or a list of `NAME=value`; of a name given twice the last counts. */
export const pairs: Decoder<Pair[]> = (node, report) => {
  const found = new Map<string, Pair>();
  const add = (name: string, value: string | null, at: Position, scalar: ScalarNode) => {
    if (name === '') report.error(at, 'a name is missing before the =');
    else found.set(name, { name, value, at, node: scalar });
  };
  if (node.kind === 'mapping') {
    for (const { key, keyAt, value } of node.entries) {
      if (value.kind !== 'scalar')
        report.error(value.at, `a single value is expected for ${key}, not ${describe(value)}`);
      else add(key, value.value === null ? null : value.text, keyAt, value);
    }
  } else if (node.kind === 'sequence') {
    for (const item of node.items) {
      if (item.kind === 'mapping') {
        const hint = 'write `- NAME=value`, or leave out the dashes';
        report.error(item, 'NAME=value is expected here, not a mapping', hint);
        continue;
      }
      const pair = text(item, report);
      if (pair === undefined || item.kind !== 'scalar') continue;
      const split = pair.indexOf('=');
      if (split < 0) add(pair, null, item.at, item);
      else add(pair.slice(0, split), pair.slice(split + 1), item.at, item);
    }
  } else {
    return report.error(node, `a mapping or a list of NAME=value is expected here, not ${describe(node)}`);
  }
  return [...found.values()];
};

/** Pairs as a record; nothing is "". */
export const stringRecord: Decoder<Record<string, string>> = map(pairs, (found) =>
  Object.fromEntries(found.map(({ name, value }) => [name, value ?? ''])),
);

/** A mapping only, and of strings and numbers only: what Compose's schema says of options that a driver is given. */
export const optionRecord: Decoder<Record<string, string>> = (node, report) => {
  if (node.kind !== 'mapping') return report.error(node, `a mapping is expected here, not ${describe(node)}`);
  const found = node.entries.map(({ key, value }) => [key, textOrNumber(value, report) ?? ''] as const);
  return Object.fromEntries(found);
};

/** Shows a value in a message as it was written, before interpolation. */
export function quoted(node: YamlNode): string {
  return node.kind === 'scalar' && node.value !== null && node.raw !== '' ? JSON.stringify(node.raw) : describe(node);
}
