import type { PublicKey } from 'openpgp';

/** An OpenPGP key, read and found usable. */
export interface OpenPgpKey {
  /** Of the primary key and all subkeys, in small hexadecimal letters; the primary one's first. */
  fingerprints: string[];
  /** Whether a signature packet was made by it. */
  key: PublicKey;
}

/** A site that trusts no OpenPGP key need not hold this in memory. */
const load = () => import('openpgp');

export const isOpenPgpSignature = (text: string): boolean => text.startsWith('-----BEGIN PGP SIGNATURE-----');

/** The keys in an armored block. Throws RangeError, with what is wrong as its message. */
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
  | { result: 'bad'; key: OpenPgpKey; why: string }
  | { result: 'unknown'; keyId: string };

/**
 * Checks a detached signature, which may hold several, against keys. A key's own expiry and revocation are judged at the moment that the
 * signature names. Throws RangeError for what is no signature.
 */
export async function checkOpenPgp(
  armored: string,
  payload: Uint8Array,
  keys: readonly OpenPgpKey[],
): Promise<OpenPgpCheck[]> {
  const { createMessage, readSignature, verify } = await load();
  let signature: Awaited<ReturnType<typeof readSignature>>;
  try {
    signature = await readSignature({ armoredSignature: armored });
  } catch (error) {
    throw new RangeError(`it is no armored OpenPGP signature: ${words(error)}`, { cause: error });
  }
  const message = await createMessage({ binary: payload });
  const verified = await verify({
    message: message as never,
    signature,
    verificationKeys: keys.map(({ key }) => key),
    // The site's clock may be anything; what time says is judged by whoever asks.
    date: null as never,
    format: 'binary',
  });
  return Promise.all(
    verified.signatures.map(async (each): Promise<OpenPgpCheck> => {
      // Wanted even where it is not asked for below: a rejection nobody looks at would end the process.
      const good = each.verified.then(
        () => undefined,
        (error: unknown) => words(error),
      );
      const key = keys.find((one) => one.key.getKeys(each.keyID).length > 0);
      if (!key) return { result: 'unknown', keyId: each.keyID.toHex().toUpperCase() };
      const why = await good;
      if (why !== undefined) return { result: 'bad', key, why };
      const signing = key.key.getKeys(each.keyID).map((one) => one.getFingerprint());
      return { result: 'good', key, fingerprints: [...signing, ...key.fingerprints.slice(0, 1)] };
    }),
  );
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
