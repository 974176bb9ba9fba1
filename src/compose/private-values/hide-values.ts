import { InputError, rewrittenProblem, SourceError } from '../../lib/errors.ts';

/** Shorter pieces of a value reveal nothing, and many sentences use such words. */
const SHORTEST_PIECE = 6;
/** A shorter value is hidden only as a word of its own. */
const SHORTEST_ANYWHERE = 6;
const SHORTEST = 3;

/** Words of Holdfast's own sentences. Such a value is not a secret. */
const PLAIN = new Set(
  'true false yes no on off none null always missing never host bridge default tcp udp local'.split(' '),
);

/** Replaces each hidden value in a text by `${NAME}`. */
export type Hide = (text: string) => string;

/**
 * Hides values that do not come from Git: those of the site's own file, and of the environment. A message shows the variable instead, as the
 * Compose file does. This also finds pieces of a value, for example when `TOKEN:/path` was read as a mount, and other letter case, as in a
 * project's name.
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

/** An InputError or SourceError with all values hidden. Other errors stay as they are. */
export function hiddenError(error: unknown, hide: Hide): unknown {
  if (error instanceof InputError)
    return new InputError(error.problems.map((problem) => rewrittenProblem(problem, hide)));
  if (error instanceof SourceError && hide(error.message) !== error.message) {
    const { kind, message, retryAfter } = error;
    return new SourceError(kind, hide(message), { retryAfter });
  }
  return error;
}
