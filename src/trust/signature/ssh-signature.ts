import { createHash } from 'node:crypto';
import { type SshKey, sshKey } from './ssh-key.ts';
import { SshReader, sshString, strictBase64 } from './ssh-wire.ts';

/** A signature by `ssh-keygen -Y sign`. Source: OpenSSH's PROTOCOL.sshsig. */
export interface SshSignature {
  key: SshKey;
  /** The purpose of the signature: `git` for commits and tags. It does not count for another purpose. */
  namespace: string;
  verifies(message: Uint8Array): boolean;
}

const MAGIC = 'SSHSIG';
const VERSION = 1;
const HASHES = ['sha256', 'sha512'];
const ARMOR = /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\n?$/;

export const isSshSignature = (text: string): boolean => text.startsWith('-----BEGIN SSH SIGNATURE-----');

/** Reads an armored signature. Throws RangeError with the problem as its message. It has only one valid spelling. */
export function parseSshSignature(armored: string): SshSignature {
  const blob = strictBase64((ARMOR.exec(armored)?.[1] ?? '').replaceAll('\n', ''));
  if (!blob) throw new RangeError('it is no armored SSH signature');
  const reader = new SshReader(blob);
  if (reader.take(MAGIC.length).toString('latin1') !== MAGIC) throw new RangeError('it is no SSH signature');
  const version = reader.uint32();
  if (version !== VERSION) throw new RangeError(`its version is ${version} and not ${VERSION}`);
  const key = sshKey(reader.string());
  const namespace = reader.text();
  const reserved = reader.string();
  const hash = reader.text();
  const signature = reader.string();
  reader.end();
  if (namespace === '') throw new RangeError('it names no namespace');
  if (!HASHES.includes(hash)) throw new RangeError('it uses another hash than sha256 and sha512');
  return {
    key,
    namespace,
    verifies: (message) =>
      key.verifies(
        signature,
        Buffer.concat([
          Buffer.from(MAGIC),
          sshString(namespace),
          sshString(reserved),
          sshString(hash),
          sshString(createHash(hash).update(message).digest()),
        ]),
      ),
  };
}
