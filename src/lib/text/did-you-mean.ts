const MAX_LENGTH = 100;

/** The candidate that a mistyped word most likely meant; undefined when no candidate is close. It ignores case. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  // A typo in such a long word is unlikely, and the cost grows with the length.
  if (word.length > MAX_LENGTH) return undefined;
  const typed = fold(word);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(typed.length / 3)) + 1;
  for (const candidate of candidates) {
    const other = fold(candidate);
    if (typed.length >= 3 && other.startsWith(typed) && least > 1) {
      [best, least] = [candidate, 1];
      continue;
    }
    if (Math.abs(other.length - typed.length) >= least) continue;
    const found = distance(typed, other);
    if (found < least) [best, least] = [candidate, found];
  }
  return best;
}

// Treats `-` and `_` alike, and camelCase and snake_case.
const fold = (word: string) => word.toLowerCase().replaceAll(/[-_]/g, '');

/** Restricted Damerau-Levenshtein distance: insertions, deletions, substitutions and swaps of neighbours. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      next.push(least);
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
