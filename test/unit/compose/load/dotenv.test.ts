import { describe, expect, test } from '@jest/globals';
import { textsOf } from '../../../../src/compose/load/values/decrypted-variables.ts';
import { parseDotenv, parseRawEnv } from '../../../../src/compose/load/values/dotenv.ts';
import { InputError } from '../../../../src/lib/errors.ts';

const lookup = (name: string) => (name === 'OUT' ? { text: 'outer' } : undefined);
const parse = (text: string) => Object.fromEntries(textsOf(parseDotenv(text, '.env', lookup)));
const failure = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('accepted');
};

describe('the grammar of .env', () => {
  test.each<[string, Record<string, string>]>([
    ['# only a comment', {}],
    ['A=1\nB = two words # comment\nC=a#b', { A: '1', B: 'two words', C: 'a#b' }],
    ['export A=1\r\nB: yaml\r\n', { A: '1', B: 'yaml' }],
    ['A="a\\nb\\t\\"\\$x"', { A: 'a\nb\t"$x' }],
    ["A='a\\nb $x \\' y'", { A: "a\\nb $x ' y" }],
    ['A="two\nlines" # comment', { A: 'two\nlines' }],
    ['A=1\nB=${A}2\nC=$OUT', { A: '1', B: '12', C: 'outer' }],
    ['OUT\nNOPE\n', { OUT: 'outer' }],
    ['\uFEFFA=1', { A: '1' }],
    ['A=', { A: '' }],
    ['A="\\0101\\08"', { A: 'A\\8' }],
  ])('%j', (text, values) => expect(parse(text)).toEqual(values));

  test.each([
    ['A=1\nB C=2', '.env:2:1: a line must be KEY=VALUE; a key is made of letters, digits, `_`, `.` and `-`'],
    ['A="x', '.env:1:1: the quoted value of A is never closed'],
    ['A="x" y', '.env:1:1: something follows the quoted value of A'],
    [
      'A=1\n\nB=pass$word',
      '.env:3:1: the value of B names a variable without a value (write $$ for a dollar sign, or use single quotes)',
    ],
    [
      'A=${B:=c}',
      '.env:1:1: the value of A cannot be read: it holds an invalid ${…} (write $$ for a dollar sign, or use single quotes)',
    ],
    ['A', '.env:1:1: the last line, A, has no value and no line break (end the line with a line break)'],
  ])('%j is refused without showing a value', (text, problem) => expect(failure(() => parse(text))).toBe(problem));
});

describe('format: raw', () => {
  test('takes lines as they are', () => {
    expect(Object.fromEntries(textsOf(parseRawEnv('# c\nA="q" $x # y\nOUT\nNOPE\nB=\n', 'raw.env', lookup)))).toEqual({
      A: '"q" $x # y',
      OUT: 'outer',
      B: '',
    });
  });
  test('refuses a key with spaces', () => {
    expect(failure(() => parseRawEnv('A=1\nB C=2', 'raw.env', lookup))).toBe(
      'raw.env:2:1: a key must not be empty or hold spaces',
    );
  });
});

describe('a bare name that Git leaves to the sites', () => {
  const required = (name: string) => (name === 'TOKEN' ? 'give it a value' : undefined);
  test.each([
    ['.env', parseDotenv],
    ['raw', parseRawEnv],
  ])('must have a value: %s', (_, read) => {
    expect(failure(() => read('A=1\nTOKEN\n', 'env', lookup, new Map(), required))).toBe(
      'env:2:1: the variable TOKEN has no value (give it a value)',
    );
    expect([...read('OTHER\n', 'env', lookup, new Map(), required)]).toEqual([]);
    expect([...read('TOKEN\n', 'env', () => ({ text: 'x' }), new Map(), required)]).toEqual([['TOKEN', { text: 'x' }]]);
    expect([...read('TOKEN\n', 'env', lookup, new Map([['TOKEN', { text: 'before' }]]), required)]).toEqual([]);
  });
});
