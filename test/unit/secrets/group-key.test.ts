import { describe, expect, test } from '@jest/globals';
import { armor, Encrypter, generateHybridIdentity } from 'age-encryption';
import fc from 'fast-check';
import { InputError } from '../../../src/lib/errors.ts';
import { openAgeFile, readAgeFile, sealAgeFile } from '../../../src/secrets/crypt/age-file.ts';
import { generateIdentity, recipientOf } from '../../../src/secrets/crypt/identity.ts';
import { groupKeyText, openGroupKey } from '../../../src/secrets/group-key.ts';

const PATH = 'keys/shops/eu/shop-17.age';
const [site, other, current, former] = [
  await generateIdentity(),
  await generateIdentity(),
  await generateIdentity(),
  await generateIdentity(),
];
const text = groupKeyText('shops', [current, former]);
const bytes = (file: string): Uint8Array => new TextEncoder().encode(file);
const sealed = await sealAgeFile(text, [other.recipient, site.recipient]);
const open = (file: string | Uint8Array, group = 'shops', keys = [site]) =>
  openGroupKey({ group, path: PATH }, typeof file === 'string' ? bytes(file) : file, keys);
const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(JSON.stringify, (error: Error) => error.message);

test('a site opens the keys of its group: the current one first, and the former ones', async () => {
  expect(await open(sealed)).toEqual([current, former]);
  expect(await open(sealed, 'shops', [await generateIdentity(), other])).toEqual([current, former]);
  expect(await open(sealed.replaceAll('\n', '\r\n'))).toEqual([current, former]);
});

test('a site with a hybrid key opens it as well', async () => {
  const secret = await generateHybridIdentity();
  const hybrid = { secret, recipient: await recipientOf(secret) };
  expect(await open(await sealAgeFile(text, [hybrid.recipient]), 'shops', [hybrid])).toEqual([current, former]);
});

test('the key of one group under the name of another one is refused', async () => {
  expect(await refusal(open(sealed, 'masts'))).toBe(
    `${PATH}:1:1: the file does not hold the key of the group masts: it was copied from another place (write it again with \`holdfast recipients\`)`,
  );
  for (const stolen of [`${current.secret}\n`, '', `#\n${text}`, text.slice(0, 10)])
    expect(await refusal(open(await sealAgeFile(stolen, [site.recipient])))).toContain(
      'does not hold the key of the group',
    );
});

test('the file of another site says for which key it is not encrypted', async () => {
  expect(await refusal(open(sealed, 'shops', [await generateIdentity()]))).toMatch(
    /^keys\/shops\/eu\/shop-17\.age:1:1: the file is not encrypted for the key here, age1\w+ \(write it again/,
  );
});

const lines = sealed.split('\n');
const raw = armor.decode(sealed);
const withScrypt = async (): Promise<string> => {
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(4);
  encrypter.setPassphrase('weasel');
  return armor.encode(await encrypter.encrypt(text));
};
const header = (stanzas: string): string =>
  armor.encode(bytes(`age-encryption.org/v1\n${stanzas}--- ${'A'.repeat(43)}\n${'x'.repeat(80)}`));
const STANZA = `-> X25519 ${'A'.repeat(43)}\n${'A'.repeat(43)}\n`;

describe('a file that is no key of a group is refused with its path and the reason', () => {
  test.each<[string, string | Uint8Array | (() => Promise<string>), RegExp]>([
    ['nothing', '', /not a file that age encrypted and armoured/],
    ['a text', 'AGE-SECRET-KEY-1SECRET', /not a file that age encrypted and armoured/],
    ['no text', new Uint8Array([0, 255, 254]), /not a file that age encrypted and armoured/],
    ['one that is cut in the armour', lines.slice(0, 5).join('\n'), /a part of it is missing/],
    ['one that is cut in its header', armor.encode(raw.subarray(0, 150)), /a part of this file of age is missing/],
    ['one that is cut before its text', armor.encode(raw.subarray(0, raw.length - text.length - 20)), /missing/],
    ['one that is cut in its text', armor.encode(raw.subarray(0, raw.length - 3)), /was changed, or a part of it/],
    ['a changed one', armor.encode(raw.map((byte, at) => (at === raw.length - 9 ? byte ^ 1 : byte))), /was changed/],
    ['one that is not armoured', raw, /not armoured \(encrypt it with `age --armor`\)/],
    ['2 MB', sealed.padEnd(2 * 1024 * 1024, '\n'), /larger than 64 KB/],
    ['a passphrase', withScrypt, /encrypted with a passphrase/],
    ['another version', armor.encode(bytes('age-encryption.org/v2\n')), /not a file of age, version 1/],
    ['keys of SSH alone', header(`-> ssh-ed25519 AAAA ${'A'.repeat(43)}\n${'A'.repeat(43)}\n`), /kind ssh-ed25519/],
    ['no recipient', header(''), /only keys are of the kind none/],
    ['many recipients', header(STANZA.repeat(101)), /for over 100 keys/],
    ['recipients that are none', header(STANZA), /was changed, or a part of it is missing|not encrypted for the key/],
    ['no key in it', () => sealAgeFile('# Key of the group shops\n', [site.recipient]), /holds no age key/],
    ['a wrong key in it', () => sealAgeFile('# Key of the group shops\nweasel\n', [site.recipient]), /is no age key/],
  ])('%s', async (_, file, reason) => {
    const message = await refusal(open(typeof file === 'function' ? await file() : file));
    expect(message).toMatch(/^keys\/shops\/eu\/shop-17\.age:\d:1: /);
    expect(message).toMatch(reason);
    expect(message).not.toMatch(/weasel|AGE-SECRET-KEY-1[0-9A-Z]/);
  });
});

test('any other change of the file is refused, in words, or changes nothing', async () => {
  const change = fc.record({ at: fc.nat(raw.length - 1), bits: fc.integer({ min: 1, max: 255 }), cut: fc.nat(40) });
  await fc.assert(
    fc.asyncProperty(change, fc.boolean(), async ({ at, bits, cut }, isArmour) => {
      const source = isArmour ? bytes(sealed) : raw;
      const changed = source.map((byte, index) => (index === at ? byte ^ bits : byte)).subarray(0, source.length - cut);
      const result = await open(isArmour ? changed : armor.encode(changed)).catch((error: unknown) => error);
      if (result instanceof InputError) expect(result.message).toMatch(/^keys\/shops\/eu\/shop-17\.age:1:1: /);
      else expect(result).toEqual([current, former]);
    }),
  );
});

test('the structure is checked without a key', async () => {
  expect(await readAgeFile(bytes(sealed), PATH)).toEqual(raw);
  expect(await refusal(readAgeFile(bytes(await withScrypt()), PATH))).toContain('encrypted with a passphrase');
});

test('a file is sealed for public keys alone', async () => {
  expect(await refusal(sealAgeFile(text, ['age1weasel']))).toContain('age1weasel is no public age key');
  const many = Array.from({ length: 101 }, () => site.recipient);
  expect(await refusal(sealAgeFile(text, many))).toContain('cannot be encrypted for 101 public keys: 100 are the most');
  expect(await open(await sealAgeFile(text, many.slice(1)))).toEqual([current, former]);
  expect(Buffer.from(await openAgeFile(bytes(sealed), PATH, [other])).toString()).toBe(text);
});
