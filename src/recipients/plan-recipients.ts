import { type Application, type BrokenApplication, readApplications } from '../fleet/applications.ts';
import { groupFile, unknownApps } from '../fleet/keys/recipient-groups.ts';
import { readSites } from '../fleet/nowhere.ts';
import { readFleet } from '../fleet/open-fleet.ts';
import { InputError } from '../lib/errors.ts';
import type { SiteDocument } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Identity } from '../secrets/crypt/identity.ts';
import { type EncryptedInRepo, encryptedFiles } from './encrypted-files.ts';
import { type GroupPlan, isIdle, planGroup } from './group-plan.ts';
import { type AppMembers, membersOf, sitesOf } from './members.ts';
import { type SealedGroup, sealGroup } from './seal-group.ts';
import { rulesText, sopsRules } from './sops-rules.ts';
import { type ToEncrypt, toEncrypt } from './to-encrypt.ts';
import { type ValuesReaders, valuesReaders } from './values-files.ts';

/** All that `holdfast recipients` would do, before it needs a private key. */
export interface RecipientsPlan {
  members: AppMembers[];
  values: ValuesReaders[];
  people: readonly string[];
  groups: GroupPlan[];
  files: EncryptedInRepo[];
}

/** Plans the files of all groups. `renew` names groups that get a new key. Throws InputError. */
export async function planRecipients(snapshot: Snapshot, renew: readonly string[]): Promise<RecipientsPlan> {
  const fleet = await readFleet(snapshot);
  const { recipientGroups, recipients: people } = fleet;
  const applications = await readApplications(snapshot);
  const sites: SiteDocument[] = [];
  for await (const site of readSites(snapshot)) sites.push(site);
  requireKnown(fleet, applications, renew);
  const members = membersOf(fleet, applications, sites);
  const groups: GroupPlan[] = [];
  for (const group of recipientGroups) {
    const own = sitesOf(group, members);
    const plan = await planGroup(snapshot, group.name, own, people, renew.includes(group.name));
    if (own.size === 0 && !plan.record) continue;
    if (people.length === 0 && !isIdle(plan))
      throw InputError.at(
        group.at,
        `nobody could open the key of the recipient group ${group.name} to give it to the next site`,
        "list a person's public age key under recipients in the spec of fleet.yaml",
      );
    groups.push(plan);
  }
  const values = valuesReaders(fleet, applications, sites);
  return { members, values, people, groups, files: await encryptedFiles(snapshot) };
}

function requireKnown(
  { recipientGroups }: Awaited<ReturnType<typeof readFleet>>,
  applications: readonly (Application | BrokenApplication)[],
  renew: readonly string[],
): void {
  const problems = unknownApps(
    recipientGroups,
    applications.map(({ name }) => name),
  );
  if (problems.length > 0) throw new InputError(problems);
  const stray = renew.find((name) => recipientGroups.every((group) => group.name !== name));
  if (stray !== undefined) throw InputError.of(`fleet.yaml has no recipient group ${stray}`);
}

/** The files to write, those to remove, and what is left to do by hand. */
export interface RecipientsResult {
  keyFiles: SealedGroup['keyFiles'];
  /** Written when all key files are there. */
  records: SealedGroup['record'][];
  remove: string[];
  /** The content of `.sops.yaml`. */
  rules: string;
  /** The numbers of apps, and of files with values, that have a rule. */
  apps: number;
  valuesFiles: number;
  toEncrypt: ToEncrypt[];
}

/** Makes and encrypts the keys of the groups. Throws InputError for a key that has to be encrypted again, and that the private keys do not open. */
export async function sealRecipients(
  snapshot: Snapshot,
  { members, values, people, groups, files }: RecipientsPlan,
  own: readonly Identity[],
): Promise<RecipientsResult> {
  const used = new Set(files.flatMap(({ recipients }) => recipients));
  const keys = new Map<string, readonly string[]>();
  const all: SealedGroup[] = [];
  for (const plan of groups) {
    const sealed = isIdle(plan) ? undefined : await sealGroup(snapshot, plan, own, (key) => used.has(key));
    if (sealed) all.push(sealed);
    keys.set(plan.group, sealed?.keys ?? plan.record?.keys ?? []);
  }
  const rules = sopsRules(members, values, people, (group) => keys.get(group)?.[0]);
  const former = new Map(
    [...keys.values()].flatMap(([current = '', ...before]) => before.map((key) => [key, current] as const)),
  );
  return {
    keyFiles: all.flatMap(({ keyFiles }) => keyFiles),
    records: all.map(({ record }) => record),
    remove: groups.flatMap(({ remove }) => remove),
    rules: rulesText(rules),
    apps: rules.filter(({ path }) => path.endsWith('/')).length,
    valuesFiles: rules.filter(({ path }) => !path.endsWith('/')).length,
    toEncrypt: toEncrypt(files, rules, former),
  };
}

/** Files below keys/ of groups that fleet.yaml does not have. */
export const strayGroups = async (snapshot: Snapshot, { groups }: RecipientsPlan): Promise<string[]> =>
  ((await snapshot.list('keys')) ?? [])
    .filter(({ name }) => name.endsWith('.txt'))
    .map(({ name }) => name.slice(0, -'.txt'.length))
    .filter((name) => groups.every(({ group }) => group !== name))
    .map((name) => groupFile(name, 'record'));
