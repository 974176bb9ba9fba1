import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { expect, test } from '@jest/globals';
import ssh2, { type ParsedKey } from 'ssh2';
import { readableKey } from '../../../src/git/transport/ssh-private-key.ts';

const KEYS: [name: string, key: KeyObject][] = [
  ['Ed25519', generateKeyPairSync('ed25519').privateKey],
  ['ECDSA P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
  ['ECDSA P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
  ['ECDSA P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey],
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
];
const pkcs8 = (key: KeyObject, passphrase?: string): string =>
  key
    .export({ type: 'pkcs8', format: 'pem', ...(passphrase !== undefined && { cipher: 'aes-256-cbc', passphrase }) })
    .toString();

function parsed(text: string): ParsedKey {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
}

test.each(KEYS)('a key in PKCS#8 is read: %s', (_, key) => {
  for (const text of [readableKey(pkcs8(key), undefined, 'key'), readableKey(pkcs8(key, 'sesame'), 'sesame', 'key')]) {
    const read = parsed(text);
    const data = Buffer.from('the signed text');
    const signature = read.sign(data, key.asymmetricKeyType === 'rsa' ? 'sha256' : undefined);
    if (signature instanceof Error) throw signature;
    const isRight =
      key.asymmetricKeyType === 'ed25519'
        ? verify(undefined, data, createPublicKey(key), signature)
        : read.verify(data, signature, key.asymmetricKeyType === 'rsa' ? 'sha256' : undefined);
    expect(isRight).toBe(true);
    expect(createPublicKey(read.getPublicPEM()).equals(createPublicKey(key))).toBe(true);
  }
});

test('an encrypted one without its passphrase, or with another, is refused in words that do not hold it', () => {
  const text = pkcs8(KEYS[0]?.[1] as KeyObject, 'sesame');
  expect(() => readableKey(text, undefined, '/etc/key')).toThrow(
    'The SSH key /etc/key cannot be used: it is encrypted, and no passphrase is given (--ssh-passphrase-file)',
  );
  expect(() => readableKey(text, 'barley', '/etc/key')).toThrow(/^The SSH key .*: the passphrase does not open it/);
  expect(() => readableKey(text, 'barley', '/etc/key')).not.toThrow(/barley/);
});

test('a damaged one, and one of a kind that signs nothing for SSH, is refused in words', () => {
  expect(() => readableKey('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', undefined, 'key')).toThrow(
    /^The SSH key key cannot be used: /,
  );
  expect(() => readableKey(pkcs8(generateKeyPairSync('x25519').privateKey), undefined, 'key')).toThrow(
    /keys of type x25519 cannot be; known are Ed25519, ECDSA and RSA/,
  );
});

test('other formats are left as they are', () => {
  for (const text of [
    ssh2.utils.generateKeyPairSync('ed25519').private,
    KEYS[4]?.[1].export({ type: 'pkcs1', format: 'pem' }).toString() ?? '',
    'no key',
  ])
    expect(readableKey(text, undefined, 'key')).toBe(text);
});
