import { InputError } from '../lib/errors.ts';
import { utf8 } from '../lib/text/utf8.ts';
import { openAgeFile } from './crypt/age-file.ts';
import { type Identity, keyFileText, parseIdentities } from './crypt/identity.ts';

/** The key of a group that an app is in, as a site finds it. */
export interface GroupKeyFile {
  group: string;
  /** In the repo. */
  path: string;
  /** undefined where there is no such file. */
  read(): Promise<Uint8Array | undefined>;
}

/**
 * The text that a group's key file holds: the current key first, then those that some files may still be encrypted for. It names its group. Only who has the
 * key can write that, so a copy of the file under the name of another group is found out.
 */
export const groupKeyText = (group: string, identities: readonly Identity[]): string =>
  `${markOf(group)}\n${identities.map(keyFileText).join('')}`;

const markOf = (group: string): string => `# Key of the group ${group}`;

/** Decrypts the keys of a group. Throws InputError, which has the file and shows no key. */
export async function openGroupKey(
  { group, path }: Pick<GroupKeyFile, 'group' | 'path'>,
  content: Uint8Array,
  identities: readonly Identity[],
): Promise<Identity[]> {
  const text = utf8(await openAgeFile(content, path, identities), path);
  if (text.slice(0, text.indexOf('\n')) !== markOf(group))
    throw InputError.at(
      { file: path, line: 1, column: 1 },
      `the file does not hold the key of the group ${group}: it was copied from another place`,
      'write it again with `holdfast recipients`',
    );
  return parseIdentities(text, path);
}
