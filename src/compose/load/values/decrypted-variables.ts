import { InputError, type Position } from '../../../lib/errors.ts';
import { utf8 } from '../../../lib/text/utf8.ts';
import type { EncryptedFile } from '../../../model/snapshot.ts';
import { checkSops } from '../../../secrets/decrypt-sops.ts';
import { sealedValues } from '../../../secrets/equal-encrypted.ts';
import { flatEntries, plainFile, plainValues } from '../../../secrets/plain.ts';
import { NO_KEY } from '../../../secrets/site-secrets.ts';
import { parseSops, type SopsFile } from '../../../secrets/sops-file.ts';
import type { AppKeys } from './app-keys.ts';
import type { Value } from './template.ts';

/**
 * The variables of an encrypted file, each of them a secret. `parse` reads the text of a .env file; YAML and JSON have names with values. On a laptop
 * without a key, each value is a placeholder that tells one encrypted value from another. Throws InputError.
 */
export async function decryptedVariables(
  keys: AppKeys,
  sops: SopsFile,
  at: Position,
  parse: (text: string) => ReadonlyMap<string, Value>,
): Promise<ReadonlyMap<string, Value>> {
  const { secrets, app, group, onOutside, onPlaceholder } = keys;
  if (!secrets) {
    await requireSealed(sops, at, keys);
    if (!isDotenv(sops)) flatEntries(sops);
    const sealed = sealedValues(sops);
    for (const placeholder of sealed.values()) onPlaceholder?.(placeholder.slice(2, -2));
    return asSecrets(sealed);
  }
  const opened = await secrets.open(app, sops, group);
  const variables = isDotenv(sops) ? textsOf(parse(utf8(plainFile(opened), sops.path))) : plainValues(opened);
  for (const [name, value] of variables) onOutside?.(name, value);
  return asSecrets(variables);
}

/** sops calls a .env file with another name a binary one. */
const isDotenv = ({ format }: SopsFile): boolean => format === 'dotenv' || format === 'binary';

/** Only a laptop goes on without a key. The structure of the file is checked. Throws InputError. */
export async function requireSealed(
  sops: SopsFile,
  at: Position,
  { placeholders }: Pick<AppKeys, 'placeholders'>,
): Promise<void> {
  if (!placeholders) throw InputError.at(at, `${sops.path} is encrypted, and there is no age key here`, NO_KEY);
  await checkSops(sops);
}

/** Throws InputError for an encrypted file in a place where no file is decrypted: its values would be the encrypted texts. */
export function requirePlain(text: string, file: string): void {
  if (!parseSops(Buffer.from(text), file)) return;
  throw InputError.at(
    { file, line: 1, column: 1 },
    `${file} is encrypted, and such a file is not decrypted`,
    'list an encrypted file under valuesFrom in the Application, the Site or the Fleet, or as an env_file of the services that need it',
  );
}

/** An encrypted file as an app uses it, with the keys that open it. `at` is the place that names it. */
export const asUsed = (
  { path, metadata: { groups, threshold } }: SopsFile,
  at: Position,
  { group }: Pick<AppKeys, 'group'>,
): EncryptedFile => ({
  path,
  at,
  groups: groups.map(({ age }) => age.map(({ recipient }) => recipient)),
  threshold,
  group: group?.group,
});

export const textsOf = (variables: ReadonlyMap<string, Value>): Map<string, string> =>
  new Map([...variables].map(([name, { text }]) => [name, text]));

const asSecrets = (variables: ReadonlyMap<string, string>): Map<string, Value> =>
  new Map([...variables].map(([name, text]) => [name, { text, secret: { name, from: 0 } }]));
