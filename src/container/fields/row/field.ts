import type { FieldChange } from '../../../model/plan.ts';
import type { Quirk } from '../../../model/quirk.ts';
import type { ContainerSpec, FieldName } from '../../../model/spec.ts';
import type { EngineCapabilities, ImageConfig } from '../../../model/state.ts';
import type { ContainerInspect, CreateContainerBody } from '../../engine-api.ts';
import type { Json } from '../../json.ts';
import type { Kind } from './kinds.ts';
import { blotted, entriesChanges, entriesText, type ShowEntry, words } from './shown-change.ts';

/** One row of the field table: how a key of ContainerSpec is sent, read, compared and shown. */
export interface Field {
  readonly name: FieldName;
  /** The name for people: Compose's key, where there is one. */
  readonly label: string;
  /** Another name that people use: Compose's key, where the label is shorter. */
  readonly alias: string | undefined;
  /** `docker update` can change it, but not take it away: to an engine an absent limit means an unchanged one. */
  readonly inPlace: boolean;
  /** Its list has no order: the same items in another order are no change. */
  readonly unordered: boolean;
  /** Empty, zero or false asks for something that an absent key does not. */
  readonly evenIfEmpty: boolean;
  /** These engines fill it in, or answer with a default, when it was not asked for: labels/asked.ts tells what was. */
  readonly filledBy: 'everyEngine' | 'someEngines' | undefined;
  /** It may have values that nobody may see: those of its keys. A decrypted value for any other field is refused in the Compose file. */
  readonly holdsSecrets: boolean;
  /** The part that a site may own: all of it, or single keys of it as well (`environment.LOG_LEVEL`). */
  readonly ownable: 'whole' | 'keys';
  /** The engine merges the image's value into it: as a whole where none was asked for, or key by key. */
  readonly fromImage: 'whole' | 'keys' | undefined;
  write(spec: ContainerSpec, body: CreateContainerBody, around: Surroundings): void;
  read(inspect: ContainerInspect): Partial<ContainerSpec>;
  /** The value that a container made from the desired spec would have, as it is compared; undefined is the engine's default. */
  wanted(comparison: Comparison): Json | undefined;
  /** The value that the observed container has, in the same form. */
  found(comparison: Comparison): Json | undefined;
  /** This value is no difference where nothing was asked for. */
  engineDefault(found: Json): boolean;
  /** The difference in words. Secrets are not in it. */
  text(found: Json | undefined, wanted: Json | undefined): string;
  /** The difference as data, with the values of both sides; secrets are not in it. `hidden` names the entries whose values nobody may see. */
  changes(found: Json | undefined, wanted: Json | undefined, hidden: readonly string[]): FieldChange[];
}

/** The things around a container that its creation needs. */
export interface Surroundings {
  /** IDs of the containers whose namespaces it joins, by `service:NAME` or `container:NAME`. */
  joins: Record<string, string>;
  /** Names of anonymous volumes taken over, by target. */
  inherit: Record<string, string>;
}

/** Two specs side by side. */
export interface Comparison {
  desired: ContainerSpec;
  observed: ContainerSpec;
  /** undefined when the image is gone: then values that it could have brought are no difference. */
  image: ImageConfig | undefined;
  can: EngineCapabilities;
}

export const hasQuirk = ({ can }: Comparison, quirk: Quirk): boolean => can.quirks.includes(quirk);

type Value<K extends FieldName> = NonNullable<ContainerSpec[K]>;

/** A row as it is written down. Only the label is needed; the kind of the value and the place in the API's JSON give the rest. */
interface RowOptions<T>
  extends Partial<Pick<Field, 'alias' | 'evenIfEmpty' | 'filledBy' | 'fromImage' | 'engineDefault'>> {
  label: string;
  holdsSecrets?: true;
  inPlace?: true;
  ownable?: 'keys';
  /** The image's value, where the spec asks for nothing. */
  image?: (image: ImageConfig) => T | undefined;
  read?: (inspect: ContainerInspect) => T | undefined;
  write?: Field['write'];
  wanted?: Field['wanted'];
  found?: Field['found'];
  /** The value is a map, told apart by its keys. Shows one entry; undefined: a log only says that it differs. */
  entries?: ShowEntry;
}

export interface Row<T> extends RowOptions<T> {
  at: 'Config' | 'HostConfig';
  kind: Kind<T>;
}

/** A row for each field. */
export type AllRows = { readonly [K in FieldName]: Row<Value<K>> };
export type Rows = Partial<AllRows>;

/** The value is in the API's Config under the row's name. */
export const config = <T>(kind: Kind<T>, options: RowOptions<T>): Row<T> => ({ at: 'Config', kind, ...options });

/** The value is in the API's HostConfig under the row's name. */
export const hostConfig = <T>(kind: Kind<T>, options: RowOptions<T>): Row<T> => ({
  at: 'HostConfig',
  kind,
  ...options,
});

/** A row with everything that it leaves to its kind. */
export function fieldOf<K extends FieldName>(name: K, row: Row<Value<K>>): Field {
  const { at, kind, label, image, entries } = row;
  const canonical = (value: Value<K> | undefined): Json | undefined =>
    value === undefined ? undefined : kind.canonical(value);
  const valueIn = (spec: ContainerSpec): Value<K> | undefined => spec[name] as Value<K> | undefined;

  return {
    name,
    label,
    alias: row.alias,
    inPlace: row.inPlace ?? false,
    unordered: kind.unordered ?? false,
    evenIfEmpty: row.evenIfEmpty ?? false,
    filledBy: row.filledBy,
    holdsSecrets: row.holdsSecrets ?? false,
    ownable: row.ownable ?? 'whole',
    fromImage: row.fromImage ?? (image && 'whole'),
    engineDefault: row.engineDefault ?? (() => false),
    write:
      row.write ??
      ((spec, body) => {
        const value = valueIn(spec);
        if (value !== undefined) put(at === 'Config' ? body : body.HostConfig, name, value);
      }),
    read: (inspect) => {
      const value = row.read ? row.read(inspect) : kind.read((inspect[at] as Record<string, unknown>)[name]);
      return value === undefined ? {} : { [name]: value };
    },
    wanted:
      row.wanted ??
      (({ desired, image: config }) => canonical(valueIn(desired) ?? (image && config ? image(config) : undefined))),
    found: row.found ?? (({ observed }) => canonical(valueIn(observed))),
    text: (found, wanted) => {
      if (entries) return entriesText(label, entries, found, wanted);
      return kind.hidden ? `${label} differs` : `${label}: ${shown(kind, found)}, wanted ${shown(kind, wanted)}`;
    },
    changes: (found, wanted, hidden) => {
      if (entries) return entriesChanges(label, entries, found, wanted, row.holdsSecrets ? hidden : []);
      const [from, to] = kind.hidden ? [words(found), words(wanted)] : [shown(kind, found), shown(kind, wanted)];
      return [blotted(label, '', from, to)];
    },
  };
}

const put = (target: object, name: string, value: unknown): void => {
  (target as Record<string, unknown>)[name] = value;
};

const shown = (kind: { show(value: Json): string }, value: Json | undefined): string =>
  value === undefined ? ((kind as { none?: string }).none ?? 'none') : kind.show(value);
