import { posix } from 'node:path';
import { InputError, type Position, type Problem } from '../../lib/errors.ts';
import { own } from '../../lib/maps/own.ts';
import { looksLikeKey, looksSecret } from '../../lib/text/looks-secret.ts';
import type { SourceFile } from '../../model/snapshot.ts';
import { parseSops } from '../../secrets/sops-file.ts';
import type { Project } from '../keys/project.ts';
import { parseDotenv } from '../load/values/dotenv.ts';
import { placeIn } from '../load/values/place-in.ts';
import { plainVariables } from '../load/values/read-values-file.ts';

/** The problem for a value that may be a secret, without the value. */
export const secretProblem = (at: Position, name: string, of = ''): Problem => ({
  at,
  message: `${name}${of} may be a secret, and everybody who can read the repo can read it`,
  hint: `keep it out of Git: use \${${name}}, list the name under siteValues in fleet.yaml, and give each site its value in the file of --values`,
});

/**
 * Finds passwords and keys in the files of an app. `files` has all of them by path. `dir` is the base folder of the project's paths, in the
 * same form.
 */
export function possibleSecrets(files: Readonly<Record<string, SourceFile>>, project: Project, dir: string): Problem[] {
  const found = Object.entries(files).flatMap(([path, { content }]) =>
    isEnvironment(path) && !isEncrypted(content, path)
      ? secretsInEnvironment(new TextDecoder().decode(content), path)
      : [],
  );
  for (const { name, at, keys } of project.secrets.values()) {
    const path = keys.file === undefined ? undefined : posix.join(dir, keys.file);
    const file = path === undefined ? undefined : own(files, path);
    if (path !== undefined && file && !isEncrypted(file.content, path)) {
      found.push({
        at: { file: path, line: 1, column: 1 },
        message: `this is the secret ${name}, and everybody who can read the repo can read it`,
        hint: "encrypt it with sops for the sites that run the app, or do not commit it and put it in the app's folder on each site",
      });
    }
    if (keys.content && !keys.content.includes('{{') && looksLikeKey(keys.content)) found.push(secretProblem(at, name));
  }
  for (const { name: service, keys } of project.services.values()) {
    for (const { name, value, at, node } of keys.environment ?? [])
      if (value && !node.raw.includes('$') && looksSecret(name, value))
        found.push(secretProblem(at, name, ` of ${service}`));
  }
  return found;
}

/** The possible secrets of a file under `valuesFrom`; an empty list when it is encrypted, or cannot be read. */
export function secretsInValues({ content }: SourceFile, file: string): Problem[] {
  if (isEncrypted(content, file)) return [];
  const text = new TextDecoder().decode(content);
  return orNone(() =>
    [...plainVariables(text, file)].flatMap(([name, value]) =>
      looksSecret(name, value.text) ? [{ ...secretProblem(placeIn({ file, text }, name), name), hint: ENCRYPT }] : [],
    ),
  );
}

const ENCRYPT =
  'encrypt the file with sops for the sites that use it, or list the name under siteValues in fleet.yaml and give each site its value in the file of --values';

/** SOPS encrypted it. Compiling the app reports the problems of such a file. */
function isEncrypted(content: Uint8Array, path: string): boolean {
  try {
    return parseSops(content, path) !== undefined;
  } catch (error) {
    if (error instanceof InputError) return true;
    throw error;
  }
}

/** True for `.env`, `prod.env`, `.env.local`. */
const isEnvironment = (path: string): boolean =>
  path
    .slice(path.lastIndexOf('/') + 1)
    .toLowerCase()
    .split('.')
    .includes('env') && !/\.ya?ml$/.test(path);

/** The possible secrets of an environment file; an empty list when the file cannot be read as one. */
const secretsInEnvironment = (text: string, file: string): Problem[] =>
  orNone(() =>
    [...parseDotenv(text, file, () => ({ text: '' }))].flatMap(([name, value]) =>
      looksSecret(name, value.text) ? [secretProblem(placeIn({ file, text }, name), name)] : [],
    ),
  );

/** Compiling the app reports the problems of a file that cannot be read. */
function orNone(find: () => Problem[]): Problem[] {
  try {
    return find();
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
