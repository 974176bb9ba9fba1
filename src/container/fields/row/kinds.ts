import type { Json } from '../../json.ts';

/** A kind of value: reads it from the engine's JSON, gives it the form that is compared, and shows it. */
export interface Kind<T> {
  /** undefined if the engine says nothing. */
  read(raw: unknown): T | undefined;
  /** One form for all spellings of the same thing; undefined for the engine's default. */
  canonical(value: T): Json | undefined;
  show(value: Json): string;
  /** The name of the engine's default. */
  none?: string;
  /** It may hold a secret: messages only say that it differs. */
  hidden?: true;
  /** A list without an order. */
  unordered?: true;
}

const words = (value: Json): string => (Array.isArray(value) ? value.map(String).join(', ') : String(value));

const readText = (raw: unknown): string | undefined => (typeof raw === 'string' && raw !== '' ? raw : undefined);
const readNumber = (raw: unknown): number | undefined => (typeof raw === 'number' ? raw : undefined);
const readList = (raw: unknown): string[] | undefined =>
  Array.isArray(raw) && raw.length > 0 ? raw.map(String) : undefined;
const readMap = (raw: unknown): Record<string, string> | undefined => {
  if (!raw || typeof raw !== 'object' || Object.keys(raw).length === 0) return undefined;
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, String(value)]));
};

export const text: Kind<string> = { read: readText, canonical: (value) => value || undefined, show: words };

/** A word from a fixed set of the API. */
export const word = <T extends string>(): Kind<T> => text as unknown as Kind<T>;

/** An absolute path; a slash at its end, or two in a row, mean nothing. */
export const path: Kind<string> = { ...text, canonical: (value) => samePath(value) };

export const samePath = (value: string): string => value.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');

export const flag: Kind<boolean> = {
  read: (raw) => (raw === true ? true : undefined),
  canonical: (value) => (value ? true : undefined),
  show: words,
  none: 'false',
};

/** True, false, or left to the engine: three different things. */
export const choice: Kind<boolean> = {
  read: (raw) => (typeof raw === 'boolean' ? raw : undefined),
  canonical: (value) => value,
  show: words,
};

/** 0 is the engine's default. */
export const count: Kind<number> = { read: readNumber, canonical: (value) => value || undefined, show: words };

/** 0 and -1 are no limit. */
export const limit: Kind<number> = {
  read: readNumber,
  canonical: (value) => (value > 0 ? value : undefined),
  show: words,
  none: 'unlimited',
};

/** Any number, 0 too; -1 is the engine's default. */
export const level: Kind<number> = {
  read: readNumber,
  canonical: (value) => (value === -1 ? undefined : value),
  show: words,
};

export const bytes: Kind<number> = { ...count, show: (value) => showBytes(Number(value)), none: 'unlimited' };

/** `64m`, as Compose writes it. */
export function showBytes(value: number): string {
  if (value === -1) return 'unlimited';
  for (const [unit, size] of [
    ['g', 2 ** 30],
    ['m', 2 ** 20],
    ['k', 2 ** 10],
  ] as const) {
    if (value >= size && ((value / size) * 4) % 1 === 0) return `${value / size}${unit}`;
  }
  return `${value}b`;
}

export const billionths: Kind<number> = { ...count, show: (value) => String(Number(value) / 1e9), none: 'unlimited' };

/** The order matters. */
export const list: Kind<string[]> = {
  read: readList,
  canonical: (value) => (value.length > 0 ? value : undefined),
  show: words,
};

/** Neither order nor repetition matters. */
export const set: Kind<string[]> = setOf((item) => item);

/** A set whose items are spelled in several ways. */
export function setOf(spelling: (item: string) => string): Kind<string[]> {
  return {
    read: readList,
    canonical: (value) => (value.length > 0 ? [...new Set(value.map(spelling))].sort() : undefined),
    show: words,
    unordered: true,
  };
}

export const map: Kind<Record<string, string>> = {
  read: readMap,
  canonical: (value) => (Object.keys(value).length > 0 ? { ...value } : undefined),
  show: (value) =>
    Object.entries(value as Record<string, string>)
      .map(([key, item]) => `${key}=${item}`)
      .join(', '),
};
