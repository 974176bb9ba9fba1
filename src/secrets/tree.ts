/**
 * The content of a SOPS file in its order. sops binds each value to its path and computes the MAC over all values in order, so a tree keeps
 * the order, the comments and the types of the file. Offsets count characters of the file's text.
 */
export type Value = Scalar | List | Mapping;

export type Scalar = { offset: number } & (
  | { kind: 'text'; text: string /** The bytes, where they are no UTF-8. */; bytes?: Uint8Array }
  /** An integer of 64 bits in decimal digits. */
  | { kind: 'int'; text: string }
  | { kind: 'float'; value: number }
  | { kind: 'bool'; value: boolean }
  /** A time as RFC 3339 has it. */
  | { kind: 'time'; text: string }
  | { kind: 'null' }
);

export interface Comment {
  kind: 'comment';
  /** The text after the `#`. */
  text: string;
  /** The comment is on the line of the value that follows it here. */
  inline: boolean;
  offset: number;
}

export interface List {
  kind: 'list';
  items: (Value | Comment)[];
  offset: number;
}

export interface Mapping {
  kind: 'map';
  entries: (Entry | Comment)[];
  offset: number;
}

export interface Entry {
  kind: 'entry';
  key: string;
  value: Value;
  offset: number;
}

/** The entries of a mapping without its comments. */
export const entriesOf = (map: Mapping): Entry[] => map.entries.filter((entry) => entry.kind === 'entry');

/** The value under a key; undefined where the mapping has no such key. */
export const valueAt = (map: Mapping, key: string): Value | undefined =>
  entriesOf(map).find((entry) => entry.key === key)?.value;
