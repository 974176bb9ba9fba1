import { groupFile } from '../fleet/keys/recipient-groups.ts';
import { InputError } from '../lib/errors.ts';
import { utf8 } from '../lib/text/utf8.ts';
import type { Snapshot } from '../model/snapshot.ts';

/** The readers of a group's key, as `holdfast recipients` noted them: a file of age does not show them. It holds no secret, and no site reads it. */
export interface GroupRecord {
  /** The public keys of the group: the current one first, then those that some files may still be encrypted for. */
  keys: string[];
  /** The public keys of the people who can open it. */
  people: string[];
  /** The public keys of each site. */
  sites: Map<string, string[]>;
}

/** Reads the record of a group; undefined where there is none. Throws InputError, with the line. */
export async function readGroupRecord(snapshot: Snapshot, group: string): Promise<GroupRecord | undefined> {
  const path = groupFile(group, 'record');
  const found = await snapshot.read(path);
  return found && parseGroupRecord(utf8(found.content, path), path);
}

const KEY = /^age1[0-9a-z]{10,4000}$/;

export function parseGroupRecord(text: string, file: string): GroupRecord {
  const record: GroupRecord = { keys: [], people: [], sites: new Map() };
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const [word, ...rest] = line.split(' ');
    const refuse = (message: string): never => {
      throw InputError.at({ file, line: index + 1, column: 1 }, message, HINT);
    };
    const keys = word === 'site' ? rest.slice(1) : rest;
    if (keys.length === 0 || !keys.every((key) => KEY.test(key)))
      refuse('this line has no public age key, or a wrong one');
    switch (word) {
      case 'key':
        record.keys.push(...keys);
        break;
      case 'person':
        record.people.push(...keys);
        break;
      case 'site':
        record.sites.set(rest[0] ?? '', keys);
        break;
      default:
        refuse('a line begins with key, person or site');
    }
  }
  if (record.keys.length === 0)
    throw InputError.at({ file, line: 1, column: 1 }, 'the file names no key of the group', HINT);
  return record;
}

const HINT = 'the file is written by `holdfast recipients`: take the version before, as Git has it';

/** A line for each key, so that a site more is a line more in a diff. */
export function groupRecordText(group: string, { keys, people, sites }: GroupRecord): string {
  return [
    `# Written by \`holdfast recipients\`: who has the key of the recipient group ${group}. Edits here are lost.`,
    ...keys.map((key) => `key ${key}`),
    ...people.map((key) => `person ${key}`),
    ...[...sites].map(([site, own]) => `site ${site} ${own.join(' ')}`),
    '',
  ].join('\n');
}
