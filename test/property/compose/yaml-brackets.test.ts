import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InputError } from '../../../src/lib/errors.ts';
import { toPlain, type YamlNode } from '../../../src/yaml/node.ts';
import { parseYaml } from '../../../src/yaml/parse.ts';

/** A value and how it is written, in pieces between which a line may end. */
interface Written {
  value: unknown;
  pieces: string[];
}

const word = fc.stringMatching(/^[a-z]{1,5}$/).filter((each) => !/^(true|false|null|y|n|yes|no|on|off)$/.test(each));
const scalar: fc.Arbitrary<Written> = fc.oneof(
  word.map((each) => ({ value: each, pieces: [each] })),
  word.map((each) => ({ value: each, pieces: [`"${each}"`] })),
  word.map((each) => ({ value: `${each}'#,]`, pieces: [`'${each}''#,]'`] })),
);
const { node } = fc.letrec<{ node: Written; list: Written; map: Written }>((tie) => ({
  node: fc.oneof({ maxDepth: 3 }, scalar, tie('list'), tie('map')),
  list: fc.array(tie('node'), { maxLength: 3 }).map((items) => ({
    value: items.map(({ value }) => value),
    pieces: ['[', ...items.flatMap(({ pieces }, at) => [...pieces, ...(at < items.length - 1 ? [','] : [])]), ']'],
  })),
  map: fc.uniqueArray(fc.tuple(word, tie('node')), { maxLength: 3, selector: ([key]) => key }).map((entries) => ({
    value: Object.fromEntries(entries.map(([key, { value }]) => [key, value])),
    pieces: [
      '{',
      ...entries.flatMap(([key, { pieces }], at) => [`${key}: `, ...pieces, ...(at < entries.length - 1 ? [','] : [])]),
      '}',
    ],
  })),
}));

/** The gaps that may be between two pieces: Go does not check the indentation there. */
const gap = fc.constantFrom(
  '',
  ' ',
  '\n',
  '\n  ',
  '\n      ',
  ' # it, [is]\n',
  '\n# "so\n    ',
  '\n\n \t ',
  '\r\n',
  '\n\t',
);
const texts = fc.tuple(
  fc.array(
    fc.tuple(
      word,
      node.filter(({ pieces }) => pieces.length > 1),
    ),
    { minLength: 1, maxLength: 4 },
  ),
  fc.infiniteStream(gap),
  fc.constantFrom('', '  ', '      '),
);

describe('brackets over several lines', () => {
  test('mean the same however they are indented, and every node has the position where it is written', () => {
    fc.assert(
      fc.property(texts, ([entries, gaps, indent]) => {
        const next = (): string => gaps.next().value as string;
        const lines = entries.map(
          ([, { pieces }], at) => `${indent}k${at}: ${pieces.map((each) => each + next()).join('')}`,
        );
        const text = `top:\n${lines.join('\n').replaceAll(/^(?=k)/gm, ' ')}\nend: x\n`;
        const root = parseYaml(text, 'a.yaml') as YamlNode;
        const expected = Object.fromEntries(entries.map(([, { value }], at) => [`k${at}`, value]));
        expect(toPlain(root)).toEqual({ top: expected, end: 'x' });
        standsWhereItSays(root, text.split(/\r\n|\n/));
      }),
      { numRuns: 500 },
    );
  });

  test('that are not closed are told near to where they begin', () => {
    const text = `services:\n  s:\n    image: b\n    command: ["a",\n    user: x\n${'    # more\n    tty: true\n'.repeat(50)}`;
    expect(problemOf(text)).toMatch(/^a.yaml:7:/);
    expect(problemOf('a:\n  b: "x\n  c: y\n  d: z\n')).toBe(
      'a.yaml:3:1: this is not valid YAML: a quote or a bracket before this line is never closed',
    );
  });

  test('end soon, however many lines are too shallow', () => {
    const started = performance.now();
    expect(problemOf(`a:\n  b: [\n${'  x,\n'.repeat(200_000)}  ]\n`)).toContain('a.yaml:');
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

test('!!merge says what << says', () => {
  expect(toPlain(parseYaml('a: &a {x: 1}\nb:\n  !!merge <<: *a\n', 'a.yaml') as YamlNode)).toEqual({
    a: { x: 1 },
    b: { x: 1 },
  });
  expect(problemOf('a: !!merge x\n')).toBe('a.yaml:1:12: the value is not a merge, as its tag says');
});

test('a # right after a closing quote or bracket begins a comment', () => {
  expect(toPlain(parseYaml('a: "x"#y\nb: [c]#d\n', 'a.yaml') as YamlNode)).toEqual({ a: 'x', b: ['c'] });
});

function problemOf(text: string): string {
  try {
    parseYaml(text, 'a.yaml');
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'it was taken';
}

function standsWhereItSays(node: YamlNode, lines: string[]): void {
  const rest = lines[node.at.line - 1]?.slice(node.at.column - 1) ?? '';
  if (node.kind === 'sequence') for (const item of node.items) standsWhereItSays(item, lines);
  else if (node.kind === 'mapping') {
    for (const { key, keyAt, value } of node.entries) {
      expect(lines[keyAt.line - 1]?.slice(keyAt.column - 1)).toMatch(new RegExp(`^${key}:`));
      standsWhereItSays(value, lines);
    }
  } else if (node.style === 'plain') expect(rest.startsWith(node.raw)).toBe(true);
  else expect(rest).toMatch(/^["']/);
}
