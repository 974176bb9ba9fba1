import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { SshReader, sshString } from './ssh-wire.ts';

const MAGIC = 'SSHSIG';
const HASH = 'sha512';
const LINE = 70;

/** An armored signature by an Ed25519 key, as `ssh-keygen -Y sign` makes it. */
export function signSsh(key: KeyObject, message: Uint8Array, namespace: string): string {
  const digest = createHash(HASH).update(message).digest();
  const purpose = [sshString(namespace), sshString(''), sshString(HASH)];
  const signature = sign(null, Buffer.concat([Buffer.from(MAGIC), ...purpose, sshString(digest)]), key);
  const version = Buffer.from([0, 0, 0, 1]);
  const blob = Buffer.concat([
    Buffer.from(MAGIC),
    version,
    sshString(sshPublicBlob(key)),
    ...purpose,
    sshString(Buffer.concat([sshString('ssh-ed25519'), sshString(signature)])),
  ]);
  const lines = blob.toString('base64').match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`;
}

/** The public half of an Ed25519 key, as SSH writes it. */
export function sshPublicBlob(key: KeyObject): Buffer {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  return Buffer.concat([sshString('ssh-ed25519'), sshString(Buffer.from(x, 'base64url'))]);
}

/**
 * An Ed25519 key from OpenSSH's own file format, without a passphrase; undefined for every other key, which only the ssh-keygen program can
 * use. Source: OpenSSH's PROTOCOL.key.
 */
export function readOpenSshKey(text: string): KeyObject | undefined {
  const body = /^-----BEGIN OPENSSH PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END OPENSSH PRIVATE KEY-----\s*$/.exec(
    text,
  )?.[1];
  if (body === undefined) return undefined;
  try {
    const reader = new SshReader(Buffer.from(body, 'base64'));
    if (reader.take(15).toString('latin1') !== 'openssh-key-v1\0') return undefined;
    if (reader.text() !== 'none') return undefined;
    reader.string();
    reader.string();
    if (reader.uint32() !== 1) return undefined;
    reader.string();
    const secret = new SshReader(reader.string());
    // Two numbers that are equal, unless the file is encrypted.
    const [one, other] = [secret.uint32(), secret.uint32()];
    if (one !== other || secret.text() !== 'ssh-ed25519') return undefined;
    const [x, both] = [secret.string(), secret.string()];
    return createPrivateKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url'), d: both.subarray(0, 32).toString('base64url') },
      format: 'jwk',
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
