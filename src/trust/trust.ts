import type { OpenPgpKey } from './signature/openpgp.ts';
import type { SshKey } from './signature/ssh-key.ts';

/** Whom a site believes: what a trust.yaml says. */
export interface Trust {
  /** Counts up with each change; a site never goes back to a lower one. */
  version: number;
  /** SHA-256 of its text, which tells one from another. */
  digest: string;
  mode: TrustMode;
  verify: 'head' | 'every';
  /** How many different signers a state needs. */
  threshold: number;
  /** A commit from which everything accepted must descend: tells this repo from all others before anything was accepted. */
  anchor?: string;
  signers: Signer[];
  /** Fingerprints, as `normalFingerprint` writes them. */
  revoked: ReadonlySet<string>;
  beacon: BeaconRule;
}

/** `warn` judges, says what `enforce` would refuse, and accepts it. */
export type TrustMode = 'off' | 'warn' | 'enforce';

/** `required`: a site without a beacon is stale. `binding`: nothing newer than the beacon's commit is accepted. */
export type BeaconRule = 'optional' | 'required' | 'binding';

/** One person or machine. However many of its keys sign, it counts once. */
export interface Signer extends Validity {
  name: string;
  ssh: AllowedKey[];
  pgp: OpenPgpKey[];
  /** Folders and files, from the repo's root, that it may change; undefined for all. */
  paths?: string[];
}

/** A key of allowed signers. */
export interface AllowedKey extends Validity {
  key: SshKey;
  /** What it may sign; undefined for everything. */
  namespaces?: string[];
}

/** Milliseconds since 1970. */
export interface Validity {
  validAfter?: number;
  validBefore?: number;
}

/** SSHSIG namespaces. Git's own for commits and tags. */
export const NAMESPACE = { git: 'git', beacon: 'holdfast-beacon' } as const;

/** `SHA256:…` as it is; the hexadecimal of an OpenPGP key in small letters, without spaces. undefined for what is neither. */
export function normalFingerprint(text: string): string | undefined {
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(text)) return text;
  const hex = text.replaceAll(' ', '').toLowerCase();
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hex) ? hex : undefined;
}

/** What is in force where a trust.yaml from Git succeeds the site's own: whose keys count is its to say, how strict the site is stays the site's. */
export function succeed(site: Trust, next: Trust): Trust {
  return {
    version: next.version,
    digest: next.digest,
    mode: site.mode,
    verify: site.verify === 'every' ? 'every' : next.verify,
    threshold: next.threshold,
    ...(site.anchor !== undefined && { anchor: site.anchor }),
    signers: next.signers,
    revoked: new Set([...site.revoked, ...next.revoked]),
    beacon: site.beacon,
  };
}

/** Whether two documents let the same keys sign, and revoke the same. */
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
