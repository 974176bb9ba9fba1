import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Prose, proseOf } from './texts.ts';

/**
 * Finds sentences that are hard to read for people with school English. A sentence begins with who acts: never with a clause ("What the engine
 * says is ..."), and it has no word that only books use. Questions may begin as they like.
 */

/** Folders and files whose prose is read and held to this. The list grows until it says all of the project. */
export const ROOMS: readonly string[] = [
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'README.md',
  'demo',
  'docs',
  'examples',
  'schemas',
  'scripts',
  'src',
  'test/alone',
  'test/bench',
  'test/chaos',
  'test/conformance',
  'test/e2e',
  'test/fixtures',
  'test/property',
  'test/sim',
  'test/support',
  'test/unit',
];

/** Sentences that may keep such a word, each with its reason. */
export const EXCEPTIONS: readonly { path: string; words: string; reason: string }[] = [
  {
    path: 'test/e2e/laptop/no-git.test.ts',
    words: 'main: at',
    reason: 'The middle of a line that the beacon command prints.',
  },
  {
    path: 'test/unit/docs/plain-english.test.ts',
    words: 'What is',
    reason: 'The test expects that its samples are found.',
  },
  {
    path: 'test/unit/docs/plain-english.test.ts',
    words: 'read anew',
    reason: 'The test expects that its samples are found.',
  },
];

const OPENING = /^(What|Whatever|Whether|Of|Which|Whichever|Who|Whoever|Whom|Whose|How)\s/i;

/** Words of books, and words that say something else here than in school. */
const FOREIGN: readonly RegExp[] = [
  /\banew\b/i,
  /\bwhoever\b/i,
  /\bwhom\b/i,
  /\bstands?\b(?! for\b|-)/i,
  /\bnobody\b[^.]*\bbut\b/i,
  /\bnone of\b/i,
  /\bwere it to\b/i,
  /\blest\b/i,
  /\b(would|will|must|could|may) else\b/i,
  /\bbut for\b/i,
  /\b(is|are) to (be|have)\b/i,
];

/** Each sentence that breaks the rule: `src/lib/disk.ts:12: begins with "What": What tells without …`. */
export function foreignSentences(path: string, text: string): string[] {
  return proseOf(path, text).flatMap((prose) =>
    sentencesOf(prose).flatMap(({ line, text: sentence }) => {
      const problem = problemOf(sentence);
      return problem === undefined || isException(path, sentence)
        ? []
        : [`${path}:${line}: ${problem}: ${shortened(sentence)}`];
    }),
  );
}

const isException = (path: string, sentence: string): boolean =>
  EXCEPTIONS.some((one) => one.path === path && sentence.includes(one.words));

function problemOf(sentence: string): string | undefined {
  if (!sentence.endsWith('?')) {
    const opening = OPENING.exec(sentence)?.[0];
    if (opening !== undefined) return `begins with "${opening.trim()}"`;
  }
  const word = FOREIGN.map((pattern) => pattern.exec(sentence)?.[0]).find((found) => found !== undefined);
  return word === undefined ? undefined : `says "${word}"`;
}

/** The sentences of a text, each with its line. Code in backticks is no prose. */
function sentencesOf({ line, text }: Prose): Prose[] {
  const plain = text.replaceAll(/`[^`]*`/g, (code) => code.replaceAll(/[^\n]/g, 'x')).replaceAll('**', '');
  const found: Prose[] = [];
  let from = 0;
  for (const match of plain.matchAll(/[.!?](?=\s|$)|\n\s*\n|$/g)) {
    const end = match.index + match[0].trim().length;
    const sentence = plain.slice(from, end);
    const lead = sentence.length - sentence.trimStart().length;
    const before = plain.slice(0, from + lead).split('\n').length - 1;
    const words = sentence
      .replaceAll(/[*_]{2}/g, '')
      .replaceAll(/\s+/g, ' ')
      .trim();
    if (words.length > 2) found.push({ line: line + before, text: words });
    from = end;
  }
  return found;
}

const shortened = (text: string): string => (text.length > 110 ? `${text.slice(0, 110)}…` : text);

/** All files below a folder, or the one file; node_modules and what Git ignores are never below a room. */
async function filesBelow(root: string, room: string): Promise<string[]> {
  const names = await readdir(join(root, room), { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (!names) return [room];
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

/** All findings in some rooms, a line each, sorted. */
export async function foreignIn(root: string, rooms: readonly string[]): Promise<string[]> {
  const files = (await Promise.all(rooms.map((room) => filesBelow(root, room)))).flat();
  const found = await Promise.all(
    files.map(async (file) => foreignSentences(file, await readFile(join(root, file), 'utf8'))),
  );
  return found.flat().sort();
}

if (import.meta.main) {
  const rooms = process.argv.slice(2);
  const found = await foreignIn(dirname(dirname(import.meta.dirname)), rooms.length > 0 ? rooms : ROOMS);
  for (const line of found) console.error(line);
  if (found.length > 0) process.exitCode = 1;
}
