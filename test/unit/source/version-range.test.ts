import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { candidateNames, pickRef } from '../../../src/source/revision/revision.ts';
import {
  majorOf,
  parseRange,
  parseVersion,
  type Range,
  type SemVer,
} from '../../../src/source/revision/version-range.ts';

const version = (text: string): SemVer => {
  const found = parseVersion(text);
  if (!found) throw new Error(`${text} is no version`);
  return found;
};
const range = (text: string): Range => {
  const found = parseRange(text);
  if (!found) throw new Error(`${text} is no range`);
  return found;
};

test.each([
  ['^1.2.3', '1.2.3 1.2.4 1.9.0', '1.2.2 2.0.0 2.0.0-0 1.3.0-beta'],
  ['^1.2', '1.2.0 1.9.9', '1.1.9 2.0.0'],
  ['^1', '1.0.0 1.9.9', '0.9.9 2.0.0'],
  ['^0.2.3', '0.2.3 0.2.9', '0.3.0 0.2.2'],
  ['^0.0.3', '0.0.3', '0.0.4 0.0.2'],
  ['^0.0', '0.0.0 0.0.9', '0.1.0'],
  ['^0', '0.0.0 0.9.0', '1.0.0'],
  ['^1.2.3-beta.2', '1.2.3-beta.2 1.2.3-beta.10 1.2.3 1.4.0', '1.2.3-beta.1 1.2.4-beta.3 1.2.3-alpha 2.0.0-alpha'],
  ['~1.2.3', '1.2.3 1.2.9', '1.3.0 1.2.2'],
  ['~1.2', '1.2.0 1.2.9', '1.3.0'],
  ['~1', '1.0.0 1.9.0', '2.0.0'],
  ['~> 1.2', '1.2.5', '1.3.0'],
  ['1.*', '1.0.0 1.5.0', '2.0.0 0.9.0'],
  ['*', '0.0.1 9.9.9', '1.0.0-rc.1'],
  ['=1.2.3', '1.2.3', '1.2.4'],
  ['>1.2.3', '1.2.4 2.0.0', '1.2.3'],
  ['>1.2', '1.3.0', '1.2.9'],
  ['>=1.2', '1.2.0', '1.1.9'],
  ['<1.2', '1.1.9', '1.2.0 1.2.0-rc.1'],
  ['<=1.2', '1.2.9', '1.3.0'],
  ['>=1.2 <1.4', '1.2.0 1.3.9', '1.4.0'],
  ['>= 1.2 < 1.4', '1.3.0', '1.4.0'],
  ['1.2 - 1.4', '1.2.0 1.4.9', '1.5.0 1.1.0'],
  ['1.2.3 - 1.4.5', '1.2.3 1.4.5', '1.4.6'],
  ['^1.2 || ^3', '1.3.0 3.1.0', '2.0.0 4.0.0'],
  ['<*', '', '0.0.0 1.0.0'],
  ['>*', '', '0.0.0 1.0.0'],
])('%s holds %s and not %s', (text, inside, outside) => {
  for (const each of inside.split(' ').filter(Boolean))
    expect([each, range(text).test(version(each))]).toEqual([each, true]);
  for (const each of outside.split(' ').filter(Boolean))
    expect([each, range(text).test(version(each))]).toEqual([each, false]);
});

test.each(['^', '^main', '~1.2.3.4', '>=1.2 <', '^01.2', '1.2.3 -', '^1.2.3-01', '*.1.2.3.4', '^1,2'])(
  '%s is no range',
  (text) => {
    expect(parseRange(text)).toBeUndefined();
  },
);

test.each(['1.2', 'v1', '1.2.3.4', '01.2.3', '1.2.3-', '1.2.3-01', 'release-1.2.3', '1.2.3-a..b'])(
  '%s is no version',
  (text) => {
    expect(parseVersion(text)).toBeUndefined();
  },
);

test('versions are ordered as semver.org orders them', () => {
  const ordered =
    '1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.1.0 2.0.0 10.0.0';
  const versions = ordered.split(' ');
  const sorted = [...versions].reverse().sort((a, b) => version(a).compare(version(b)));
  expect(sorted).toEqual(versions);
});

test('a range of one major version never holds another', () => {
  const number = fc.nat(4);
  fc.assert(
    fc.property(
      fc.constantFrom('^', '~', '>=', '=', '<', '<='),
      fc.array(number, { minLength: 1, maxLength: 3 }),
      number,
      number,
      number,
      (operator, numbers, a, b, c) => {
        const parsed = range(`${operator}${numbers.join('.')}`);
        const major = majorOf(parsed);
        if (major !== undefined && parsed.test(version(`${a}.${b}.${c}`))) expect(a).toBe(major);
      },
    ),
  );
});

describe('the tag that a range follows', () => {
  const oid = (digit: number): string => String(digit).repeat(40);
  const refs = [
    { name: 'refs/tags/v1.2.0', oid: oid(1) },
    { name: 'refs/tags/v1.10.0', oid: oid(2), peeled: oid(3) },
    { name: 'refs/tags/1.9.0', oid: oid(4) },
    { name: 'refs/tags/v1.11.0-rc.1', oid: oid(5) },
    { name: 'refs/tags/latest', oid: oid(6) },
    { name: 'refs/heads/v1.99.0', oid: oid(7) },
  ];

  test('is the highest by version and not by name, peeled', () => {
    expect(pickRef(refs, '^1.2')).toEqual({ commit: oid(3), want: oid(2), ref: 'refs/tags/v1.10.0' });
    expect(pickRef(refs, '^1.11.0-0')).toEqual({ commit: oid(5), want: oid(5), ref: 'refs/tags/v1.11.0-rc.1' });
  });

  test('is asked for by its major version where there is one', () => {
    expect(candidateNames('^1.2')).toEqual(['refs/tags/1.', 'refs/tags/v1.']);
    expect(candidateNames('>=1.2')).toEqual(['refs/tags/']);
  });

  test('is missing, or the range is none: said so', () => {
    expect(() => pickRef(refs, '^2')).toThrow('The Git repo has no tag with a version in the range "^2"');
    expect(() => candidateNames('^main')).toThrow('"^main" is no range of versions');
  });

  test('names of branches stay names', () => {
    for (const name of ['1.x', '1.2', 'v1'])
      expect(candidateNames(name)).toEqual([`refs/heads/${name}`, `refs/tags/${name}`]);
  });
});
