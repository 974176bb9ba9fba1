import { checkMemory, isInMemory } from '../../../apply/secrets-folder.ts';
import { readKeys } from '../../repo/age-keys.ts';
import { changeableByAll, policyReader } from '../../repo/policy-file.ts';
import { openToAll, trustReader } from '../../repo/signing/trust-file.ts';
import { agentSettings } from '../../settings/agent-settings.ts';
import { agentTerritory } from '../../settings/territory.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';
import type { Subject } from '../subject.ts';
import { nearest } from './folders.ts';

/** Can the trust file be read and used? */
export async function checkTrust({ settings: { trust } }: Subject): Promise<Finding> {
  if (trust === undefined) return ok('no trust file is set, so the repo is believed');
  await trustReader(trust)();
  const open = await openToAll(trust);
  return open === undefined ? ok(`${trust} is valid`) : warning(open, `chmod o-w ${trust}`);
}

/** Can the policy be read and used? */
export async function checkPolicy({ settings }: Subject): Promise<Finding> {
  const { policy } = settings;
  if (policy === undefined)
    return warning(
      'no policy is set: people who may commit can take over this machine',
      'write a policy.yaml and name it with --policy: docs/policy.md says how',
    );
  const { profile } = await policyReader(policy, { ...settings, territory: agentTerritory(agentSettings, settings) })();
  const open = await changeableByAll(policy);
  return open === undefined ? ok(`${policy} is valid (profile ${profile})`) : warning(open, `chmod o-w ${policy}`);
}

/** Can the age keys be read? The public keys are shown. */
export async function checkAgeKeys({ settings: { ageKeyFile } }: Subject): Promise<Finding> {
  const keys: string[] = [];
  for (const { app, file } of ageKeyFile)
    for (const { recipient } of await readKeys(file)) keys.push(app === '' ? recipient : `${recipient} for ${app}`);
  return ok(keys.length === 0 ? 'no age key is set' : `this site decrypts for ${keys.join(', ')}`);
}

/** Is the folder of decrypted files in memory? */
export async function checkSecretsFolder({ settings: { ageKeyFile, secretsDir } }: Subject): Promise<Finding> {
  if (ageKeyFile.length === 0) return ok('no age key is set, so nothing is decrypted');
  const existing = await nearest(secretsDir);
  if (existing === secretsDir) await checkMemory(secretsDir);
  else if (!(await isInMemory(existing)))
    return problem(
      `${secretsDir} would be on a disk, and decrypted secrets are kept in memory alone`,
      'mount a tmpfs there, or name another folder with --secrets-dir',
    );
  return ok(`${secretsDir} is in memory`);
}
