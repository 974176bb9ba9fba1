import { groupFile, groupKeyPath, KEYS_FOLDER } from '../fleet/keys/recipient-groups.ts';
import { InputError } from '../lib/errors.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { readAgeFile } from '../secrets/crypt/age-file.ts';
import { type GroupRecord, readGroupRecord } from './group-record.ts';

/** The reason for a new key of a group. */
export type Renewal =
  | { kind: 'first' }
  /** These could read the files, and shall not any more. */
  | { kind: 'left'; sites: string[]; people: number }
  | { kind: 'asked' };

/** The changes that the files of a group need. */
export interface GroupPlan {
  group: string;
  /** Absent: the key stays. */
  renewal?: Renewal | undefined;
  /** The record as it is. */
  record?: GroupRecord | undefined;
  people: readonly string[];
  /** All sites of the group, with their public keys. */
  sites: ReadonlyMap<string, string[]>;
  /** The sites for which the key is encrypted again. */
  seal: string[];
  /** The key is encrypted again for the people. */
  sealForPeople: boolean;
  /** Files of sites that are no longer in the group. */
  remove: string[];
}

export const isIdle = ({ renewal, seal, sealForPeople, remove }: GroupPlan): boolean =>
  !renewal && seal.length === 0 && !sealForPeople && remove.length === 0;

/**
 * Compares the files of a group with who should have its key. A site that lists another public key keeps the group's key. A site or a person that is no longer
 * there knew it, so there is a new one. Throws InputError for a record that cannot be read.
 */
export async function planGroup(
  snapshot: Snapshot,
  group: string,
  sites: ReadonlyMap<string, string[]>,
  people: readonly string[],
  isAsked: boolean,
): Promise<GroupPlan> {
  const record = await readGroupRecord(snapshot, group);
  const renewal = renewalOf(record, sites, people, isAsked);
  const paths = await pathsBelow(snapshot, `${KEYS_FOLDER}/${group}`);
  const wanted = new Set([...sites.keys()].map((site) => groupKeyPath(group, site)));
  const seal: string[] = [];
  for (const [site, keys] of sites) {
    const isSame = !renewal && record?.sites.get(site)?.join(' ') === keys.join(' ');
    if (!isSame || !(await isWhole(snapshot, groupKeyPath(group, site)))) seal.push(site);
  }
  return {
    group,
    renewal,
    record,
    people,
    sites,
    seal,
    sealForPeople:
      renewal !== undefined ||
      [...(record?.people ?? [])].sort().join(' ') !== [...people].sort().join(' ') ||
      !(await isWhole(snapshot, groupFile(group, 'people'))),
    remove: paths.filter((path) => !wanted.has(path)),
  };
}

function renewalOf(
  record: GroupRecord | undefined,
  sites: ReadonlyMap<string, string[]>,
  people: readonly string[],
  isAsked: boolean,
): Renewal | undefined {
  if (!record) return { kind: 'first' };
  const gone = [...record.sites.keys()].filter((site) => !sites.has(site));
  const gonePeople = record.people.filter((person) => !people.includes(person)).length;
  if (gone.length > 0 || gonePeople > 0) return { kind: 'left', sites: gone, people: gonePeople };
  return isAsked ? { kind: 'asked' } : undefined;
}

async function isWhole(snapshot: Snapshot, path: string): Promise<boolean> {
  const file = await snapshot.read(path);
  try {
    return file !== undefined && (await readAgeFile(file.content, path)).length > 0;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

async function pathsBelow(snapshot: Snapshot, folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const { name, kind } of (await snapshot.list(folder)) ?? []) {
    const path = `${folder}/${name}`;
    if (kind === 'dir') found.push(...(await pathsBelow(snapshot, path)));
    else if (kind === 'file') found.push(path);
  }
  return found;
}
