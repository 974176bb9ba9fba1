import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../../src/lib/errors.ts';
import { entryOf, toPlain, type YamlNode } from '../../../src/yaml/node.ts';
import { parseYaml } from '../../../src/yaml/parse.ts';
import { nodeAt } from '../../../src/yaml/pointer.ts';

const parse = (text: string): YamlNode => {
  const node = parseYaml(text, 'f.yaml');
  if (!node) throw new Error('no document');
  return node;
};
const plain = (text: string) => toPlain(parse(text));
const failure = (text: string): string => {
  try {
    parseYaml(text, 'f.yaml');
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('accepted');
};

describe('scalars mean what they mean to Go', () => {
  test.each([
    ['0440', 288],
    ['0o17', 15],
    ['0b11', 3],
    ['-0b11', -3],
    ['0x1F', 31],
    ['1_000', 1000],
    ['+12', 12],
    ['08', 8],
    ['1.50', 1.5],
    ['.5', 0.5],
    ['1e3', 1000],
    ['.inf', Number.POSITIVE_INFINITY],
    ['~', null],
    ['Null', null],
    ['True', true],
    ['FALSE', false],
    ['yes', 'yes'],
    ['No', 'No'],
    ['on', 'on'],
    ['12:30', '12:30'],
    ['22:22', '22:22'],
    ['1.2.3', '1.2.3'],
    ['0x', '0x'],
    ['12abc', '12abc'],
    ['"12"', '12'],
    ["'true'", 'true'],
    ['!!str 12', '12'],
    ['!!int "12"', 12],
    ['! 12', '12'],
  ])('%s', (text, value) => {
    expect(plain(`a: ${text}\n`)).toEqual({ a: value });
  });

  test.each([
    ['0x1F', '31'],
    ['1.50', '1.5'],
    ['1e21', '1e+21'],
    ['1000000.0', '1e+06'],
    ['123456.5', '123456.5'],
    ['0.00001', '1e-05'],
    ['18446744073709551615', '18446744073709551615'],
    ['0440', '288'],
    ['True', 'true'],
    ['', ''],
    ['1_000', '1000'],
  ])('%s prints as %s where a string is wanted', (text, printed) => {
    expect(entryOf(parse(`a: ${text}\n`), 'a')?.value).toMatchObject({ text: printed });
  });

  test('a bare date is refused', () => {
    expect(failure('a: 2024-01-31')).toBe(
      'f.yaml:1:4: YAML reads 2024-01-31 as a date, and no key here takes a date (quote it to make it a string)',
    );
  });

  test('a value that is not what its tag says is refused', () => {
    expect(failure('a: !!int x')).toBe('f.yaml:1:10: the value is not a int, as its tag says');
  });
});

describe('every node has its position', () => {
  const text = ['# comment', 'a:', '  - one', '  - {q: "x"}', 'b: |', '  text', 'c:', "d: 'y'"].join('\n');
  test.each([
    ['', '2:1', undefined],
    ['/a', '3:3', '2:1'],
    ['/a/0', '3:5', undefined],
    ['/a/1', '4:5', undefined],
    ['/a/1/q', '4:9', '4:6'],
    ['/b', '5:4', '5:1'],
    ['/c', '7:1', '7:1'],
    ['/d', '8:4', '8:1'],
  ])('%s', (pointer, at, keyAt) => {
    const found = nodeAt(parse(text), pointer);
    expect(`${found.node.at.line}:${found.node.at.column}`).toBe(at);
    expect(found.keyAt && `${found.keyAt.line}:${found.keyAt.column}`).toBe(keyAt);
  });

  test('a pointer past the tree gives the nearest ancestor', () => {
    expect(nodeAt(parse('a:\n  b: 1'), '/a/x/y')).toMatchObject({ node: { at: { line: 2 } }, keyAt: { line: 1 } });
  });

  test('a pointer with escapes', () => {
    expect(nodeAt(parse('a/b: {"x~y": 1}'), '/a~1b/x~0y').node).toMatchObject({ value: 1 });
  });

  test('carriage returns and a byte order mark shift nothing', () => {
    const node = parse('\uFEFFa: 1\r\nb: 2\r\n');
    expect(entryOf(node, 'a')?.keyAt).toEqual({ file: 'f.yaml', line: 1, column: 1 });
    expect(entryOf(node, 'b')?.keyAt).toEqual({ file: 'f.yaml', line: 2, column: 1 });
  });
});

describe('aliases and merge keys', () => {
  test('an alias repeats what its anchor names', () => {
    expect(plain('a: &x {k: 1}\nb: *x')).toEqual({ a: { k: 1 }, b: { k: 1 } });
  });
  test('own keys override merged ones, at any position of <<', () => {
    expect(plain('m: &m {k: 1, l: 2}\na: {k: 9, <<: *m}\nb: {<<: *m, k: 8}')).toEqual({
      m: { k: 1, l: 2 },
      a: { k: 9, l: 2 },
      b: { k: 8, l: 2 },
    });
  });
  test('the first of several merged mappings wins', () => {
    expect(plain('m: &m {k: 1}\nn: &n {k: 2, l: 3}\na: {<<: [*m, *n]}')).toMatchObject({ a: { k: 1, l: 3 } });
  });
  test('a quoted << is a key like any other', () => {
    expect(plain('a: {"<<": 1}')).toEqual({ a: { '<<': 1 } });
  });
  test.each([
    ['a: *x', 'f.yaml:1:4: the alias *x has no anchor &x before it'],
    ['a: &x [*x]', 'f.yaml:1:8: the alias *x is inside its own anchor &x'],
    ['a: {<<: 1}', 'f.yaml:1:9: << can only merge a mapping or a list of mappings'],
  ])('%s is refused', (text, message) => expect(failure(text)).toBe(message));

  test('an alias bomb is refused, quickly', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i++)
      lines.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(failure(lines.join('\n'))).toMatch(/with all aliases expanded, the file has over 50000 nodes$/);
  });
  test('aliases do not get round the limit of depth', () => {
    const lines = ['a0: &a0 [x]'];
    for (let i = 1; i < 70; i++) lines.push(`a${i}: &a${i} [*a${i - 1}]`);
    expect(failure(lines.join('\n'))).toMatch(/nested more than 64 levels deep$/);
  });
});

describe('documents', () => {
  test.each(['', '# only a comment\n', '---\n'])('%j holds nothing', (text) => {
    expect(parseYaml(text, 'f.yaml')).toBeUndefined();
  });
  test('several documents are refused where the second begins', () => {
    expect(failure('a: 1\n---\nb: 2')).toBe('f.yaml:3:1: the file holds several YAML documents; one is expected');
  });
  test('a duplicate key names both places', () => {
    expect(failure('a: 1\nb: 2\na: 3')).toBe('f.yaml:3:1: the key a is there twice; the first is at f.yaml:1:1');
  });
  test('keys must be strings', () => {
    expect(failure('a:\n  1: x')).toBe('f.yaml:2:3: the key 1 is not a string (quote it)');
    expect(failure('? [a]\n: b')).toBe('f.yaml:1:3: a key must be a string');
  });
  test('syntax errors say where', () => {
    expect(failure('a: [1')).toBe(
      'f.yaml:1:6: this is not valid YAML: unexpected end of the stream within a flow collection',
    );
  });
  test('nesting without end is refused', () => {
    expect(failure('['.repeat(5000))).toMatch(/^f\.yaml:1:\d+: this is not valid YAML/);
  });

  test('the marks of an unfinished merge are called so, where they begin', () => {
    const text = 'services:\n  web:\n<<<<<<< HEAD\n    image: a\n=======\n    image: b\n>>>>>>> x\n';
    expect(failure(text)).toMatch(/^f\.yaml:3:1: Git left the marks of an unfinished merge here/);
    expect(failure(text.slice(text.indexOf('<<<<')))).toMatch(/^f\.yaml:1:1: Git left the marks/);
  });
  test('a file of more than 512 KB is refused', () => {
    expect(failure(`a: ${'x'.repeat(1024 * 1024)}`)).toBe('f.yaml:1:1: the file is larger than 512 KB');
  });
  test('!reset and !override stay on their nodes, other tags are refused', () => {
    const node = parse('a: !reset null\nb: !override [1]');
    expect(entryOf(node, 'a')?.value.tag).toBe('!reset');
    expect(entryOf(node, 'b')?.value.tag).toBe('!override');
    expect(failure('a: !foo 1')).toBe('f.yaml:1:4: the tag !foo is not supported here');
  });
  test('a key named __proto__ is only a key', () => {
    const value = plain('__proto__: {x: 1}') as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});
