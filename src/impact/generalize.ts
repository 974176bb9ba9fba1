import type { SiteImpact } from './impact.ts';
import { rewrittenImpact } from './rewrite.ts';

/** The words that differ from site to site although the same is meant. */
export interface SiteWords {
  site: string;
  /** The Site's own values. */
  values: Readonly<Record<string, string>>;
  /** Those of the old revision, if it had the site. */
  before?: Readonly<Record<string, string>>;
}

/** A shorter value is replaced only where no letter or digit is beside it: it may be a part of any word. */
const SHORTEST_PART = 4;

/**
 * Puts `${NAME}` in the place of a site's name and values, to tell if a change is the same on many sites apart from these. A value that the change itself gives
 * another text stays as it is.
 */
export function generalize(impact: SiteImpact, { site, values, before = values }: SiteWords): SiteImpact {
  const kept = Object.entries(values).filter(([name, value]) => before[name] === value && value !== '');
  const longestFirst = [['HOLDFAST_SITE', site] as const, ...kept].sort(([, a], [, b]) => b.length - a.length);
  const general = (text: string): string => {
    const whole = longestFirst.find(([, value]) => value === text);
    if (whole) return `\${${whole[0]}}`;
    return longestFirst.reduce((here, [name, value]) => replaced(here, value, `\${${name}}`), text);
  };
  return rewrittenImpact(impact, general);
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
