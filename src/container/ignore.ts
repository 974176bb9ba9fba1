import { own } from '../lib/maps/own.ts';
import type { ContainerSpec } from '../model/spec.ts';
import type { ImageConfig } from '../model/state.ts';
import type { Field } from './fields/row/field.ts';
import { FIELDS } from './fields/table.ts';
import { type Json, sameJson } from './json.ts';

interface Owned {
  field: Field;
  /** One key of a map; absent: all of it. */
  key?: string;
}

/** The field of `memory`, `environment` or `environment.LOG_LEVEL`; undefined for other words. */
function ownedField(word: string): Owned | undefined {
  const field = FIELDS.find(({ label, alias }) => label === word || alias === word);
  if (field) return { field };
  const dot = word.indexOf('.');
  const map = FIELDS.find(({ label, ownable }) => label === word.slice(0, dot) && ownable === 'keys');
  return dot > 0 && map && dot < word.length - 1 ? { field: map, key: word.slice(dot + 1) } : undefined;
}

/** All names that fields go by. */
export const fieldNames = (): string[] => FIELDS.flatMap(({ label, alias }) => (alias ? [label, alias] : [label]));

/**
 * The spec for a container whose site owns some fields: these take the values that the container has. So they are no difference, and a container that
 * replaces it for another reason keeps them. Values that came from its image are left to the image.
 */
export function withOwned(
  desired: ContainerSpec,
  observed: ContainerSpec,
  image: ImageConfig | undefined,
  words: readonly string[],
): ContainerSpec {
  const asked: Record<string, unknown> = { ...desired };
  for (const { field, key } of words.flatMap((word) => ownedField(word) ?? [])) {
    const { name } = field;
    const brought = (image as Record<string, unknown> | undefined)?.[name];
    if (field.ownable === 'keys') {
      asked[name] = mapWithOwned(asMap(asked[name]), asMap(observed[name]), asMap(brought), key);
      if (Object.keys(asMap(asked[name])).length === 0) delete asked[name];
    } else if (observed[name] === undefined || (desired[name] === undefined && same(observed[name], brought))) {
      delete asked[name];
    } else {
      asked[name] = observed[name];
    }
  }
  return asked as unknown as ContainerSpec;
}

type Values = Record<string, string | null>;

function mapWithOwned(desired: Values, observed: Values, image: Values, only: string | undefined): Values {
  const result = { ...desired };
  const keys = only === undefined ? [...Object.keys(desired), ...Object.keys(observed)] : [only];
  for (const key of keys) {
    const [live, brought] = [own(observed, key), own(image, key)];
    if (live === undefined) delete result[key];
    else if (live !== brought || Object.hasOwn(desired, key)) result[key] = live;
  }
  return result;
}

const asMap = (value: unknown): Values => (value ?? {}) as Values;

const same = (a: unknown, b: unknown): boolean => sameJson(a as Json | undefined, b as Json | undefined);
