import { InputError } from '../lib/errors.ts';
import type { Snapshot } from '../model/snapshot.ts';

/** The file names that `docker compose` looks for in a folder, in its order of preference. Source: compose-go, cli/options.go. */
export const COMPOSE_FILES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
export const OVERRIDE_FILES = COMPOSE_FILES.map((name) => name.replace('compose.', 'compose.override.'));

/**
 * The Compose files of a folder, as `docker compose` finds them without `-f`: one file and its override, or no file. Throws InputError when
 * there are two of a kind; Compose would take one of them and ignore the other.
 */
export async function findComposeFiles(snapshot: Snapshot, folder: string): Promise<string[]> {
  const names = new Set((await snapshot.list(folder))?.filter(({ kind }) => kind !== 'dir').map(({ name }) => name));
  const base = onlyOne(COMPOSE_FILES, names, folder);
  if (base === undefined) return [];
  const override = onlyOne(OVERRIDE_FILES, names, folder);
  return [base, ...(override === undefined ? [] : [override])].map((name) => inFolder(folder, name));
}

const SETTING = /^[ \t]*(?:export[ \t]+)?(COMPOSE_[A-Z_]+)[ \t]*[=:]/;

/** The setting of `docker compose` that a line of a `.env` sets; undefined when it sets none. */
export const settingIn = (line: string): string | undefined => SETTING.exec(line)?.[1];

/**
 * The Compose files of a folder that is an app without a fleet, as `docker compose` finds them; undefined when the folder is no app. The list is
 * empty when the `.env` sets COMPOSE_FILE; the loader reads that.
 */
export async function findLoneFiles(snapshot: Snapshot, folder: string): Promise<string[] | undefined> {
  const dotenv = await snapshot.read(inFolder(folder, '.env'));
  const lines = dotenv ? Buffer.from(dotenv.content).toString('latin1').split('\n') : [];
  if (lines.some((line) => settingIn(line) === 'COMPOSE_FILE')) return [];
  const found = await findComposeFiles(snapshot, folder);
  return found.length > 0 ? found : undefined;
}

export const inFolder = (folder: string, path: string): string => (folder === '' ? path : `${folder}/${path}`);

function onlyOne(candidates: readonly string[], names: ReadonlySet<string>, folder: string): string | undefined {
  const [first, second] = candidates.filter((name) => names.has(name));
  if (first === undefined || second === undefined) return first;
  throw InputError.at(
    { file: inFolder(folder, second), line: 1, column: 1 },
    `Compose would ignore ${inFolder(folder, second)}, because ${first} is beside it`,
    'remove one of them, or merge them',
  );
}
