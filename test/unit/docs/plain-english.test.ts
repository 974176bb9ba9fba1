import { expect, test } from '@jest/globals';
import { EXCEPTIONS, foreignIn, foreignSentences, ROOMS } from '../../../scripts/prose/check-prose.ts';

test('the rooms that were read once more hold no sentence that is hard to read', async () => {
  expect(await foreignIn(process.cwd(), ROOMS)).toEqual([]);
  expect(EXCEPTIONS.length).toBeLessThan(10);
}, 30_000);

const FOUND: [string, string, string][] = [
  ['a doc comment', 'src/a.ts', '/** Reads it.\n * What is left goes. */'],
  ['a line of comment', 'src/a.ts', 'run(); // What is left goes.'],
  ['a comment of two lines', 'src/a.ts', 'run();\n// Reads it. What is\n// left goes.\n'],
  ['a message', 'src/a.ts', "throw new Error('what is left goes');"],
  ['a message with values', 'src/a.ts', '`$' + '{name(`x`)} is read anew by us`;'],
  ['a paragraph', 'docs/a.md', 'The agent reads it.\nWhat is left goes.'],
  ['a table cell', 'docs/a.md', '| `a` | What is left goes |'],
  ['a description in a schema', 'schemas/a.json', '{ "description": "Whether it is left." }'],
  ['a comment of YAML', 'examples/a.yaml', 'a: b # What is left goes.'],
];

test.each(FOUND)('a clause or a word of books is found in %s', (_, path, text) => {
  expect(foreignSentences(path, text)).toHaveLength(1);
});

const FINE: [string, string, string][] = [
  ['a question', 'docs/a.md', '## What does a site read?'],
  ['a block of code', 'docs/a.md', '```\nwhat is left\n```'],
  ['code between backticks', 'src/a.ts', '/** Prints `. What is left`. */'],
  ['a regular expression', 'src/a.ts', 'const quote = /[\'"`]/; // Finds a quote.'],
  ['a short string', 'src/a.ts', "const words = ['what is', 'of'];"],
  ['an address', 'docs/a.md', 'See https://example.com/whatever. The rest follows.'],
];

test.each(FINE)('%s is not prose', (_, path, text) => {
  expect(foreignSentences(path, text)).toEqual([]);
});
