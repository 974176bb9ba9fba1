import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseAllowedSigner } from '../../../src/trust/signature/allowed-signers.ts';
import { parseSshSignature } from '../../../src/trust/signature/ssh-signature.ts';
import { type KeyPair, sshKeyPair, sshSign, sshVerifies } from '../../support/git/signing.ts';

let dir: string;
const keys = new Map<string, KeyPair>();
const KINDS: [name: string, type: string, bits?: number][] = [
  ['ed25519', 'ed25519'],
  ['ecdsa-256', 'ecdsa', 256],
  ['ecdsa-384', 'ecdsa', 384],
  ['ecdsa-521', 'ecdsa', 521],
  ['rsa-2048', 'rsa', 2048],
  ['rsa-3072', 'rsa', 3072],
];
const key = (name: string): KeyPair => keys.get(name) as KeyPair;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-ssh-'));
  for (const [name, type, bits] of KINDS) keys.set(name, await sshKeyPair(dir, name, type, bits));
  keys.set('weak', await sshKeyPair(dir, 'weak', 'rsa', 1024));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe.each(KINDS.map(([name]) => name))('a signature of ssh-keygen by %s', (name) => {
  test.each(['sha256', 'sha512'])(
    'is right over what was signed, hashed with %s, and over nothing else',
    async (hash) => {
      const message = 'tree 1\n\nHello\n';
      const signature = await sshSign(key(name), message, 'git', hash);
      const parsed = parseSshSignature(signature);
      expect(parsed.namespace).toBe('git');
      expect(parsed.key.fingerprint).toBe(key(name).fingerprint);
      expect(parsed.verifies(Buffer.from(message))).toBe(true);
      expect(parsed.verifies(Buffer.from(`${message} `))).toBe(false);
      expect(await sshVerifies(dir, `who ${key(name).line}`, message, signature)).toBe(true);
    },
  );

  test('is refused with any bit flipped, in it or in the message', async () => {
    const message = Buffer.from('tree 1\n\nHello\n');
    const signature = Buffer.from((await sshSign(key(name), message)).trimEnd());
    const allowed = parseAllowedSigner(key(name).line).key.fingerprint;
    fc.assert(
      fc.property(fc.boolean(), fc.nat(), fc.nat(7), (inMessage, at, bit) => {
        const flipped = Buffer.from(inMessage ? message : signature);
        flipped[at % flipped.length] = (flipped[at % flipped.length] ?? 0) ^ (1 << bit);
        expect(accepted(inMessage ? signature : flipped, inMessage ? flipped : message, allowed)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

function accepted(signature: Buffer, message: Buffer, fingerprint: string): boolean {
  try {
    const parsed = parseSshSignature(signature.toString('latin1'));
    return parsed.namespace === 'git' && parsed.key.fingerprint === fingerprint && parsed.verifies(message);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

describe('a signature', () => {
  test('is read in one spelling only: with anything before, after or within it, it is refused', async () => {
    const signature = await sshSign(key('ed25519'), 'x');
    const lines = signature.trimEnd().split('\n');
    for (const other of [
      `x${signature}`,
      `${signature}x`,
      signature.replace('\n', '\n\nComment: x\n\n'),
      signature.replaceAll('SSH', 'PGP'),
      [lines[0], ...lines.slice(2)].join('\n'),
      '',
    ])
      expect(() => parseSshSignature(other)).toThrow(RangeError);
  });
});

describe('an allowed signers line', () => {
  const line = (): string => key('ed25519').line;

  test('is read with its principals, its purposes and its times', () => {
    const options = 'namespaces="git,holdfast-beacon",valid-after="20260101",valid-before="20270101120000Z"';
    expect(parseAllowedSigner(`ada@example.org,"A B" ${options} ${line()}`)).toMatchObject({
      principals: 'ada@example.org,A B',
      namespaces: ['git', 'holdfast-beacon'],
      validAfter: Date.UTC(2026, 0, 1),
      validBefore: Date.UTC(2027, 0, 1, 12),
      key: { type: 'ssh-ed25519', fingerprint: key('ed25519').fingerprint },
    });
  });

  test('may be the line of a .pub file', () => {
    expect(parseAllowedSigner(line())).toMatchObject({ principals: '', key: { type: 'ssh-ed25519' } });
  });

  test.each([
    ['cert-authority', () => `a cert-authority ${line()}`, 'cert-authority is not supported'],
    ['an unknown option', () => `a verify-required ${line()}`, 'the option verify-required is not known'],
    ['a pattern', () => `a namespaces="*" ${line()}`, 'patterns in namespaces'],
    ['a date that is none', () => `a valid-before="20260231" ${line()}`, 'valid-before is no date'],
    ['an option in the place of principals', () => `namespaces="git" ${line()}`, 'it begins with an option'],
    ['a date in the place of principals', () => `Valid-Before="20260101" ${line()}`, 'it begins with an option'],
    ['no key', () => 'ada@example.org', 'it has no key'],
    ['a DSA key', () => 'a ssh-dss AAAA', 'keys of type ssh-dss cannot be used'],
    ['a certificate', () => 'a ssh-ed25519-cert-v01@openssh.com AAAA', 'certificates cannot be used'],
    ['a damaged key', () => line().replace(/AAAAC3/, 'AAAAC4'), ''],
    ['another type than its key', () => key('rsa-2048').line.replace('ssh-rsa', 'ssh-ed25519'), 'its key is a ssh-rsa'],
    ['a weak key', () => key('weak').line, 'an RSA key of 1024 bits is too weak'],
    ['an open quote', () => `a namespaces="git ${line()}`, 'a quote in it is not closed'],
  ])('with %s is refused', (_, text, words) => {
    expect(() => parseAllowedSigner(text())).toThrow(words);
    expect(() => parseAllowedSigner(text())).toThrow(RangeError);
  });

  test('is read or refused, and never crashes, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ssh-ed25519 AAAAC3Nza,="\\\'\t@é'), maxLength: 80 }),
        (text) => {
          try {
            parseAllowedSigner(text);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
    );
  });
});
