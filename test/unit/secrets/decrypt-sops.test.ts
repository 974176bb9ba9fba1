import { beforeAll, describe, expect, test } from '@jest/globals';
import { generateHybridIdentity } from 'age-encryption';
import fc from 'fast-check';
import { generateIdentity, type Identity, recipientOf } from '../../../src/secrets/crypt/identity.ts';
import { checkSops, decryptSops } from '../../../src/secrets/decrypt-sops.ts';
import { equalEncrypted } from '../../../src/secrets/equal-encrypted.ts';
import { plainFile, plainValues } from '../../../src/secrets/plain.ts';
import { parseSops, type SopsFile } from '../../../src/secrets/sops-file.ts';
import { sealedFile } from '../../support/secrets/sealed-file.ts';

let identity: Identity;
let other: Identity;
beforeAll(async () => {
  identity = await generateIdentity();
  other = await generateIdentity();
});

function parsed(name: string, text: string): SopsFile {
  const file = parseSops(Buffer.from(text), name);
  if (!file) throw new Error('no file of sops');
  return file;
}
const seal = (name: string, plain: string, options: Partial<Parameters<typeof sealedFile>[2]> = {}): Promise<string> =>
  sealedFile(name, plain, { recipients: [identity.recipient], ...options });
const open = async (name: string, text: string): Promise<string> =>
  plainFile(await decryptSops(parsed(name, text), [identity])).toString();

test('a file gives its values as sops prints them', async () => {
  const text = await seal('a.yaml', '# c\na: x\nl: [1, 2.5, true, null, ""]\np_unencrypted: y\n');
  // Encrypted values are random letters, so a plain one is looked for as a whole line would have it.
  expect(text).not.toMatch(/: x$|^# c|- 2\.5$/m);
  expect(await open('a.yaml', text)).toBe(
    '# c\na: x\nl:\n    - 1\n    - 2.5\n    - true\n    - null\n    - ""\np_unencrypted: "y"\n',
  );
});

test('any JSON comes back', () =>
  fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.string({ unit: 'binary' }).filter((key) => key !== 'sops'),
        fc.jsonValue({ stringUnit: 'binary' }),
        { noNullPrototype: true },
      ),
      fc.boolean(),
      async (values, macOnlyEncrypted) => {
        // -0 is an integer for Go, and has no sign then.
        const plain = JSON.stringify(values);
        const text = await seal('a.json', plain, { macOnlyEncrypted });
        expect(JSON.parse(await open('a.json', text))).toEqual(JSON.parse(plain));
      },
    ),
    { numRuns: 30 },
  ));

test('a file is opened with the key that it names, among several', async () => {
  const text = await sealedFile('a.env', 'A=x\n', { recipients: [other.recipient, identity.recipient] });
  expect(await open('a.env', text)).toBe('A=x\n');
  const file = parsed('a.env', text);
  await expect(decryptSops(file, [await generateIdentity(), other])).resolves.toBeDefined();
  await expect(decryptSops(file, [])).rejects.toThrow('a.env is not encrypted for the key here');
});

test('a hybrid key opens a file, too', async () => {
  const secret = await generateHybridIdentity();
  const recipient = await recipientOf(secret);
  const file = parsed('a.json', await sealedFile('a.json', '{"a": 1}', { recipients: [recipient] }));
  expect(plainFile(await decryptSops(file, [{ secret, recipient }])).toString()).toBe('{\n\t"a": 1\n}\n');
});

test('a recipient that is named beside the data key of another', async () => {
  const text = (await sealedFile('a.json', '{"a": 1}', { recipients: [other.recipient] })).replace(
    other.recipient,
    identity.recipient,
  );
  await expect(open('a.json', text)).rejects.toThrow(
    `names the key ${identity.recipient}, but it is not encrypted for it`,
  );
});

test('any change of a character is refused, or changes nothing that counts; no message shows a value or a key', async () => {
  const plain = '{"a": "hunter2", "b": [true, 12.5, "hunter3"], "c_unencrypted": "hunter4"}';
  const text = await seal('a.json', plain);
  const right = await open('a.json', text);
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom('A', 'b', '0', '"', ' ', ','), async (at, character) => {
      const changed = text.slice(0, at) + character + text.slice(at + 1);
      try {
        const file = parseSops(Buffer.from(changed), 'a.json');
        const result = file ? plainFile(await decryptSops(file, [identity])).toString() : right;
        // Names are not in the MAC where the value is plain, as with sops.
        expect(result.replace(/"[^"]*_unencrypted"/, '"c_unencrypted"')).toBe(right);
      } catch (error) {
        expect(error).toHaveProperty('code', 'INPUT');
        expect((error as Error).message).not.toMatch(/hunter[23]|AGE-SECRET/);
      }
    }),
    { numRuns: 300 },
  );
});

test('a broken file ends in an error for people, in every format', async () => {
  const ini =
    '[s]\na = x\n; c\nb = `y`\n[sops]\nmac = ENC[x]\nage__list_0__map_enc = x\nlastmodified = 2026-01-02T03:04:05Z\n';
  const files: [string, string][] = [
    ['a.yaml', await seal('a.yaml', '# c\na: x # d\nl: [1, {b: 2}, null]\nm: "a\\nb"\n')],
    ['a.env', await seal('a.env', '#c\nA=x\nB=y\n')],
    ['a.ini', ini],
  ];
  const pieces = fc.constantFrom(
    '',
    '\n',
    ' ',
    '#',
    ':',
    '- ',
    '"',
    "'",
    '[',
    ']',
    '{',
    '}',
    '|',
    '>',
    '&a',
    '*a',
    '!!',
    '=',
    '`',
    '\\',
    '\0',
    '---\n',
    '\uFEFF',
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), fc.nat(), fc.nat(12), pieces, async ([name, text], at, cut, piece) => {
      const from = at % text.length;
      const changed = text.slice(0, from) + piece + text.slice(from + cut);
      try {
        const file = parseSops(Buffer.from(changed), name);
        if (file) plainFile(await decryptSops(file, [identity]));
      } catch (error) {
        expect(error).toHaveProperty('code', 'INPUT');
      }
    }),
    { numRuns: 500 },
  );
});

describe('rules', () => {
  const plain = 'pass_a: x\nb: {pass: y, c: z}\n';
  test.each([
    [{ by: 'encrypted_regex', text: '^(?i)PASS' }, 2],
    [{ by: 'encrypted_regex', text: '^[[:lower:]]{4}$' }, 1],
    [{ by: 'unencrypted_regex', text: 'pass' }, 1],
    [{ by: 'encrypted_suffix', text: '_a' }, 1],
    [{ by: 'unencrypted_suffix', text: '_a' }, 2],
    [{ by: 'unencrypted_suffix', text: 'b' }, 1],
  ] as const)('%j encrypts %i values', async (rule, count) => {
    const text = await seal('a.yaml', plain, { rule });
    expect(text.match(/: ENC\[/g)).toHaveLength(count + 1);
    expect(await open('a.yaml', text)).toBe('pass_a: x\nb:\n    pass: "y"\n    c: z\n'.replace('"y"', '"y"'));
    await checkSops(parsed('a.yaml', text));
  });

  test.each(['a(?=b)', '(a', `${'a'.repeat(501)}`])('%s is no pattern to use', async (pattern) => {
    const text = (await seal('a.yaml', plain)).replace(/unencrypted_suffix: .*/, `encrypted_regex: ${pattern}`);
    await expect(open('a.yaml', text)).rejects.toThrow(/a.yaml:1:1: encrypted_regex is (no regular|longer than 500)/);
  });

  test('a pattern that takes other engines for ever takes no time', async () => {
    const keys = `${'a'.repeat(2000)}!: x\n`;
    const text = await seal('a.yaml', keys, { rule: { by: 'unencrypted_regex', text: '^(a+)+$|^(a|aa)*$' } });
    const start = performance.now();
    await open('a.yaml', text);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test('without a key, plain values that must be encrypted are found', async () => {
    const text = `x: plain\n${(await seal('a.yaml', plain)).replace('pass_a:', 'y: 5\npass_a:')}`;
    await expect(checkSops(parsed('a.yaml', text))).rejects.toThrow(
      'a.yaml:1:4: this value is not encrypted, and the rule of this file asks for it\na.yaml:2:4: this value is',
    );
  });

  test('comments before one value are limited, as rules may look at all of them', async () => {
    await expect(seal('a.yaml', `${'# x\n'.repeat(1001)}a: 1\n`)).rejects.toThrow(
      'over 1000 comments before one value',
    );
  });
});

describe('equal encrypted values', () => {
  const sealWith = (plain: string, seed = 1, recipients = [identity.recipient]): Promise<string> => {
    let count = 0;
    const random = (size: number): Uint8Array => new Uint8Array(size).fill(seed + count++);
    return sealedFile('a.yaml', plain, { recipients, dataKey: new Uint8Array(32).fill(7), random });
  };
  const equal = (a: string, b: string): boolean => equalEncrypted(parsed('a.yaml', a), parsed('a.yaml', b));
  const plain = '# c\na: x\nl: [1, null]\np_unencrypted: y\n';

  test('recipients, MAC and time make no difference', async () => {
    const a = await sealWith(plain);
    expect(equal(a, await sealWith(plain, 1, [identity.recipient, other.recipient]))).toBe(true);
    expect(equal(a, a.replace('2026-01', '2027-01'))).toBe(true);
    expect(equal(a, a.replace('3.11.0', '3.12.0'))).toBe(true);
  });

  test.each([
    ['a value', '# c\na: z\nl: [1, null]\np_unencrypted: y\n'],
    ['a plain value', '# c\na: x\nl: [1, null]\np_unencrypted: z\n'],
    ['a name', '# c\nb: x\nl: [1, null]\np_unencrypted: y\n'],
    ['a comment', '# d\na: x\nl: [1, null]\np_unencrypted: y\n'],
    ['a null', '# c\na: x\nl: [1, null, null]\np_unencrypted: y\n'],
    ['a document', `${plain}---\n{}\n`],
  ])('%s makes one', async (_, changed) => expect(equal(await sealWith(plain), await sealWith(changed))).toBe(false));

  test('other random bytes or another rule make one', async () => {
    const a = await sealWith(plain);
    expect(equal(a, await sealWith(plain, 100))).toBe(false);
    expect(equal(a, a.replace('unencrypted_suffix: _unencrypted', 'unencrypted_suffix: _u'))).toBe(false);
  });
});

describe('values by name', () => {
  const values = async (name: string, plain: string) =>
    plainValues(await decryptSops(parsed(name, await seal(name, plain)), [identity]));

  test('scalars are texts as in YAML', async () => {
    const found = await values('a.yaml', 'a: x\nb: 0x10\nc: 1.50\nd: true\ne: null\nf: "07"\n__proto__: y\n');
    expect([...found]).toEqual([
      ['a', 'x'],
      ['b', '16'],
      ['c', '1.5'],
      ['d', 'true'],
      ['e', ''],
      ['f', '07'],
      ['__proto__', 'y'],
    ]);
    expect([...(await values('a.env', 'A=x\nB=\n'))]).toEqual([
      ['A', 'x'],
      ['B', ''],
    ]);
  });

  test('anything else is refused', async () => {
    await expect(values('a.yaml', 'a: [x]\n')).rejects.toThrow('a.yaml:1:1: a is a list, and a value is one text');
    await expect(values('a.json', '{"a": {}}')).rejects.toThrow('a.json:2:2: a is a mapping');
    await expect(values('a.yaml', 'a: 1\n---\nb: 2\n')).rejects.toThrow('a.yaml has no names with values');
  });
});
