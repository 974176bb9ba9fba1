import { posix } from 'node:path';
import { InputError, type Position, type Problem } from '../lib/errors.ts';
import type { SourceFile } from '../model/snapshot.ts';
import type { Project } from './keys/project.ts';
import { parseDotenv } from './load/values/dotenv.ts';

const NAME = /pass(word|wd|phrase)?$|pass(word|wd)|secret|token|api_?key|access_?key|private_?key|credential/i;
/** Matches a private key, a URL with a password, and the keys of clouds and Git hosts by their first letters. */
const VALUE =
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----|^[a-z][a-z0-9+.-]{0,30}:\/\/[^/@\s:]{0,200}:[^/@\s]{1,200}@|^(AKIA[A-Z0-9]{16}|gh[opsu]_\w{20}|glpat-[\w-]{20}|xox[abp]-)/;
/** The number of characters of a value that are checked. */
const MOST_READ = 4096;

/** True when a value, or its name, looks like a password or a key. The name of a file and a variable do not. */
export function looksSecret(name: string, value: string): boolean {
  if (value === '' || value.includes('$')) return false;
  return (NAME.test(name) && !/_FILE$/i.test(name)) || VALUE.test(value.slice(0, MOST_READ));
}

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
    isEnvironment(path) ? secretsInEnvironment(new TextDecoder().decode(content), path) : [],
  );
  for (const { name, at, keys } of project.secrets.values()) {
    const path = keys.file === undefined ? undefined : posix.join(dir, keys.file);
    if (path !== undefined && Object.hasOwn(files, path)) {
      found.push({
        at: { file: path, line: 1, column: 1 },
        message: `this is the secret ${name}, and everybody who can read the repo can read it`,
        hint: "do not commit it; put it in the app's folder on each site",
      });
    }
    if (keys.content && !keys.content.includes('{{') && VALUE.test(keys.content.slice(0, MOST_READ)))
      found.push(secretProblem(at, name));
  }
  for (const { name: service, keys } of project.services.values()) {
    for (const { name, value, at, node } of keys.environment ?? [])
      if (value && !node.raw.includes('$') && looksSecret(name, value))
        found.push(secretProblem(at, name, ` of ${service}`));
  }
  return found;
}

/** True for `.env`, `prod.env`, `.env.local`. */
const isEnvironment = (path: string): boolean =>
  path
    .slice(path.lastIndexOf('/') + 1)
    .toLowerCase()
    .split('.')
    .includes('env') && !/\.ya?ml$/.test(path);

/** The possible secrets of an environment file; an empty list when the file cannot be read as one. */
function secretsInEnvironment(text: string, file: string): Problem[] {
  try {
    const names = [...parseDotenv(text, file, () => '')].flatMap(([name, value]) =>
      looksSecret(name, value) ? [name] : [],
    );
    const lines = text.split('\n').map((line) => line.replace(/^\s*(?:export\s+)?/, '').split(/[=:\s]/, 1)[0]);
    return names.map((name) => secretProblem({ file, line: lines.lastIndexOf(name) + 1 || 1, column: 1 }, name));
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
