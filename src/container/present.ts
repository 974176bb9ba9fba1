type Nothing = undefined | null | '' | 0 | false;

/** The same object without keys that say nothing: undefined, null, "", 0, false, empty lists and objects. `keep` names keys that stay unless undefined. */
export function present<T extends object>(
  all: { [K in keyof T]?: T[K] | Nothing },
  keep: ReadonlySet<string> = new Set(),
): T {
  const kept = Object.entries(all).filter(([key, value]) => {
    if (value === undefined || value === null) return false;
    return keep.has(key) || (typeof value === 'object' ? Object.keys(value).length > 0 : Boolean(value));
  });
  return Object.fromEntries(kept) as T;
}
