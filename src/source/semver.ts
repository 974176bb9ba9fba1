/** A version as semver.org 2.0.0 has it; what stands behind a `+` orders nothing and is not kept. */
export interface Version {
  /** Major, minor, patch. */
  core: readonly [number, number, number];
  pre: readonly (string | number)[];
}

interface Comparator {
  operator: '<' | '<=' | '>' | '>=' | '=';
  version: Version;
}

/** Sets of comparators: a version is in the range when all of one set hold. */
export type Range = readonly (readonly Comparator[])[];

const NUMBER = '0|[1-9]\\d{0,14}';
const VERSION = new RegExp(`^v?(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})(?:-([0-9A-Za-z.-]+))?(?:\\+[0-9A-Za-z.-]+)?$`);
const PART = `${NUMBER}|[xX*]`;
const PARTIAL = `v?(${PART})(?:\\.(${PART})(?:\\.(${PART})(?:-([0-9A-Za-z.-]+))?(?:\\+[0-9A-Za-z.-]+)?)?)?`;
const SIMPLE = new RegExp(`^(\\^|~>?|[<>]=?|=)?${PARTIAL}$`);
const HYPHEN = new RegExp(`^${PARTIAL}\\s+-\\s+${PARTIAL}$`);

/** A tag's version, with or without a `v` before it; undefined for a name that is none. */
export function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch, pre] = VERSION.exec(text) ?? [];
  const identifiers = preOf(pre);
  if (major === undefined || !identifiers) return undefined;
  return { core: [Number(major), Number(minor), Number(patch)], pre: identifiers };
}

/** A range as npm has it: `^1.2`, `~1.2.3`, `1.x`, `>=1 <3 || 4.*`, `1.2 - 2.3`. Undefined for what is none. */
export function parseRange(text: string): Range | undefined {
  const sets = text.split('||').map(parseSet);
  return sets.every((set) => set !== undefined) ? sets : undefined;
}

/** As npm: a pre-release is in a range only where a comparator of the set names one of the same three numbers. */
export function isInRange(version: Version, range: Range): boolean {
  return range.some(
    (set) =>
      set.every((comparator) => holds(version, comparator)) &&
      (version.pre.length === 0 ||
        set.some((comparator) => comparator.version.pre.length > 0 && compareCore(comparator.version, version) === 0)),
  );
}

/** Negative, zero or positive, as for sort. Source: semver.org, 11. */
export function compareVersions(a: Version, b: Version): number {
  const core = compareCore(a, b);
  if (core !== 0) return core;
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (let at = 0; at < Math.max(a.pre.length, b.pre.length); at++) {
    const [left, right] = [a.pre[at], b.pre[at]];
    if (left === right) continue;
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    if (typeof left === typeof right) return left < right ? -1 : 1;
    return typeof left === 'number' ? -1 : 1;
  }
  return 0;
}

/** The one major version that all of a range lies in, where there is one. */
export function majorOf(range: Range): number | undefined {
  const majors = range.map((set) => {
    const from = set.find(({ operator }) => operator === '>=' || operator === '>' || operator === '=')?.version;
    const to = set.find(({ operator }) => operator !== '>=' && operator !== '>');
    if (!from || !to) return undefined;
    const [major] = from.core;
    const isBelowNext =
      to.operator === '<' && to.version.core[0] === major + 1 && to.version.core[1] + to.version.core[2] === 0;
    return isBelowNext || to.version.core[0] === major ? major : undefined;
  });
  return majors.every((major) => major === majors[0]) ? majors[0] : undefined;
}

const compareCore = (a: Version, b: Version): number =>
  a.core[0] - b.core[0] || a.core[1] - b.core[1] || a.core[2] - b.core[2];

function holds(version: Version, { operator, version: bound }: Comparator): boolean {
  const order = compareVersions(version, bound);
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '=':
      return order === 0;
  }
}

/** Identifiers of a pre-release; none for no text, undefined for what cannot be one. */
function preOf(text: string | undefined): (string | number)[] | undefined {
  if (text === undefined) return [];
  const words = text.split('.');
  if (words.some((word) => word === '' || /^0\d+$/.test(word))) return undefined;
  return words.map((word) => (/^\d{1,15}$/.test(word) ? Number(word) : word));
}

function parseSet(text: string): Comparator[] | undefined {
  const trimmed = text.trim();
  const hyphen = HYPHEN.exec(trimmed);
  if (hyphen) {
    const from = partial(hyphen.slice(1, 5));
    const to = partial(hyphen.slice(5, 9));
    return from && to && [{ operator: '>=', version: floor(from) }, ...atMost(to)];
  }
  // A blank may stand between an operator and its version.
  const words = trimmed.replace(/([<>=^~])\s+/g, '$1').split(/\s+/);
  const found: Comparator[] = [];
  for (const word of words) {
    const [, operator = '', ...parts] = SIMPLE.exec(word === '' ? '*' : word) ?? [];
    const given = partial(parts);
    if (!given) return undefined;
    found.push(...desugar(operator, given));
  }
  return found;
}

interface Partial {
  /** The numbers up to the first that is left out or an x. */
  numbers: number[];
  pre: (string | number)[];
}

function partial(parts: readonly (string | undefined)[]): Partial | undefined {
  const [major, minor, patch, preText] = parts;
  const pre = preOf(preText);
  if (major === undefined || !pre) return undefined;
  const numbers: number[] = [];
  for (const part of [major, minor, patch]) {
    if (part === undefined || /[xX*]/.test(part)) break;
    numbers.push(Number(part));
  }
  return { numbers, pre: numbers.length === 3 ? pre : [] };
}

const floor = ({ numbers: [major = 0, minor = 0, patch = 0], pre }: Partial): Version => ({
  core: [major, minor, patch],
  pre,
});

/** The first version that no longer begins with these numbers, its own pre-releases included. */
function next(numbers: readonly number[]): Version {
  const [major = 0, minor = 0, patch = 0] = numbers;
  const core =
    numbers.length === 1 ? [major + 1, 0, 0] : numbers.length === 2 ? [major, minor + 1, 0] : [major, minor, patch + 1];
  return { core: core as [number, number, number], pre: [0] };
}

const NOTHING: Comparator = { operator: '<', version: { core: [0, 0, 0], pre: [0] } };

function atMost(given: Partial): Comparator[] {
  if (given.numbers.length === 0) return [];
  if (given.numbers.length === 3) return [{ operator: '<=', version: floor(given) }];
  return [{ operator: '<', version: next(given.numbers) }];
}

function desugar(operator: string, given: Partial): Comparator[] {
  const { numbers } = given;
  const from: Comparator = { operator: '>=', version: floor(given) };
  const isWhole = numbers.length === 3;
  switch (operator) {
    case '<':
      return numbers.length === 0
        ? [NOTHING]
        : [{ operator: '<', version: isWhole ? floor(given) : { ...floor(given), pre: [0] } }];
    case '<=':
      return atMost(given);
    case '>':
      if (numbers.length === 0) return [NOTHING];
      return isWhole
        ? [{ operator: '>', version: floor(given) }]
        : [{ operator: '>=', version: { ...next(numbers), pre: [] } }];
    case '>=':
      return [from];
    case '^': {
      if (numbers.length === 0) return [from];
      // Up to the first number that is not zero, or the last that is given.
      const first = numbers.findIndex((number) => number !== 0);
      const kept = first < 0 ? numbers.length : first + 1;
      return [from, { operator: '<', version: next(numbers.slice(0, kept)) }];
    }
    case '~':
    case '~>':
      return numbers.length === 0 ? [from] : [from, { operator: '<', version: next(numbers.slice(0, 2)) }];
    default:
      return isWhole ? [{ operator: '=', version: floor(given) }] : [from, ...atMost(given)];
  }
}
