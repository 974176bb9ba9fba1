import Range from 'semver/classes/range.js';
import SemVer from 'semver/classes/semver.js';

export type { Range, SemVer };

/** A tag's version, with or without a `v` before it; undefined for a name that is none. */
export function parseVersion(text: string): SemVer | undefined {
  try {
    return /^[v\d]/.test(text) ? new SemVer(text) : undefined;
  } catch {
    // npm's semver throws where a text is no version, as most tags are.
    return undefined;
  }
}

/** A range as npm reads it: `^1.2`, `~1.2.3`, `1.x`, `>=1 <3 || 4.*`, `1.2 - 2.3`. Undefined for a text that is none. */
export function parseRange(text: string): Range | undefined {
  try {
    return new Range(text);
  } catch {
    return undefined;
  }
}

/** The one major version that everything in a range has; undefined where it spans several. */
export function majorOf(range: Range): number | undefined {
  const majors = range.set.map((set) => {
    const from = set.find(({ operator }) => !operator.startsWith('<'))?.semver;
    const to = set.find(({ operator }) => !operator.startsWith('>'));
    if (!(from instanceof SemVer) || !to) return undefined;
    const { operator, semver } = to;
    const isBelowNext = operator === '<' && semver.major === from.major + 1 && semver.minor + semver.patch === 0;
    return isBelowNext || semver.major === from.major ? from.major : undefined;
  });
  return majors.every((major) => major === majors[0]) ? majors[0] : undefined;
}
