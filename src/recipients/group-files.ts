import { groupFile, groupKeyPath } from '../fleet/keys/recipient-groups.ts';
import { InputError, type Problem } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';
import type { EncryptedFile, Snapshot } from '../model/snapshot.ts';
import { readAgeFile } from '../secrets/crypt/age-file.ts';
import { type GroupRecord, readGroupRecord } from './group-record.ts';

/** The reason why a site cannot decrypt a file. Without a problem, no key of the site or of its group is among those of the file. */
export interface Fault {
  /** The same problem on several sites has the same key. */
  key: string;
  problem?: Problem;
}

/** A site, and the public keys that its document lists, if it does. */
interface Keyed {
  site: string;
  keys: readonly string[] | undefined;
}

/** True where enough key groups of a file have one of these public keys. */
export const opens = ({ groups, threshold }: EncryptedFile, keys: readonly string[]): boolean => {
  const own = new Set(keys);
  return groups.filter((group) => group.some((recipient) => own.has(recipient))).length >= threshold;
};

type Record = GroupRecord | Problem | undefined;

/** Checks, without any private key, if sites can decrypt files by the key of a recipient group. Each record is read once. */
export class GroupFiles {
  private readonly records = new Map<Snapshot, Map<string, Promise<{ record: Record }>>>();

  /** `isFormer`: the file is still encrypted for a key that the group had before. */
  async check(
    files: Snapshot,
    file: EncryptedFile,
    { site, keys = [] }: Keyed,
  ): Promise<{ fault?: Fault; isFormer?: boolean }> {
    const { group } = file;
    if (opens(file, keys)) return {};
    if (group === undefined) return { fault: { key: '' } };
    const { record } = await this.record(files, group);
    if (record === undefined || 'message' in record)
      return { fault: { key: group, problem: record ?? noRecord(group, file) } };
    if (!opens(file, [...keys, ...record.keys])) return { fault: { key: '' } };
    const problem = await keyProblem(files, group, { site, keys }, record);
    const fault = problem && { key: `${group} ${problem.at?.file}`, problem };
    return { ...(fault && { fault }), isFormer: !opens(file, [...keys, ...record.keys.slice(0, 1)]) };
  }

  private record(files: Snapshot, group: string): Promise<{ record: Record }> {
    const known = entry(this.records, files, () => new Map<string, Promise<{ record: Record }>>());
    return entry(known, group, async () => {
      try {
        return { record: await readGroupRecord(files, group) };
      } catch (error) {
        if (error instanceof InputError) return { record: error.problems[0] };
        throw error;
      }
    });
  }
}

const WRITE = 'write it with `holdfast recipients`';

const noRecord = (group: string, { at }: EncryptedFile): Problem => ({
  at,
  message: `there is no ${groupFile(group, 'record')}: the recipient group ${group} has no key yet`,
  hint: WRITE,
});

/** The problem of the file that has the key of the group for a site. */
async function keyProblem(
  files: Snapshot,
  group: string,
  { site, keys = [] }: Keyed,
  { sites }: GroupRecord,
): Promise<Problem | undefined> {
  const path = groupKeyPath(group, site);
  const at = { file: path, line: 1, column: 1 };
  const found = await files.read(path);
  if (!found)
    return {
      at: { file: groupFile(group, 'record'), line: 1, column: 1 },
      message: `the recipient group ${group} has no key file (keys/${group}/SITE.age), so nothing is decrypted`,
      hint: WRITE,
    };
  try {
    await readAgeFile(found.content, path);
  } catch (error) {
    if (error instanceof InputError) return error.problems[0];
    throw error;
  }
  if (sites.get(site)?.some((key) => keys.includes(key))) return undefined;
  return { at, message: 'the file was encrypted for other keys than those that the Site lists', hint: WRITE };
}
