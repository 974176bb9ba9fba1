/** A seeded source of chance. The same seed gives the same numbers on every machine, so that a failing run replays exactly. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the items; the list must not be empty. */
  pick<Item>(items: readonly Item[]): Item;
  /** The items in another order. */
  shuffled<Item>(items: readonly Item[]): Item[];
  hex(length: number): string;
  /** A stream of its own, so that drawing more from one does not shift the other. */
  fork(name: string): Random;
}

/** Mulberry32: 32 bits of state, good enough to choose faults with, and fast. */
export function seededRandom(seed: number | string): Random {
  const origin = mix(`${seed}`);
  // Not the seed itself: neighbouring seeds would begin alike.
  let state = mix(`${origin} begins`);

  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));

  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
    shuffled: (items) =>
      items
        .map((item) => ({ item, by: between(0, 1_000_000) }))
        .sort((a, b) => a.by - b.by)
        .map(({ item }) => item),
    hex: (length) => {
      let text = '';
      while (text.length < length)
        text += Math.floor(next() * 2 ** 32)
          .toString(16)
          .padStart(8, '0');
      return text.slice(0, length);
    },
    fork: (name) => seededRandom(`${origin}/${name}`),
  };
}

/** FNV-1a. */
function mix(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return hash;
}
