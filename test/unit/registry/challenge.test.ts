import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseChallenges } from '../../../src/registry/oci/challenge.ts';

const plain = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test.each([
  [
    'Bearer realm="https://auth.example.org/token",service="registry.example.org",scope="repository:a/b:pull,push"',
    [
      [
        'bearer',
        { realm: 'https://auth.example.org/token', service: 'registry.example.org', scope: 'repository:a/b:pull,push' },
      ],
    ],
  ],
  ['Basic realm="a \\"quoted\\" place"', [['basic', { realm: 'a "quoted" place' }]]],
  ['BASIC Realm=plain', [['basic', { realm: 'plain' }]]],
  [
    'Negotiate, Basic realm="x", Bearer realm = "y" , service=z',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
      ['bearer', { realm: 'y', service: 'z' }],
    ],
  ],
  ['Negotiate YWJj==', [['negotiate', expect.anything()]]],
  ['', []],
  ['realm="x"', []],
])('%s', (header, expected) => {
  expect(plain(header)).toEqual(expected);
});

test('nothing makes it fail or take long', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => void parseChallenges(text)));
  expect(parseChallenges('a="\\'.repeat(100_000))).toEqual([]);
  expect(parseChallenges(' '.repeat(1_000_000))).toEqual([]);
});
