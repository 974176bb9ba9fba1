import { own } from '../../../lib/maps/own.ts';
import { hasSecretWord, looksSecret } from '../../../lib/text/looks-secret.ts';
import type { FieldChange } from '../../../model/plan.ts';
import { type Json, stableText } from '../../json.ts';

// A difference of a field, shown: in words for a log, and with the values of both sides for a plan.

/** Shows one entry of a map in a log; undefined: the log only says that it differs. */
export type ShowEntry = (value: Json, key: string) => string | undefined;

/** For a map whose values may be secret: no log shows them. */
export const noEntry: ShowEntry = () => undefined;

interface EntryDifference {
  key: string;
  is: Json | undefined;
  should: Json | undefined;
}

/** The entries in which two maps differ, sorted by key. */
function differing(found: Json | undefined, wanted: Json | undefined): EntryDifference[] {
  const left = (found ?? {}) as Record<string, Json | undefined>;
  const right = (wanted ?? {}) as Record<string, Json | undefined>;
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
  return keys.flatMap((key) => {
    const [is, should] = [own(left, key), own(right, key)];
    return JSON.stringify(is) === JSON.stringify(should) ? [] : [{ key, is, should }];
  });
}

/** Differences between two maps in words: `A differs, B is missing, C is not wanted`. */
export function entriesText(label: string, show: ShowEntry, found: Json | undefined, wanted: Json | undefined): string {
  const texts = differing(found, wanted).map(({ key, is, should }) => {
    const before = is === undefined ? undefined : show(is, key);
    const after = should === undefined ? undefined : show(should, key);
    if (is === undefined) return after === undefined ? `${key} is missing` : `${key} is missing, wanted ${after}`;
    if (should === undefined) return before === undefined ? `${key} is not wanted` : `${key} is ${before}, not wanted`;
    return before === undefined || after === undefined ? `${key} differs` : `${key} is ${before}, wanted ${after}`;
  });
  return `${label}: ${texts.join('; ')}`;
}

/** Differences between two maps as data, an entry each. */
export const entriesChanges = (
  label: string,
  show: ShowEntry,
  found: Json | undefined,
  wanted: Json | undefined,
  hidden: readonly string[],
): FieldChange[] =>
  differing(found, wanted).map(({ key, is, should }) => {
    const text = (value: Json | undefined): string | undefined =>
      value === undefined ? undefined : (show(value, key) ?? words(value));
    const change = blotted(`${label}.${key}`, key, text(is), text(should));
    return hidden.includes(key) && !change.unknown ? { field: change.field, hidden: true } : change;
  });

/** Longer values are not shown: a plan is for reading. In characters. */
const LONGEST_SHOWN = 200;

/** A change without its values, where one of them looks secret or is very long. */
export function blotted(field: string, name: string, from: string | undefined, to: string | undefined): FieldChange {
  if ([from, to].some(isSealed)) return { field, unknown: true };
  const isHidden = [from, to].some(
    (value) =>
      value !== undefined && (value.length > LONGEST_SHOWN || looksSecret(name, value) || hasSecretWord(value)),
  );
  return isHidden ? { field, hidden: true } : { field, from, to };
}

/** A value in it was not decrypted here, as secrets/equal-encrypted.ts has it. */
const isSealed = (value: string | undefined): boolean => /\{\{[^{} ]+ encrypted [0-9a-f]{12}\}\}/.test(value ?? '');

/** A value in words. */
export const words = (value: Json | undefined): string | undefined => {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return value.map(String).join(' ');
  return typeof value === 'object' && value ? stableText(value) : String(value);
};
