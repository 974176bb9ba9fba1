import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { objectId } from '../../../src/git/objects/git-object.ts';
import { parseTag, trailers } from '../../../src/trust/signed-object.ts';

describe('trailers', () => {
  test('are the lines of the last paragraph, whatever the case of their keys', () => {
    const message = 'Subject\n\nSequence: 1\n\nsequence: \t2 \nOther: x\nSEQUENCE:3\n\n';
    expect(trailers(message, 'Sequence')).toEqual(['2', '3']);
  });

  test('a paragraph ends at a line of blanks', () => {
    expect(trailers('Key: 1\n \t\nKey: 2', 'key')).toEqual(['2']);
    expect(trailers('Key: 1', 'key')).toEqual(['1']);
  });

  test('a line without a proper key is none', () => {
    expect(trailers('x\n\n: a\nno key: b\nKey : c\nKey: d\rKey: e\nKey', 'key')).toEqual([]);
  });

  test('each value that is written is read', () => {
    const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), (values) => {
        expect(trailers(`Subject\n\n${values.map((each) => `Key:  ${each}\t`).join('\n')}\n`, 'key')).toEqual(values);
      }),
    );
  });

  // Each of these took hours where blanks were looked at more than once.
  test.each([
    ['blanks in a value', `a\n\na:x${' '.repeat(2_000_000)}y`],
    ['blank lines', `a${'\n \t'.repeat(700_000)}\na: x`],
    ['lines that begin like a key', `a\n\n${'a-'.repeat(1_000_000)}`],
    ['colons', `a\n\n${'a:'.repeat(1_000_000)}`],
  ])('many %s are read once', (_, message) => {
    expect(trailers(message, 'other')).toEqual([]);
  });
});

test('a tag may quote a signature: the last one is its own, as for Git', () => {
  const armor = (text: string): string => `-----BEGIN SSH SIGNATURE-----\n${text}\n-----END SSH SIGNATURE-----\n`;
  const before = `object ${'a'.repeat(40)}\ntype commit\ntag v1\ntagger Ada <a@example.org> 1790000000 +0000\n\nLike\n${armor('quoted')}was.\n`;
  const content = Buffer.from(before + armor('own'));
  const tag = parseTag(objectId({ type: 'tag', content }), content);
  expect(tag.signed?.signature).toBe(armor('own'));
  expect(Buffer.from(tag.signed?.payload ?? []).toString()).toBe(before);
  expect(tag.message).toContain('quoted');
});
