import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { sshKey } from '../../../src/trust/signature/ssh-key.ts';
import { sshString } from '../../../src/trust/signature/ssh-wire.ts';

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();
const data = Buffer.from('the signed text');
const TOUCHED = 1;

/** The message that a security key signs, by OpenSSH's PROTOCOL.u2f. */
function signed(application: string, flags: number): { suffix: Buffer; message: Buffer } {
  const suffix = Buffer.from([flags, 0, 0, 0, 7]);
  return { suffix, message: Buffer.concat([sha256(Buffer.from(application)), suffix, sha256(data)]) };
}

const positive = (bytes: Buffer): Buffer => {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  return sshString((trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed);
};

function securityKeyEd25519(application: string, flags: number) {
  const type = 'sk-ssh-ed25519@openssh.com';
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const point = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const blob = Buffer.concat([sshString(type), sshString(point), sshString(application)]);
  const { suffix, message } = signed(application, flags);
  return { blob, signature: Buffer.concat([sshString(type), sshString(sign(null, message, privateKey)), suffix]) };
}

function securityKeyEcdsa(application: string, flags: number) {
  const type = 'sk-ecdsa-sha2-nistp256@openssh.com';
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = (publicKey as KeyObject).export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const blob = Buffer.concat([sshString(type), sshString('nistp256'), sshString(point), sshString(application)]);
  const { suffix, message } = signed(application, flags);
  const both = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const numbers = Buffer.concat([positive(both.subarray(0, 32)), positive(both.subarray(32))]);
  return { blob, signature: Buffer.concat([sshString(type), sshString(numbers), suffix]) };
}

describe.each([
  ['sk-ssh-ed25519', securityKeyEd25519],
  ['sk-ecdsa-sha2-nistp256', securityKeyEcdsa],
])('a signature by a security key, %s,', (_, make) => {
  test('is right over what was signed and over nothing else', () => {
    const { blob, signature } = make('ssh:', TOUCHED);
    expect(sshKey(blob).verifies(signature, data)).toBe(true);
    expect(sshKey(blob).verifies(signature, Buffer.from('something else'))).toBe(false);
    const counted = Buffer.from(signature);
    counted[counted.length - 1] = 8;
    expect(sshKey(blob).verifies(counted, data)).toBe(false);
    expect(sshKey(make('ssh:', TOUCHED).blob).verifies(signature, data)).toBe(false);
  });

  test('is refused when nobody touched the key', () => {
    const { blob, signature } = make('ssh:', 0);
    expect(sshKey(blob).verifies(signature, data)).toBe(false);
  });
});
