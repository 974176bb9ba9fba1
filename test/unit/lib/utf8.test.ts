import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InputError } from '../../../src/lib/errors.ts';
import { utf8 } from '../../../src/lib/text/utf8.ts';

const refusal = (content: Uint8Array): string | undefined => {
  try {
    utf8(content, 'f');
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error.message.split(': ')[0];
    throw error;
  }
};

test('text stays unchanged, except for a byte order mark', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const plain = text.replace(/^\uFEFF/, '').toWellFormed();
      expect(utf8(Buffer.from(plain), 'f')).toBe(plain.replace(/^\uFEFF/, ''));
    }),
  );
});

test('no byte becomes another in silence, and the place is that of the first that is no UTF-8', () => {
  const line = fc.stringMatching(/^[a-zä€😀]{0,5}$/u);
  const wrong = fc.constantFrom([0x80], [0xff], [0xc3], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf0, 0x9f], [0xc0, 0xaf]);
  fc.assert(
    fc.property(fc.array(line), line, wrong, fc.constantFrom('', '\n', 'x'), (lines, start, bytes, after) => {
      const content = Buffer.concat([
        Buffer.from([...lines, start].join('\n')),
        Buffer.from(bytes),
        Buffer.from(after),
      ]);
      expect(refusal(content)).toBe(`f:${lines.length + 1}:${[...start].length + 1}`);
    }),
  );
});
