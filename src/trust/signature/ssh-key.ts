import { createHash, createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { SshReader } from './ssh-wire.ts';

/** A public key in SSH's encoding, and the check of its signatures. */
export interface SshKey {
  type: SshKeyType;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  fingerprint: string;
  /** The signature blob (RFC 4253, section 6.6) is over `data` and by this key. False for a blob that cannot be read. */
  verifies(signature: Uint8Array, data: Uint8Array): boolean;
}

export type SshKeyType = keyof typeof TYPES;

const TYPES = {
  'ssh-ed25519': ed25519,
  'ecdsa-sha2-nistp256': ecdsa,
  'ecdsa-sha2-nistp384': ecdsa,
  'ecdsa-sha2-nistp521': ecdsa,
  'ssh-rsa': rsa,
  'sk-ssh-ed25519@openssh.com': securityKeyEd25519,
  'sk-ecdsa-sha2-nistp256@openssh.com': securityKeyEcdsa,
} as const;

export const SSH_KEY_TYPES = Object.keys(TYPES) as SshKeyType[];

const CURVES: Record<string, { jwk: string; bytes: number; hash: string }> = {
  nistp256: { jwk: 'P-256', bytes: 32, hash: 'sha256' },
  nistp384: { jwk: 'P-384', bytes: 48, hash: 'sha384' },
  nistp521: { jwk: 'P-521', bytes: 66, hash: 'sha512' },
};
const RSA_HASHES: Record<string, string> = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' };
const LEAST_RSA_BITS = 2048;
/** The flag of a security key that a person touched. */
const TOUCHED = 1;

type Check = (signature: Uint8Array, data: Uint8Array) => boolean;

/** The key in a public key blob. Throws RangeError with the problem as its message, for a key that is damaged, too weak or of an unknown type. */
export function sshKey(blob: Uint8Array): SshKey {
  const reader = new SshReader(blob);
  const type = reader.text();
  if (!Object.hasOwn(TYPES, type))
    throw new RangeError(`keys of type ${JSON.stringify(type.slice(0, 60))} cannot be used`);
  const check = TYPES[type as SshKeyType](reader, type);
  return {
    type: type as SshKeyType,
    fingerprint: fingerprintOf(blob),
    verifies(signature, data) {
      try {
        return check(signature, data);
      } catch (error) {
        if (error instanceof RangeError || isCryptoError(error)) return false;
        throw error;
      }
    },
  };
}

export const fingerprintOf = (blob: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;

function ed25519(reader: SshReader): Check {
  const key = ed25519Key(reader);
  reader.end();
  return (signature, data) => verify(null, data, key, plainSignature(signature, 'ssh-ed25519'));
}

function ecdsa(reader: SshReader, type: string): Check {
  const { key, curve } = ecdsaKey(reader, type.slice('ecdsa-sha2-'.length));
  reader.end();
  return (signature, data) =>
    verify(
      curve.hash,
      data,
      { key, dsaEncoding: 'ieee-p1363' },
      twoNumbers(plainSignature(signature, type), curve.bytes),
    );
}

function rsa(reader: SshReader): Check {
  const e = reader.positive();
  const n = reader.positive();
  reader.end();
  const bits = n.length * 8 - Math.clz32(n[0] ?? 0) + 24;
  if (bits < LEAST_RSA_BITS)
    throw new RangeError(`an RSA key of ${bits} bits is too weak; ${LEAST_RSA_BITS} are the least`);
  const key = jwk({ kty: 'RSA', e: e.toString('base64url'), n: n.toString('base64url') });
  return (signature, data) => {
    const parts = new SshReader(signature);
    // `ssh-rsa` as the name of a signature means SHA-1, which is broken.
    const hash = RSA_HASHES[parts.text()];
    const value = parts.string();
    parts.end();
    return hash !== undefined && value.length === n.length && verify(hash, data, key, value);
  };
}

function securityKeyEd25519(reader: SshReader, type: string): Check {
  const key = ed25519Key(reader);
  const application = reader.string();
  reader.end();
  return (signature, data) => {
    const { value, signed } = securityKeySignature(signature, type, application, data);
    return verify(null, signed, key, value);
  };
}

function securityKeyEcdsa(reader: SshReader, type: string): Check {
  const { key, curve } = ecdsaKey(reader, 'nistp256');
  const application = reader.string();
  reader.end();
  return (signature, data) => {
    const { value, signed } = securityKeySignature(signature, type, application, data);
    return verify(curve.hash, signed, { key, dsaEncoding: 'ieee-p1363' }, twoNumbers(value, curve.bytes));
  };
}

/** A security key signs a digest and flags, and not the data itself. Source: OpenSSH's PROTOCOL.u2f. Throws RangeError if no person touched the key. */
function securityKeySignature(signature: Uint8Array, type: string, application: Uint8Array, data: Uint8Array) {
  const parts = new SshReader(signature);
  if (parts.text() !== type) throw new RangeError('the signature is of another type than the key');
  const value = parts.string();
  const flagsAndCounter = parts.take(5);
  parts.end();
  if (((flagsAndCounter[0] ?? 0) & TOUCHED) === 0) throw new RangeError('the security key was not touched');
  const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
  return { value, signed: Buffer.concat([sha256(application), flagsAndCounter, sha256(data)]) };
}

function ed25519Key(reader: SshReader): KeyObject {
  const point = reader.string();
  if (point.length !== 32) throw new RangeError('the Ed25519 key has a wrong length');
  return jwk({ kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') });
}

function ecdsaKey(reader: SshReader, name: string) {
  const curve = CURVES[name];
  if (!curve || reader.text() !== name) throw new RangeError('the key names another curve than its type');
  const point = reader.string();
  if (point.length !== 1 + 2 * curve.bytes || point[0] !== 4) throw new RangeError('the ECDSA key has a wrong length');
  const x = point.subarray(1, 1 + curve.bytes).toString('base64url');
  const y = point.subarray(1 + curve.bytes).toString('base64url');
  return { key: jwk({ kty: 'EC', crv: curve.jwk, x, y }), curve };
}

function jwk(key: JsonWebKey): KeyObject {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch (error) {
    throw new RangeError('it is no valid key', { cause: error });
  }
}

function plainSignature(signature: Uint8Array, type: string): Buffer {
  const parts = new SshReader(signature);
  if (parts.text() !== type) throw new RangeError('the signature is of another type than the key');
  const value = parts.string();
  parts.end();
  return value;
}

/** SSH writes the two numbers of an ECDSA signature by their length, node:crypto wants both at full width. */
function twoNumbers(value: Uint8Array, bytes: number): Buffer {
  const parts = new SshReader(value);
  const [r, s] = [parts.positive(), parts.positive()];
  parts.end();
  if (r.length > bytes || s.length > bytes) throw new RangeError('a number of the signature is too long');
  return Buffer.concat([Buffer.alloc(bytes - r.length), r, Buffer.alloc(bytes - s.length), s]);
}

const isCryptoError = (error: unknown): boolean => String((error as NodeJS.ErrnoException).code).startsWith('ERR_');
