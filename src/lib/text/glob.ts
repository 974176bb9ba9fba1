/**
 * True if `*` in the pattern can be any text, so that both are the same. `one`: a character that stands for any single one. Goes back no further than the last
 * `*`, so the time grows with the product of both lengths at most.
 */
export function globMatches(pattern: string, text: string, one?: string): boolean {
  let [at, in_] = [0, 0];
  let star: { at: number; in: number } | undefined;
  while (in_ < text.length) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = { at, in: in_ };
      at += 1;
    } else if (wanted !== undefined && (wanted === text[in_] || wanted === one)) {
      at += 1;
      in_ += 1;
    } else if (star) {
      at = star.at + 1;
      star.in += 1;
      in_ = star.in;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
