import { type Hide, hiding } from './hide-values.ts';

/** Collects the used values that do not come from Git. */
export interface OutsideValues {
  /** For `CompileOptions.onOutside`. */
  heard(name: string, value: string): void;
  /** Hides all these values, including earlier values of a name: running containers may still have them. */
  readonly hide: Hide;
}

export function outsideValues(): OutsideValues {
  const names = new Map<string, string>();
  let hide: Hide | undefined;
  return {
    heard(name, value) {
      if (names.has(value)) return;
      names.set(value, name);
      hide = undefined;
    },
    hide: (text) => {
      hide ??= hiding([...names].map(([value, name]) => [name, value] as const));
      return hide(text);
    },
  };
}
