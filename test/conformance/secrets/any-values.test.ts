import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decryptSops } from '../../../src/secrets/decrypt-sops.ts';
import { plainFile } from '../../../src/secrets/plain.ts';
import { parseSops } from '../../../src/secrets/sops-file.ts';
import { openSops, type Sops } from '../../support/secrets/sops.ts';

const program = process.env.SOPS_PEER ?? '';
const RUNS = 12;

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.string({
    unit: fc.constantFrom(' ', '\n', 'a', '#', ':', '-', '"', "'", '\t', '1', '.', 'e', '\\', '[', '\r'),
    maxLength: 8,
  }),
  fc.constantFrom(
    '1',
    '1.0',
    'true',
    'null',
    '~',
    '',
    '0x1',
    '2001-01-01',
    'yes',
    '1_0',
    '.5',
    '=',
    '+',
    '-.inf',
    '0b2',
    '08',
    '1:30',
  ),
);
/** sops writes these in YAML so that it does not read them again as they were. */
const isLost = (text: string): boolean => /^[ \t\n][\s\S]*\n|^\n|[\u2028\u2029\uFEFF]|^<<$/.test(text);
const scalar = (text: fc.Arbitrary<string>) =>
  fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null), fc.double({ noNaN: true, noDefaultInfinity: true }));
const tree = (text: fc.Arbitrary<string>) =>
  fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3, withCrossShrink: true }, scalar(text), tie('list'), tie('map')),
    list: fc.array(tie('value'), { maxLength: 4 }),
    map: fc.dictionary(
      text.filter((key) => key !== 'sops'),
      tie('value'),
      { maxKeys: 5, noNullPrototype: true },
    ),
  })).map;

(existsSync(program) ? describe : describe.skip)('files of any values, beside sops', () => {
  let sops: Sops;
  beforeAll(async () => {
    sops = await openSops(program);
  });
  afterAll(() => sops.remove());

  const expectSame = async (name: string, plain: string): Promise<void> => {
    const text = await sops.encrypt(name, plain);
    const theirs = await sops.decrypt(name, text);
    const file = parseSops(Buffer.from(text), name);
    if (!file || 'refusal' in theirs) throw new Error('refusal' in theirs ? theirs.refusal : 'no file of sops');
    expect(plainFile(await decryptSops(file, [sops.identity])).toString()).toBe(theirs.output.toString());
  };

  test('YAML', () =>
    fc.assert(
      fc.asyncProperty(tree(anyText.filter((text) => !isLost(text))), (values) =>
        expectSame('a.yaml', JSON.stringify(values)),
      ),
      { numRuns: RUNS },
    ));

  test('JSON', () =>
    fc.assert(
      fc.asyncProperty(tree(anyText), (values) => expectSame('a.json', JSON.stringify(values))),
      { numRuns: RUNS },
    ));

  test('dotenv', () =>
    fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.stringMatching(/^[A-Za-z_ .-]{1,8}$/).filter((name) => !name.startsWith('sops_')),
          anyText,
        ),
        (values) => {
          const lines = Object.entries(values).map(([name, text]) => `${name}=${text.replaceAll('\n', '\\n')}\n`);
          return expectSame('a.env', lines.join(''));
        },
      ),
      { numRuns: RUNS },
    ));

  test('binary', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
        const text = await sops.encrypt('a.bin', bytes);
        const file = parseSops(Buffer.from(text), 'a.bin');
        if (!file) throw new Error('no file of sops');
        expect(plainFile(await decryptSops(file, [sops.identity])).equals(Buffer.from(bytes))).toBe(true);
      }),
      { numRuns: RUNS },
    ));
});
