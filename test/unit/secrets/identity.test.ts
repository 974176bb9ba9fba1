import { beforeAll, describe, expect, test } from '@jest/globals';
import { generateHybridIdentity } from 'age-encryption';
import {
  generateIdentity,
  type Identity,
  keyFileText,
  parseIdentities,
  recipientOf,
} from '../../../src/secrets/crypt/identity.ts';

let identity: Identity;
beforeAll(async () => {
  identity = await generateIdentity();
});

test('a new key is one of age, and its file reads back', async () => {
  expect(identity.secret).toMatch(/^AGE-SECRET-KEY-1[0-9A-Z]{58}$/);
  expect(identity.recipient).toMatch(/^age1[0-9a-z]{58}$/);
  expect(await parseIdentities(keyFileText(identity), 'keys.txt')).toEqual([identity]);
  expect((await generateIdentity()).secret).not.toBe(identity.secret);
});

test('the recipient is the one that age-keygen prints', async () => {
  // `age-keygen -y` of age 1.3.1 said so.
  const secret = 'AGE-SECRET-KEY-1YEPCWK5YX4Z886679MLN46NN7ADR4RZPMEUQQ0WNH0QWHMUEY7VQX6PLCC';
  expect(await recipientOf(secret)).toBe('age105uegvs800qn0lmjyesv3rdfvhtjp2jlwmr9gv6v5ljerswt34ns4ue8c0');
});

test('several keys, comments, empty lines and both kinds', async () => {
  const hybrid = await generateHybridIdentity();
  const text = `# made today\r\n\r\n${identity.secret}\r\n  ${hybrid}  \n#${identity.secret}\n`;
  expect((await parseIdentities(text, 'keys.txt')).map(({ secret }) => secret)).toEqual([identity.secret, hybrid]);
});

describe('a line that is no key is refused, and not shown', () => {
  test.each([
    ['AGE-PLUGIN-YUBIKEY-1SECRET', 'keys.txt:2:1: this key needs a plugin of age, and plugins are not supported'],
    ['-----BEGIN AGE ENCRYPTED FILE-----', 'this key file is encrypted with a passphrase'],
    ['-----BEGIN OPENSSH PRIVATE KEY-----', 'this is a key of SSH, and not one of age'],
    ['age1secret', 'this is a public key; the private one is needed here'],
    ['secret', 'this line is no age key'],
    ['AGE-SECRET-KEY-1SECRET', 'the age key has a wrong checksum, or a part of it is missing'],
    ['AGE-SECRET-KEY-PQ-1SECRET', 'the age key has a wrong checksum, or a part of it is missing'],
  ])('%s', async (line, message) => {
    const refusal = parseIdentities(`#\n${line}\n`, 'keys.txt').then(String, (error: Error) => error.message);
    expect(await refusal).toContain(message);
    expect((await refusal).replaceAll('AGE-SECRET-KEY-1…', '')).not.toMatch(/secret/i);
  });

  test('a key with one wrong character', async () => {
    const wrong = identity.secret.replace(/.$/, (last) => (last === 'Q' ? 'P' : 'Q'));
    const refusal = await parseIdentities(wrong, 'keys.txt').catch((error: Error) => error.message);
    expect(refusal).toContain('keys.txt:1:1: the age key has a wrong checksum');
    expect(refusal).not.toContain(wrong.slice(20, 40));
  });

  test('a file without a key, and one that is too large', async () => {
    await expect(parseIdentities('# nothing\n', 'keys.txt')).rejects.toThrow(
      'keys.txt:1:1: the file holds no age key (`holdfast keygen` makes one)',
    );
    await expect(parseIdentities('#'.repeat(300_000), 'keys.txt')).rejects.toThrow('too large');
    await expect(parseIdentities(`${identity.secret}\n`.repeat(101), 'keys.txt')).rejects.toThrow('over 100 keys');
  });
});
