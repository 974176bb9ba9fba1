import { groupFile, groupKeyPath } from '../fleet/keys/recipient-groups.ts';
import { InputError } from '../lib/errors.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { sealAgeFile } from '../secrets/crypt/age-file.ts';
import { generateIdentity, type Identity } from '../secrets/crypt/identity.ts';
import { groupKeyText, openGroupKey } from '../secrets/group-key.ts';
import type { GroupPlan } from './group-plan.ts';
import { groupRecordText } from './group-record.ts';

/** The files of a group that are written. The record comes last, so that a run that broke off is done again. */
export interface SealedGroup {
  /** The public keys of the group: the current one first. */
  keys: string[];
  keyFiles: [path: string, text: string][];
  record: [path: string, text: string];
}

/**
 * Encrypts the key of a group for each site that needs it, and for the people. A new key comes with those before that files are still encrypted for. Throws
 * InputError where the `own` keys do not open the group's key.
 */
export async function sealGroup(
  snapshot: Snapshot,
  plan: GroupPlan,
  own: readonly Identity[],
  isUsed: (recipient: string) => boolean,
): Promise<SealedGroup> {
  const { group, record, renewal, people, sites } = plan;
  const before = record ? await openRecorded(snapshot, plan, record.keys, own) : [];
  const identities = renewal
    ? [await generateIdentity(), ...before.filter(({ recipient }) => isUsed(recipient))]
    : before;
  const secret = groupKeyText(group, identities);
  const keys = identities.map(({ recipient }) => recipient);
  const keyFiles: SealedGroup['keyFiles'] = [];
  for (const site of plan.seal)
    keyFiles.push([groupKeyPath(group, site), await sealAgeFile(secret, sites.get(site) ?? [])]);
  if (plan.sealForPeople) keyFiles.push([groupFile(group, 'people'), await sealAgeFile(secret, people)]);
  const text = groupRecordText(group, { keys, people: [...people], sites: new Map(sites) });
  return { keys, keyFiles, record: [groupFile(group, 'record'), text] };
}

/** The recorded keys of a group, decrypted, in the order of the record. */
async function openRecorded(
  snapshot: Snapshot,
  { group }: GroupPlan,
  recorded: readonly string[],
  own: readonly Identity[],
): Promise<Identity[]> {
  const path = groupFile(group, 'people');
  if (own.length === 0)
    throw InputError.of(
      `the key of the recipient group ${group} has to be encrypted again, and only a person who has it can do that`,
      'give a private key of one of the recipients in fleet.yaml with --age-key-file',
    );
  const file = await snapshot.read(path);
  if (!file)
    throw InputError.of(
      `there is no ${path} with the key of the recipient group ${group}`,
      'take the version that Git has',
    );
  const found = await openGroupKey({ group, path }, file.content, own);
  return recorded.map((key) => {
    const identity = found.find(({ recipient }) => recipient === key);
    if (identity) return identity;
    throw InputError.of(
      `${groupFile(group, 'record')} names the key ${key}, which ${path} does not hold: somebody changed one of the two files`,
      'take the versions that Git has of both',
    );
  });
}
