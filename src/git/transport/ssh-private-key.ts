import { createPrivateKey, type KeyObject } from 'node:crypto';
import { messageOf, SourceError } from '../../lib/errors.ts';
import { excerpt } from '../../lib/text/printable.ts';

/**
 * A private key as ssh2 reads it: it knows the formats of OpenSSH, of PuTTY and the older ones of OpenSSL, and not PKCS#8, in which most tools write
 * keys today. A key in any other form is given back as it is. Throws SourceError.
 */
export function readableKey(text: string, passphrase: string | undefined, file: string): string {
  const found = /^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/m.exec(text);
  if (!found) return text;
  const [, encrypted] = found;
  const refused = (why: string, cause?: unknown): SourceError =>
    new SourceError('auth', `The SSH key ${file} cannot be used: ${why}`, { cause });
  if (encrypted !== undefined && passphrase === undefined)
    throw refused('it is encrypted, and no passphrase is given (--ssh-passphrase-file)');
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, ...(encrypted !== undefined && { passphrase }) });
  } catch (error) {
    throw refused(
      encrypted === undefined
        ? excerpt(messageOf(error))
        : 'the passphrase does not open it, or it is encrypted in a way that is not read any more',
      error,
    );
  }
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return key.export({ type: 'pkcs1', format: 'pem' }).toString();
    case 'ec':
      return key.export({ type: 'sec1', format: 'pem' }).toString();
    case 'ed25519':
      return ed25519AsOpenSsh(key);
    default:
      throw refused(`keys of type ${key.asymmetricKeyType} cannot be; known are Ed25519, ECDSA and RSA`);
  }
}

/** Source: OpenSSH, PROTOCOL.key. */
function ed25519AsOpenSsh(key: KeyObject): string {
  const { d = '', x = '' } = key.export({ format: 'jwk' });
  const [seed, point] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  const type = Buffer.from('ssh-ed25519');
  const check = Buffer.alloc(8);
  const secret = Buffer.concat([check, ...[type, point, Buffer.concat([seed, point]), Buffer.alloc(0)].map(counted)]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (secret.length % 8)) % 8);
  const none = counted(Buffer.from('none'));
  const one = Buffer.from([0, 0, 0, 1]);
  const blob = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    none,
    none,
    counted(Buffer.alloc(0)),
    one,
    counted(Buffer.concat([type, point].map(counted))),
    counted(Buffer.concat([secret, padding])),
  ]);
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

function counted(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
