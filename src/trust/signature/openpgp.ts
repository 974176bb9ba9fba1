import type { KeyID, PublicKey, SignaturePacket } from 'openpgp';

/** An OpenPGP key, read and found usable. */
export interface OpenPgpKey {
  /** Fingerprints of the primary key and all subkeys, in small hexadecimal letters; the primary one first. */
  fingerprints: string[];
  /** The key made this signature packet. */
  key: PublicKey;
}

/** Loaded late: a site without OpenPGP keys saves the memory. */
const load = () => import('openpgp');

export const isOpenPgpSignature = (text: string): boolean => text.startsWith('-----BEGIN PGP SIGNATURE-----');

/** The keys in an armored block. Throws RangeError with the problem as its message. */
export async function readOpenPgpKeys(armored: string): Promise<OpenPgpKey[]> {
  const { readKeys } = await load();
  let keys: Awaited<ReturnType<typeof readKeys>>;
  try {
    keys = await readKeys({ armoredKeys: armored });
  } catch (error) {
    throw new RangeError(`it is no armored OpenPGP key: ${words(error)}`, { cause: error });
  }
  if (keys.length === 0) throw new RangeError('it holds no OpenPGP key');
  return keys.map((key) => {
    if (key.isPrivate()) throw new RangeError('it is a private key; give the public one (gpg --armor --export)');
    return { key, fingerprints: key.getKeys().map((each) => each.getFingerprint()) };
  });
}

export type OpenPgpCheck =
  | { result: 'good'; key: OpenPgpKey; fingerprints: string[] }
  | { result: 'bad'; key: OpenPgpKey; fault: OpenPgpFault; why: string }
  | { result: 'unknown'; keyId: string };

/** `key`: the key may not, or cannot, have signed. `altered`: the signature is over other bytes. */
export type OpenPgpFault = 'altered' | 'weak' | 'expired' | 'notYetValid' | 'revoked' | 'key';

/**
 * Checks a detached signature, which may hold several, against keys. A key must not be expired or revoked at the time in the
 * signature nor, if it is given, at `now` (milliseconds since 1970). Throws RangeError for text that is not the signature of a document.
 */
export async function checkOpenPgp(
  armored: string,
  payload: Uint8Array,
  keys: readonly OpenPgpKey[],
  now?: number,
): Promise<OpenPgpCheck[]> {
  const { createMessage, enums, readSignature, verify } = await load();
  let signature: Awaited<ReturnType<typeof readSignature>>;
  try {
    signature = await readSignature({ armoredSignature: armored });
  } catch (error) {
    throw new RangeError(`it is no armored OpenPGP signature: ${words(error)}`, { cause: error });
  }
  // A signature over text does not cover the kind of line ends.
  if (signature.packets.length === 0 || signature.packets.some((each) => each.signatureType !== enums.signature.binary))
    throw new RangeError('it is not over the bytes of a document');
  const message = await createMessage({ binary: payload });
  const verified = await verify({
    message: message as never,
    signature,
    verificationKeys: keys.map(({ key }) => key),
    // No check against the site's clock here, which may be wrong; see below.
    date: null as never,
    format: 'binary',
  });
  return Promise.all(
    verified.signatures.map(async (each): Promise<OpenPgpCheck> => {
      // Handled even if it is not used below: an unhandled rejection would end the process.
      const good = each.verified.then(
        () => undefined,
        (error: unknown) => words(error),
      );
      const key = keys.find((one) => one.key.getKeys(each.keyID).length > 0);
      if (!key) return { result: 'unknown', keyId: each.keyID.toHex().toUpperCase() };
      const [packet] = (await each.signature).packets;
      const why = (await good) ?? (now === undefined ? undefined : await faultAt(now, key.key, each.keyID, packet));
      if (why !== undefined) return { result: 'bad', key, fault: faultOf(why), why };
      const signing = key.key.getKeys(each.keyID).map((one) => one.getFingerprint());
      return { result: 'good', key, fingerprints: [...signing, ...key.fingerprints.slice(0, 1)] };
    }),
  );
}

/** The reason why a signature by the key does not count at that time; undefined if it does. A time before the signature cannot be right. */
async function faultAt(now: number, key: PublicKey, id: KeyID, packet?: SignaturePacket): Promise<string | undefined> {
  const at = new Date(Math.max(now, Number(packet?.created ?? now)));
  if (packet && at >= packet.getExpirationTime()) return 'Signature is expired';
  return key.getSigningKey(id, at).then(
    () => undefined,
    (error: unknown) => words(error),
  );
}

/** Reads the words of openpgp.js, which has no codes. Other words mean a fault of the key. */
function faultOf(why: string): OpenPgpFault {
  if (/verification failed|digest did not match/i.test(why)) return 'altered';
  if (/insecure .*algorithm/i.test(why)) return 'weak';
  if (/revoked/i.test(why)) return 'revoked';
  if (/expired/i.test(why)) return 'expired';
  if (/in the future|newer than/i.test(why)) return 'notYetValid';
  return 'key';
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
