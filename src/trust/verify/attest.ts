import { messageOf } from '../../lib/errors.ts';
import { checkOpenPgp, isOpenPgpSignature, type OpenPgpCheck, type OpenPgpFault } from '../signature/openpgp.ts';
import { isSshSignature, parseSshSignature } from '../signature/ssh-signature.ts';
import type { Signed } from '../signed-object.ts';
import type { Signer, Trust, Validity } from '../trust.ts';
import { TrustError } from '../trust-error.ts';

/** A valid signature by a signer in trust.yaml. */
export interface Attestation {
  signer: Signer;
  /** The key's fingerprint. */
  key: string;
}

export interface Claim {
  /** The signed object, for messages: `commit 0123456789ab`. */
  what: string;
  signed: Signed | undefined;
  /** The SSHSIG namespace that the signature must be for. OpenPGP keys have no namespaces and sign for Git only. */
  namespace: string;
  /** The earliest possible time of the signature, in milliseconds; it may depend on the signer. Keys must have been valid then. */
  madeAt: number | ((signer: string) => number);
  /** Keys must be valid at this time too; undefined if only the first time counts, or the time is not known. */
  now?: number | undefined;
}

/** The signers of an object: one, or several if an OpenPGP signature holds several. Throws TrustError if there is none, or one signature is bad. */
export async function attest(claim: Claim, trust: Trust): Promise<Attestation[]> {
  const { what, signed, namespace, now } = claim;
  const madeAt = (signer: string): number => (typeof claim.madeAt === 'number' ? claim.madeAt : claim.madeAt(signer));
  if (!signed) throw new TrustError('unsigned', `${what} is not signed`);
  const { signature, payload } = signed;
  const found = isSshSignature(signature)
    ? attestSsh({ what, namespace, madeAt, now }, signature, payload, trust)
    : isOpenPgpSignature(signature)
      ? await attestOpenPgp({ what, namespace, madeAt, now }, signature, payload, trust)
      : undefined;
  if (!found) throw new TrustError('badSignature', `${what} bears a signature of a kind that cannot be checked`);
  return found.map(({ signer, key, validities, fingerprints }) => {
    const revoked = fingerprints.find((each) => trust.revoked.has(each));
    if (revoked) throw new TrustError('revoked', `${what} is signed by ${signer.name} with the revoked key ${revoked}`);
    for (const validity of validities) {
      requireValid(what, signer, validity, madeAt(signer.name), 'when it was made');
      if (now !== undefined) requireValid(what, signer, validity, now, 'now');
    }
    return { signer, key };
  });
}

/** The claim without the signature itself. */
interface Asked {
  what: string;
  namespace: string;
  madeAt: (signer: string) => number;
  now?: number | undefined;
}

interface Found extends Attestation {
  validities: Validity[];
  fingerprints: string[];
}

function attestSsh(
  { what, namespace, madeAt, now }: Asked,
  signature: string,
  payload: Uint8Array,
  trust: Trust,
): Found[] {
  const parsed = readable(what, () => parseSshSignature(signature));
  const { fingerprint } = parsed.key;
  const matches = trust.signers.flatMap((signer) =>
    signer.ssh.filter(({ key }) => key.fingerprint === fingerprint).map((allowed) => ({ signer, allowed })),
  );
  if (matches.length === 0) throw unknownKey(what, `the SSH key ${fingerprint}`, trust, fingerprint);
  if (parsed.namespace !== namespace) {
    throw new TrustError(
      'wrongPurpose',
      `${what} bears a signature made for ${JSON.stringify(parsed.namespace)} and not for ${JSON.stringify(namespace)}`,
    );
  }
  if (!parsed.verifies(payload)) throw badSignature(what, fingerprint);
  const usable = matches.filter(({ allowed }) => allowed.namespaces?.includes(namespace) ?? true);
  // One valid line of a key is enough, as for ssh-keygen: a second line may prolong the first.
  const isValid = ({ signer: { name }, allowed }: { signer: Signer; allowed: Validity }): boolean =>
    [madeAt(name), now ?? madeAt(name)].every((at) => faultAt(allowed, at) === undefined);
  const match = usable.find(isValid) ?? usable[0];
  if (!match) {
    throw new TrustError(
      'wrongPurpose',
      `${what} is signed by ${matches[0]?.signer.name}, whose key may not sign for ${JSON.stringify(namespace)}`,
    );
  }
  const { signer, allowed } = match;
  return [{ signer, key: fingerprint, validities: [signer, allowed], fingerprints: [fingerprint] }];
}

async function attestOpenPgp(
  { what, namespace, madeAt, now }: Asked,
  signature: string,
  payload: Uint8Array,
  trust: Trust,
): Promise<Found[]> {
  if (namespace !== 'git') throw new TrustError('wrongPurpose', `${what} must be signed with an SSH key`);
  const keys = trust.signers.flatMap(({ pgp }) => pgp);
  if (keys.length === 0) throw unknownKey(what, 'an OpenPGP key', trust);
  const check = (at: number | undefined): Promise<OpenPgpCheck[]> =>
    checkOpenPgp(signature, payload, keys, at).catch((error: unknown) => {
      if (!(error instanceof RangeError)) throw error;
      throw new TrustError('badSignature', `the signature of ${what} cannot be read: ${error.message}`, {
        cause: error,
      });
    });
  const signedBy = (await check(now)).flatMap((each) =>
    each.result === 'good' ? trust.signers.filter(({ pgp }) => pgp.includes(each.key)) : [],
  );
  // Check the end of the key at the latest time that counts for its signer.
  const checks = await check(Math.max(now ?? 0, ...signedBy.map(({ name }) => madeAt(name))) || now);
  const found = checks.flatMap((check): Found[] => {
    if (check.result === 'unknown') return [];
    const signer = trust.signers.find(({ pgp }) => pgp.includes(check.key)) as Signer;
    if (check.result === 'bad') throw openPgpRefusal(what, signer, check.key.fingerprints[0] ?? '', check);
    return [{ signer, key: check.fingerprints[0] ?? '', validities: [signer], fingerprints: check.fingerprints }];
  });
  if (found.length > 0) return found;
  const ids = checks.map((check) => (check.result === 'unknown' ? check.keyId : '')).join(', ');
  throw unknownKey(what, `the OpenPGP key ${ids}`, trust);
}

function readable<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TrustError('badSignature', `the signature of ${what} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function requireValid(what: string, signer: Signer, validity: Validity, at: number, when: string): void {
  const fault = faultAt(validity, at);
  if (!fault) return;
  const [kind, limit] = fault;
  const said = `${what} is signed by ${signer.name}, whose key`;
  throw new TrustError(
    kind,
    kind === 'expired'
      ? `${said} expired at ${iso(limit)}: ${when}, at ${iso(at)}, it was no longer valid`
      : `${said} is valid from ${iso(limit)}: ${when}, at ${iso(at)}, it was not yet`,
  );
}

/** The fault of a time outside of a validity, and the bound; undefined for a time within. */
function faultAt({ validAfter, validBefore }: Validity, at: number): ['expired' | 'notYetValid', number] | undefined {
  if (validBefore !== undefined && at >= validBefore) return ['expired', validBefore];
  if (validAfter !== undefined && at < validAfter) return ['notYetValid', validAfter];
  return undefined;
}

function unknownKey(what: string, key: string, trust: Trust, fingerprint?: string): TrustError {
  if (fingerprint !== undefined && trust.revoked.has(fingerprint))
    return new TrustError('revoked', `${what} is signed with the revoked key ${fingerprint}`);
  return new TrustError('unknownKey', `${what} is signed with ${key}, which trust.yaml does not name`);
}

const badSignature = (what: string, key: string): TrustError =>
  new TrustError('badSignature', `the signature of ${what} by ${key} is not right: it is over other bytes`);

/** The refusal for a fault of the key or of the signature. */
function openPgpRefusal(
  what: string,
  { name }: Signer,
  key: string,
  { fault, why }: { fault: OpenPgpFault; why: string },
): TrustError {
  const said = `${what} is signed by ${name} with the OpenPGP key ${key}`;
  switch (fault) {
    case 'altered':
      return badSignature(what, key);
    case 'weak':
      return new TrustError('badSignature', `${said} by an algorithm that is broken (${why})`);
    case 'revoked':
      return new TrustError('revoked', `${said}, which its owner has revoked (${why})`);
    case 'expired':
      return new TrustError('expired', `${said}, which was no longer valid (${why})`);
    case 'notYetValid':
      return new TrustError('notYetValid', `${said}, which was not valid yet (${why})`);
    case 'key':
      return new TrustError('badSignature', `${said}, which may not sign this (${why})`);
    default:
      return fault satisfies never;
  }
}

/** For people. A number that is no date is printed as it is. */
export const iso = (ms: number): string => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString().replace('.000Z', 'Z');
};
