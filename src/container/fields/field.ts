import { own } from '../../lib/own.ts';
import type { ContainerSpec } from '../../model/spec.ts';
import type { EngineCapabilities, ImageConfig } from '../../model/state.ts';
import type { ContainerInspect, CreateContainerBody } from '../engine-api.ts';
import type { Json } from '../json.ts';
import type { Kind } from './kinds.ts';

/** What the field table has a row for. Image, Networks and Files have modules of their own; Platform is only sent. */
export type FieldName = Exclude<keyof ContainerSpec, 'Image' | 'Platform' | 'Networks' | 'Files'>;

/** One row of the field table: how a key of ContainerSpec is sent, read, compared and shown. */
export interface Field {
  readonly name: FieldName;
  /** What people call it: Compose's key, where there is one. */
  readonly label: string;
  /** `docker update` can change it. Not to nothing: an engine takes an absent limit for an unchanged one. */
  readonly inPlace: boolean;
  /** An engine fills it in from its own configuration when it is not asked for; see asked.ts. */
  readonly engineFills: boolean;
  /** The image's value is merged into it by the engine: as a whole where none was asked, or key by key. */
  readonly fromImage: 'whole' | 'keys' | undefined;
  write(spec: ContainerSpec, body: CreateContainerBody, around: Surroundings): void;
  read(inspect: ContainerInspect): Partial<ContainerSpec>;
  /** What a container made from the desired spec would have, in the form that is compared; undefined is the engine's default. */
  wanted(comparison: Comparison): Json | undefined;
  /** What the observed container has, in the same form. */
  found(comparison: Comparison): Json | undefined;
  /** What may be found where nothing was asked, without being a difference. */
  engineDefault(found: Json): boolean;
  /** The difference in words. Secrets are not in it. */
  text(found: Json | undefined, wanted: Json | undefined): string;
}

/** What is known of a container's surroundings when it is created. */
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
  /** undefined when the image is gone: then what it would bring is not held against the container. */
  image: ImageConfig | undefined;
  can: EngineCapabilities;
}

/** The engine does not report this part of a row: `PortBindings.HostPort`. */
export const unreported = (comparison: Comparison, part: string): boolean => comparison.can.unreported.includes(part);

type Value<K extends FieldName> = NonNullable<ContainerSpec[K]>;

export interface FieldOptions<K extends FieldName> {
  label: string;
  inPlace?: true;
  engineFills?: true;
  engineDefault?: (found: Json) => boolean;
  /** What the image brings where the spec asks nothing. */
  image?: (image: ImageConfig) => Value<K> | undefined;
  fromImage?: 'whole' | 'keys';
  write?: Field['write'];
  read?: (inspect: ContainerInspect) => Value<K> | undefined;
  wanted?: Field['wanted'];
  found?: Field['found'];
  text?: Field['text'];
}

/** A row whose value stands in the API's Config under its own name. */
export const config = <K extends FieldName>(name: K, kind: Kind<Value<K>>, options: FieldOptions<K>): Field =>
  row('Config', name, kind, options);

/** A row whose value stands in the API's HostConfig under its own name. */
export const hostConfig = <K extends FieldName>(name: K, kind: Kind<Value<K>>, options: FieldOptions<K>): Field =>
  row('HostConfig', name, kind, options);

function row<K extends FieldName>(
  at: 'Config' | 'HostConfig',
  name: K,
  kind: Kind<Value<K>>,
  options: FieldOptions<K>,
): Field {
  const { label, image } = options;
  const canonical = (value: Value<K> | undefined): Json | undefined =>
    value === undefined ? undefined : kind.canonical(value);
  const valueIn = (spec: ContainerSpec): Value<K> | undefined => spec[name] as Value<K> | undefined;

  return {
    name,
    label,
    inPlace: options.inPlace ?? false,
    engineFills: options.engineFills ?? false,
    fromImage: options.fromImage ?? (image && 'whole'),
    engineDefault: options.engineDefault ?? (() => false),
    write:
      options.write ??
      ((spec, body) => {
        const value = valueIn(spec);
        if (value !== undefined) put(at === 'Config' ? body : body.HostConfig, name, value);
      }),
    read: (inspect) => {
      const value = options.read ? options.read(inspect) : kind.read((inspect[at] as Record<string, unknown>)[name]);
      return value === undefined ? {} : { [name]: value };
    },
    wanted:
      options.wanted ??
      (({ desired, image: config }) => canonical(valueIn(desired) ?? (image && config ? image(config) : undefined))),
    found: options.found ?? (({ observed }) => canonical(valueIn(observed))),
    text:
      options.text ??
      ((found, wanted) =>
        kind.hidden ? `${label} differs` : `${label}: ${shown(kind, found)}, wanted ${shown(kind, wanted)}`),
  };
}

const put = (target: object, name: string, value: unknown): void => {
  (target as Record<string, unknown>)[name] = value;
};

const shown = (kind: { show(value: Json): string }, value: Json | undefined): string =>
  value === undefined ? ((kind as { none?: string }).none ?? 'none') : kind.show(value);

/** Differences between two maps in words, `A differs, B is missing, C is not wanted`; with `show` the values are told too. */
export function mapText(label: string, show?: (value: Json, key: string) => string | undefined): Field['text'] {
  return (found, wanted) => {
    const left = (found ?? {}) as Record<string, Json | undefined>;
    const right = (wanted ?? {}) as Record<string, Json | undefined>;
    const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
    const words = keys.flatMap((key) => {
      const [is, should] = [own(left, key), own(right, key)];
      if (JSON.stringify(is) === JSON.stringify(should)) return [];
      const before = is === undefined ? undefined : show?.(is, key);
      const after = should === undefined ? undefined : show?.(should, key);
      if (is === undefined) return [after === undefined ? `${key} is missing` : `${key} is missing, wanted ${after}`];
      if (should === undefined)
        return [before === undefined ? `${key} is not wanted` : `${key} is ${before}, not wanted`];
      return [before === undefined || after === undefined ? `${key} differs` : `${key} is ${before}, wanted ${after}`];
    });
    return `${label}: ${words.join('; ')}`;
  };
}
