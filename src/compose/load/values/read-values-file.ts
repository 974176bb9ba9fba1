import { InputError, type Position } from '../../../lib/errors.ts';
import type { EncryptedFile } from '../../../model/snapshot.ts';
import { parseSops } from '../../../secrets/sops-file.ts';
import { describe } from '../../../yaml/node.ts';
import { parseYaml } from '../../../yaml/parse.ts';
import type { RepoFiles } from '../files/repo-files.ts';
import type { FileVariables } from '../trace.ts';
import type { AppKeys } from './app-keys.ts';
import { asUsed, decryptedVariables } from './decrypted-variables.ts';
import { parseDotenv } from './dotenv.ts';
import { placeIn } from './place-in.ts';
import type { Value } from './template.ts';

/** A file with values, read. */
export interface ValuesRead extends FileVariables {
  /** Absent: it is not encrypted. */
  encrypted?: EncryptedFile | undefined;
}

/**
 * Reads a file of `valuesFrom` for an app: names and values in YAML, JSON or as a .env file, which SOPS may have encrypted. A .env file sees its own variables
 * alone. Throws InputError, with the place; its messages show no values.
 */
export async function readValuesFile(path: string, keys: AppKeys, repo: RepoFiles): Promise<ValuesRead> {
  const start: Position = { file: path, line: 1, column: 1 };
  const text = await repo.text(path, 'a file of valuesFrom', start);
  if (text === undefined) throw InputError.at(start, `valuesFrom names ${path}, and Git has no such file`);
  const sops = parseSops(Buffer.from(text), path);
  if (!sops) return { file: path, text, variables: plainVariables(text, path) };
  const variables = await decryptedVariables(keys, sops, start, (plain) => dotenv(plain, path));
  return { file: path, text, variables: named(variables, { file: path, text }), encrypted: asUsed(sops, start, keys) };
}

/** The variables of a file that is not encrypted. Throws InputError. */
export const plainVariables = (text: string, path: string): ReadonlyMap<string, Value> =>
  named(/\.(?:ya?ml|json)$/.test(path) ? yaml(text, path) : dotenv(text, path), { file: path, text });

const dotenv = (text: string, path: string): Map<string, Value> => parseDotenv(text, path, () => undefined);

/** JSON is YAML, too. */
function yaml(text: string, path: string): Map<string, Value> {
  const root = parseYaml(text, path);
  if (!root || (root.kind === 'scalar' && root.value === null)) return new Map();
  if (root.kind !== 'mapping')
    throw InputError.at(root.at, `a file of valuesFrom is a mapping of names to values, not ${describe(root)}`);
  return new Map(
    root.entries.map(({ key, keyAt, value }) => {
      if (value.kind !== 'scalar') throw InputError.at(keyAt, `${key} is ${describe(value)}, and a value is one text`);
      if (value.value === null) throw InputError.at(keyAt, `${key} has no value`, 'write "" for an empty text');
      return [key, { text: typeof value.value === 'string' ? value.value : value.raw }];
    }),
  );
}

/** Refuses names that no variable can have, as the values in the documents do. */
function named(
  variables: ReadonlyMap<string, Value>,
  written: { file: string; text: string },
): ReadonlyMap<string, Value> {
  for (const name of variables.keys()) {
    if (/^(?!HOLDFAST_)[A-Za-z_][A-Za-z0-9_]*$/.test(name)) continue;
    throw InputError.at(
      placeIn(written, name),
      `${JSON.stringify(name)} is not the name of a variable: letters, digits and _, not beginning with a digit or with HOLDFAST_, which is for built-in values`,
    );
  }
  return variables;
}
