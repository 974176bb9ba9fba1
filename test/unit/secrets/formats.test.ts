import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { combine } from '../../../src/secrets/crypt/shamir.ts';
import { floatDigits, timeOf } from '../../../src/secrets/formats/go-values.ts';
import { readIni, writeIni } from '../../../src/secrets/formats/ini.ts';
import { readYaml } from '../../../src/secrets/formats/yaml-read.ts';
import { writeYaml } from '../../../src/secrets/formats/yaml-write.ts';
import { toPlain } from '../../../src/yaml/node.ts';
import { parseYaml } from '../../../src/yaml/parse.ts';
import { mapOf } from '../../support/secrets/sealed-file.ts';

test.each([
  [0, '0'],
  [-0, '-0'],
  [1, '1'],
  [-1.5, '-1.5'],
  [1e3, '1000'],
  [1.25e21, '1250000000000000000000'],
  [1e-7, '0.0000001'],
  [-1.5e-9, '-0.0000000015'],
  [123456.789, '123456.789'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NaN, 'NaN'],
])('the float %p is %s', (value, text) => expect(floatDigits(value)).toBe(text));

test('a float without an exponent is the same number', () =>
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) =>
      Object.is(Number(floatDigits(value)), value),
    ),
  ));

test.each([
  ['2001-12-14', '2001-12-14T00:00:00Z'],
  ['2001-1-2', '2001-01-02T00:00:00Z'],
  ['2001-12-14t21:59:43.10-05:00', '2001-12-14T21:59:43.1-05:00'],
  ['2001-12-14 21:59:43.000', '2001-12-14T21:59:43Z'],
  ['2001-12-14T21:59:43+00:00', '2001-12-14T21:59:43Z'],
  ['2001-12-14T21:59:43', undefined],
  ['2001-12-14 21:59:43Z', undefined],
  ['2001-02-29', undefined],
  ['2000-02-29', '2000-02-29T00:00:00Z'],
  ['2001-13-01', undefined],
  ['2001-12-14T24:00:00Z', undefined],
])('%s is %p as a time', (raw, text) => expect(timeOf(raw)).toBe(text));

describe('YAML that is written', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom(
        ' ',
        '\n',
        'a',
        '#',
        ':',
        '-',
        '\t',
        '"',
        "'",
        '\r',
        '\u2028',
        '\u0085',
        '|',
        '~',
        '0',
        '.',
      ),
    }),
  );
  test('reads back as it was, also where sops loses a text', () =>
    fc.assert(
      fc.property(
        fc.dictionary(anyText, fc.array(anyText, { maxLength: 3 }), { minKeys: 1, noNullPrototype: true }),
        (values) => {
          const wellFormed = JSON.parse(JSON.stringify(values).toWellFormed()) as typeof values;
          const text = writeYaml([mapOf(wellFormed)]).toString();
          const node = parseYaml(text, 'a.yaml');
          expect(node && toPlain(node)).toEqual(wellFormed);
        },
      ),
      { numRuns: 300 },
    ));

  test('is as Go would write it', () => {
    const source = '# top\na: x # beside\nb: [1, [2, {c: d}]] \n# over c\nc: {d: "1", e: ""}\nf: "a\\nb"\n# end\n';
    expect(writeYaml(readYaml(source, 'a.yaml')).toString()).toBe(
      '# top\na: x # beside\nb:\n    - 1\n    - - 2\n      - c: d\n# over c\nc:\n    d: "1"\n    e: ""\nf: |-\n    a\n    b\n# end\n',
    );
  });
});

describe('INI', () => {
  test('is written with its comments, in columns', () => {
    const source =
      'top=1\n; of the section\n[s]\n# of the key\nkey=`a;b`\nlonger : "x"\nlines = """a\nb"""\n\n[empty]\n';
    expect(writeIni(readIni(source, 'a.ini')).toString()).toBe(
      'top = 1\n\n; of the section\n[s]\n; of the key\nkey    = `a;b`\nlonger = x\nlines  = """a\nb"""\n\n[empty]\n',
    );
  });
  test.each([
    ['[a\n', 'a.ini:1:1: this section has no closing bracket'],
    ['[a]\nb\n', 'a.ini:2:1: this line is neither'],
    ['[a]\nb=1\nb=2\n', 'a.ini:3:1: this key is there twice'],
    ['a = """x\ny\n', 'this quote is never closed'],
    ['a = x\\\ny\n', 'a line that goes on after a backslash is not supported'],
    ['- = x\n', 'a key named - is not supported'],
  ])('%j: %s', (text, message) => expect(() => readIni(text, 'a.ini')).toThrow(message));
});

describe('parts of a key', () => {
  /** Multiplies in the field of AES, in another way than the code under test. */
  const times = (a: number, b: number): number => {
    let [product, x] = [0, a];
    for (let bits = b; bits > 0; bits >>= 1) {
      if (bits & 1) product ^= x;
      x = x & 0x80 ? ((x << 1) ^ 0x11b) & 0xff : x << 1;
    }
    return product;
  };
  test('as many as the threshold give the key', () =>
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.uint8Array({ minLength: 1, maxLength: 4 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { minLength: 5, maxLength: 8 }),
        (key, coefficients, xs) => {
          const part = (x: number): Uint8Array =>
            Uint8Array.from([
              ...key.map((byte) => [...coefficients].reduceRight((sum, one) => times(sum ^ one, x), 0) ^ byte),
              x,
            ]);
          const parts = xs.slice(0, coefficients.length + 1).map(part);
          expect(combine(parts.length < 2 ? [...parts, part(xs[1] ?? 0)] : parts)).toEqual(key);
        },
      ),
    ));
  test.each([
    [[]],
    [[Uint8Array.of(1, 1)]],
    [[Uint8Array.of(1, 1), Uint8Array.of(2, 1)]],
    [[Uint8Array.of(1, 1), Uint8Array.of(2, 2, 2)]],
  ])('%j are none', (parts) => expect(() => combine(parts)).toThrow(RangeError));
});
