import type { ContainerSpec } from '../model/spec.ts';
import type { DesiredApp } from '../model/state.ts';
import type { RuleName } from './rules.ts';

/** One thing that an app asks of its site, and that a rule governs. */
export interface Ask {
  rule: RuleName;
  /** In the form that the entries of the rule are compared with. "" for a rule that only says yes or no. */
  value: string;
  /** The value in words, with the key that asks for it: `volumes: /etc at /host`. */
  words: string;
}

/** The part of an app that asks. */
export interface Asking {
  /** Absent: it is a network or volume of the app, or the sum of its services. */
  service?: string | undefined;
  /** The field of its container, where one asks. */
  field?: keyof ContainerSpec | undefined;
  /** The network or volume that asks, by its key in the Compose file. */
  resource?: { kind: 'networks' | 'volumes'; key: string } | undefined;
}

export interface PlacedAsk extends Ask, Asking {}

/** The parts of a site that a policy has to know. Paths are absolute. */
export interface SitePlaces {
  /** Each app has its own folder here, by its name. */
  filesDir: string;
  /** Each app has its decrypted files here, in a folder of its name. */
  secretsDir: string;
  /** Apps that have an age key of their own; undefined: not known here. */
  keyed?: ReadonlySet<string> | undefined;
  /** The agent's own: its state, its settings, and this policy. */
  own: readonly string[];
  /** The sockets of engines. `*` matches any text in one part of a path. */
  sockets: readonly string[];
}

/** Everything that a class may look at beside its value. */
export interface Around {
  app: DesiredApp;
  places: SitePlaces;
}

/**
 * The policy class of a key: harmless, counted against the ceilings of an app, or a function that says which rules govern a value. `structure`: its parts
 * have classes of their own.
 */
export type PolicyClass<Value, Context = Around> =
  | 'harmless'
  | 'ceiling'
  | 'structure'
  | ((value: Value, around: Context) => Ask[]);

/** A class for each key of a noun: a key without one does not compile. */
export type ClassesOf<Noun, Context = Around> = {
  readonly [K in keyof Noun]-?: PolicyClass<NonNullable<Noun[K]>, Context>;
};

/** The asks of all keys of a noun, in the order of the table. */
export function asksOf<Noun extends object, Context>(
  classes: ClassesOf<Noun, Context>,
  noun: Noun,
  context: Context,
): Ask[] {
  return (Object.keys(classes) as (keyof Noun)[]).flatMap((key) => asksOfKey(classes, key, noun, context));
}

/** The asks of one key. */
export function asksOfKey<Noun extends object, Context>(
  classes: ClassesOf<Noun, Context>,
  key: keyof Noun,
  noun: Noun,
  context: Context,
): Ask[] {
  const found = classes[key] as PolicyClass<unknown, Context>;
  const value: unknown = noun[key];
  return typeof found === 'function' && value !== undefined && value !== null ? found(value, context) : [];
}
