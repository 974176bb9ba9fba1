import type { Problem } from '../lib/errors.ts';
import { entryOf } from '../yaml/node.ts';
import { parseYaml } from '../yaml/parse.ts';
import { NAMESPACE, type Signer, type Trust } from './trust.ts';

/**
 * The warning about a trust.yaml whose keys all end: after that day nobody may sign for all paths. A wrong date far ahead can bring that day early on sites
 * without a clock, and only a key without an end helps then. `text` is the text of `trust`.
 */
export async function endWarning(trust: Trust, text: string, file: string): Promise<Problem | undefined> {
  const full = trust.signers.filter(({ paths }) => paths === undefined);
  const isEndless = await Promise.all(full.map((signer) => hasEndlessKey(signer, trust.revoked)));
  const endless = isEndless.filter(Boolean).length;
  if (endless >= trust.threshold) return undefined;
  const root = parseYaml(text, file);
  const spec = root && entryOf(root, 'spec')?.value;
  const at = (spec && entryOf(spec, 'signers')?.value.at) ?? { file, line: 1, column: 1 };
  const who =
    trust.threshold === 1
      ? 'the keys of all signers for all paths have an end'
      : `the threshold is ${trust.threshold}, and ${endless === 0 ? 'no signer' : endless === 1 ? 'only one signer' : `only ${endless} signers`} for all paths has a key without an end`;
  return {
    at,
    message: `${who}: once they have ended, or a wrong date has ended them, no site accepts anything more`,
    hint: `give ${trust.threshold === 1 ? 'one signer' : `${trust.threshold} signers`} a key without an end, which may lie in a safe`,
  };
}

async function hasEndlessKey({ validBefore, ssh, pgp }: Signer, revoked: ReadonlySet<string>): Promise<boolean> {
  if (validBefore !== undefined) return false;
  const isEndlessSsh = ssh.some(
    (each) =>
      each.validBefore === undefined &&
      !revoked.has(each.key.fingerprint) &&
      (each.namespaces?.includes(NAMESPACE.git) ?? true),
  );
  if (isEndlessSsh) return true;
  const ends = await Promise.all(
    pgp.map(({ key, fingerprints }) =>
      fingerprints.some((each) => revoked.has(each)) ? null : key.getExpirationTime().catch(() => null),
    ),
  );
  // OpenPGP.js: Infinity for a key without an end, null for one that never was valid.
  return ends.some((end) => end === Number.POSITIVE_INFINITY);
}
