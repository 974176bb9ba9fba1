import { InputError, type Problem, SourceError } from '../lib/errors.ts';

/** Pieces of a value that are shorter tell nothing, and are words of many a sentence. */
const SHORTEST_PIECE = 6;
/** Below this length, a value counts only where it stands alone. */
const SHORTEST_ANYWHERE = 6;
const SHORTEST = 3;

/** Words that Holdfast's own sentences are made of; a value that is one of them is no secret. */
const PLAIN = new Set(
  'true false yes no on off none null always missing never host bridge default tcp udp local'.split(' '),
);

/** A text as it may be shown: with `${NAME}` where the value of that name stands. */
export type Hide = (text: string) => string;

/**
 * Hides values that do not come from Git: those of the site's own file, and of the environment. What a file says is known by how it is written, so
 * a message gets the variable back. Also found: a piece of a value, as of `TOKEN:/path` that was taken for a mount, and other letter case, as
 * in a project's name.
 */
export function hiding(values: Iterable<readonly [name: string, value: string]>): Hide {
  const needles = new Map<string, { name: string; alone: boolean }>();
  for (const [name, value] of values) {
    for (const [needle, alone] of formsOf(value)) {
      const key = needle.toLowerCase();
      if (!needles.has(key)) needles.set(key, { name, alone });
    }
  }
  if (needles.size === 0) return (text) => text;
  const longestFirst = [...needles.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(literally).join('|'), 'gi');
  return (text) =>
    text.replace(pattern, (found, offset: number) => {
      const needle = needles.get(found.toLowerCase());
      if (!needle || (needle.alone && !standsAlone(text, offset, found.length))) return found;
      return `\${${needle.name}}`;
    });
}

const literally = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

function formsOf(value: string): [needle: string, alone: boolean][] {
  const whole = [value, value.trim(), JSON.stringify(value).slice(1, -1)].filter(isTelling);
  const pieces = value.split(/[\s:,;=@/\\"'|?&#{}[\]()]/).filter((piece) => piece.length >= SHORTEST_PIECE);
  return [
    ...whole.map((form): [string, boolean] => [form, form.length < SHORTEST_ANYWHERE]),
    ...pieces.filter(isTelling).map((piece): [string, boolean] => [piece, true]),
  ];
}

const isTelling = (text: string): boolean => text.length >= SHORTEST && !PLAIN.has(text.toLowerCase());

function standsAlone(text: string, offset: number, length: number): boolean {
  const isPart = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}_]/u.test(char);
  return !isPart(text[offset - 1]) && !isPart(text[offset + length]);
}

/** The same problem, with nothing in it that is hidden. */
export function hiddenIn(problem: Problem, hide: Hide): Problem {
  const { message, hint } = problem;
  return { ...problem, message: hide(message), hint: hint && hide(hint) };
}

/** The same of an error of ours; any other is given back as it is. */
export function hiddenError(error: unknown, hide: Hide): unknown {
  if (error instanceof InputError) return new InputError(error.problems.map((problem) => hiddenIn(problem, hide)));
  if (error instanceof SourceError && hide(error.message) !== error.message) {
    const { kind, message, retryAfter } = error;
    return new SourceError(kind, hide(message), retryAfter === undefined ? {} : { retryAfter });
  }
  return error;
}
