import type { Rewrite } from '../plan/print/rewrite.ts';

/** Texts that differ from site to site although the same is meant: the site's name and its values, by the names of the variables. */
export type SiteWords = Readonly<Record<string, string>>;

/** A shorter value is replaced only where no letter or digit is beside it: it may be a part of any word. */
const SHORTEST_PART = 4;

/** Puts `${NAME}` in the place of these words. So a change that is the same on many sites except for them has the same text. */
export function generalizer(words: SiteWords): Rewrite {
  const longestFirst = Object.entries(words)
    .filter(([, value]) => value !== '')
    .sort(([, a], [, b]) => b.length - a.length);
  return (text) => {
    const whole = longestFirst.find(([, value]) => value === text);
    if (whole) return `\${${whole[0]}}`;
    return longestFirst.reduce((here, [name, value]) => replaced(here, value, `\${${name}}`), text);
  };
}

function replaced(text: string, value: string, by: string): string {
  if (value.length >= SHORTEST_PART) return text.replaceAll(value, by);
  let result = '';
  let from = 0;
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + value.length)) {
    if (isWordPart(text[at - 1]) || isWordPart(text[at + value.length])) continue;
    result += text.slice(from, at) + by;
    from = at + value.length;
  }
  return result + text.slice(from);
}

const isWordPart = (letter: string | undefined): boolean => letter !== undefined && /[\p{L}\p{N}_]/u.test(letter);
