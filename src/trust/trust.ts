import type { OpenPgpKey } from './signature/openpgp.ts';
import type { SshKey } from './signature/ssh-key.ts';

/** A trust.yaml: the signers that a site believes, and how strict it is. */
export interface Trust {
  /** Counts up with each change; a site never goes back to a lower one. */
  version: number;
  /** SHA-256 of its text. */
  digest: string;
  mode: TrustMode;
  verify: 'head' | 'every';
  /** The number of different signers that a state needs. */
  threshold: number;
  /** A commit from which every accepted commit must descend. It tells this repo from all others before a first commit is accepted. */
  anchor?: string | undefined;
  signers: Signer[];
  /** Fingerprints, as `normalFingerprint` writes them. */
  revoked: ReadonlySet<string>;
  beacon: BeaconRule;
}

/** `warn` verifies, logs each refusal of `enforce`, and accepts all the same. */
export type TrustMode = 'off' | 'warn' | 'enforce';

/** `required`: a site without a beacon is stale. `binding`: nothing newer than the beacon's commit is accepted. */
export type BeaconRule = 'optional' | 'required' | 'binding';

/** One person or machine. It counts once, even if several of its keys sign. */
export interface Signer extends Validity {
  name: string;
  ssh: AllowedKey[];
  pgp: OpenPgpKey[];
  /** Folders and files, from the repo's root, that it may change; undefined for all. */
  paths?: string[] | undefined;
}

/** A key of allowed signers. */
export interface AllowedKey extends Validity {
  key: SshKey;
  /** Purposes for which it may sign; undefined for all. */
  namespaces?: string[];
}

/** Milliseconds since 1970. */
export interface Validity {
  validAfter?: number;
  validBefore?: number;
}

/** SSHSIG namespaces. Git's own for commits and tags. */
export const NAMESPACE = { git: 'git', beacon: 'holdfast-beacon', rollout: 'holdfast-rollout' } as const;

/** `SHA256:…` as it is; the hexadecimal of an OpenPGP key in small letters, without spaces. undefined for any other text. */
export function normalFingerprint(text: string): string | undefined {
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(text)) return text;
  const hex = text.replaceAll(' ', '').toLowerCase();
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hex) ? hex : undefined;
}

/** The trust in force after a trust.yaml of Git succeeds the site's own: the new file decides which keys count, the site's own file how strict to be. */
export function succeed(site: Trust, next: Trust): Trust {
  return {
    version: next.version,
    digest: next.digest,
    mode: site.mode,
    verify: site.verify === 'every' ? 'every' : next.verify,
    threshold: next.threshold,
    anchor: site.anchor,
    signers: next.signers,
    revoked: new Set([...site.revoked, ...next.revoked]),
    beacon: site.beacon,
  };
}

/** Two documents let the same keys sign, and revoke the same. */
export function namesSameKeys(one: Trust, other: Trust): boolean {
  const keysOf = ({ signers, revoked }: Trust): string =>
    JSON.stringify([
      signers.map(({ name, ssh, pgp, paths }) => [
        name,
        ssh.map(({ key }) => key.fingerprint),
        pgp.map(({ fingerprints }) => fingerprints),
        paths,
      ]),
      [...revoked].sort(),
    ]);
  return keysOf(one) === keysOf(other);
}
