import { posix } from 'node:path';
import { InputError, type Position, type Problem } from '../lib/errors.ts';
import type { SourceFile } from '../model/snapshot.ts';
import type { Project } from './keys/project.ts';
import { parseDotenv } from './load/values/dotenv.ts';

const NAME = /pass(word|wd|phrase)?$|pass(word|wd)|secret|token|api_?key|access_?key|private_?key|credential/i;
/** A private key, a URL with a password, and keys of clouds and forges by their first letters. */
const VALUE =
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----|^[a-z][a-z0-9+.-]{0,30}:\/\/[^/@\s:]{0,200}:[^/@\s]{1,200}@|^(AKIA[A-Z0-9]{16}|gh[opsu]_\w{20}|glpat-[\w-]{20}|xox[abp]-)/;
/** The start of a value that is looked at. */
const MOST_READ = 4096;

/** True for a value in a file that looks like a password or a key, by its name or by itself. The name of a file does not, nor does a variable. */
export function isSuspect(name: string, value: string): boolean {
  if (value === '' || value.includes('$')) return false;
  return (NAME.test(name) && !/_FILE$/i.test(name)) || VALUE.test(value.slice(0, MOST_READ));
}

/** The words for one; never its value. */
export const suspect = (at: Position, name: string, of = ''): Problem => ({
  at,
  message: `${name}${of} may be a secret, and everybody who can read the repo can read it`,
  hint: `keep it out of Git: use \${${name}}, list that under siteValues in fleet.yaml, and give each site its value in the file of --values`,
});

/**
 * Passwords and keys in what an app reads from Git. `files`: all of them, by path. `dir` is the folder that paths in the project are relative to, as
 * `files` has it.
 */
export function suspectsIn(files: Readonly<Record<string, SourceFile>>, project: Project, dir: string): Problem[] {
  const found = Object.entries(files).flatMap(([path, { content }]) =>
    isEnvironment(path) ? suspectsInEnvironment(new TextDecoder().decode(content), path) : [],
  );
  for (const { name, at, keys } of project.secrets.values()) {
    const path = keys.file === undefined ? undefined : posix.join(dir, keys.file);
    if (path !== undefined && Object.hasOwn(files, path)) {
      found.push({
        at: { file: path, line: 1, column: 1 },
        message: `this is the secret ${name}, and everybody who can read the repo can read it`,
        hint: "do not commit it; lay it into the app's folder on each site, where Git need not hold it",
      });
    }
    if (keys.content && !keys.content.includes('{{') && VALUE.test(keys.content.slice(0, MOST_READ)))
      found.push(suspect(at, name));
  }
  for (const { name: service, keys } of project.services.values()) {
    for (const { name, value, at, node } of keys.environment ?? [])
      if (value && !node.raw.includes('$') && isSuspect(name, value)) found.push(suspect(at, name, ` of ${service}`));
  }
  return found;
}

/** `.env`, `prod.env`, `.env.local`. */
const isEnvironment = (path: string): boolean =>
  path
    .slice(path.lastIndexOf('/') + 1)
    .toLowerCase()
    .split('.')
    .includes('env') && !/\.ya?ml$/.test(path);

/** None where it is no file of variables after all. */
function suspectsInEnvironment(text: string, file: string): Problem[] {
  try {
    const names = [...parseDotenv(text, file, () => '')].flatMap(([name, value]) =>
      isSuspect(name, value) ? [name] : [],
    );
    const lines = text.split('\n').map((line) => line.replace(/^\s*(?:export\s+)?/, '').split(/[=:\s]/, 1)[0]);
    return names.map((name) => suspect({ file, line: lines.lastIndexOf(name) + 1 || 1, column: 1 }, name));
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
