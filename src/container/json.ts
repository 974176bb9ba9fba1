import { own } from '../lib/maps/own.ts';
import { byCodeUnit } from '../lib/text/by-code-unit.ts';

/** The form in which the values of a field are compared. Absent keys and undefined are the same. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json | undefined };

export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b || Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  const left = a as Record<string, Json | undefined>;
  const right = b as Record<string, Json | undefined>;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) =>
    sameJson(own(left, key), own(right, key)),
  );
}

/** True if `whole` has all keys and items that `part` has. */
export function coversJson(whole: Json | undefined, part: Json | undefined): boolean {
  if (part === undefined) return true;
  if (Array.isArray(part))
    return part.every((item) => Array.isArray(whole) && whole.some((other) => sameJson(other, item)));
  if (typeof part === 'object' && part && typeof whole === 'object' && whole && !Array.isArray(whole)) {
    return Object.entries(part).every(([key, value]) => sameJson(own(whole, key), value));
  }
  return sameJson(whole, part);
}

/** JSON text that is the same for the same value: keys sorted, undefined left out. */
export function stableText(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item && typeof item === 'object' && !Array.isArray(item) && !(item instanceof Uint8Array)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => byCodeUnit(a, b)))
      : item,
  );
}
