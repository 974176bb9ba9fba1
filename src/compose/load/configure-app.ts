import { posix } from 'node:path';
import { isProjectName, PROJECT_NAME_HINT } from '../../fleet/project-name.ts';
import { InputError, type Position } from '../../lib/errors.ts';
import type { PlacedApp } from '../../model/fleet.ts';
import { projectFolder } from './files/project-folder.ts';
import { inRepo, type RepoFiles } from './files/repo-files.ts';
import { composeSettings } from './settings.ts';
import type { AppKeys } from './values/app-keys.ts';
import { requirePlain, textsOf } from './values/decrypted-variables.ts';
import { parseDotenv } from './values/dotenv.ts';
import { placeIn } from './values/place-in.ts';
import type { Value } from './values/template.ts';
import { type CompileOptions, Values, type ValuesOfGit } from './values/values.ts';
import { readValuesOfGit } from './values/values-of-git.ts';

/** An app, configured by its `.env`. */
export interface ConfiguredApp {
  app: PlacedApp;
  /** The variables of the `.env`. */
  dotenv: ReadonlyMap<string, Value>;
  git: ValuesOfGit;
  /** The app's name, if the `.env` of a lone Compose file sets it. */
  name?: string | undefined;
}

/** Hints for the settings that an Application replaces. */
const INSTEAD_IN_A_FLEET = {
  COMPOSE_FILE: 'list the files under compose in the Application',
  COMPOSE_PATH_SEPARATOR: 'list the files under compose in the Application',
  COMPOSE_PROFILES: 'list the profiles under profiles in the Application',
  COMPOSE_PROJECT_NAME: "the Application's folder, or name: in the Compose file, names the app",
  COMPOSE_ENV_FILES: 'only .env is read',
};

/**
 * Configures an app by its `.env`. The `.env` of a lone Compose file may hold settings of `docker compose` with their usual meaning: files,
 * profiles and the project's name. In a fleet the Application has these settings, so this refuses them. Throws InputError.
 */
export async function configureApp(
  app: PlacedApp,
  site: string,
  repo: RepoFiles,
  options: CompileOptions,
  keys: AppKeys,
): Promise<ConfiguredApp> {
  const git = await readValuesOfGit(app, repo, keys);
  const values = new Values(app, site, options, git);
  if (app.nameIsFixed) {
    const { variables, at } = await readDotenv(projectFolder(app), values, repo);
    const found = Object.entries(INSTEAD_IN_A_FLEET).find(([name]) => variables.has(name));
    if (!found) return { app, dotenv: variables, git };
    const [name, hint] = found;
    throw InputError.at(at(name), `${name} is a setting of docker compose, which does not run on a site`, hint);
  }
  // When files are named, this is the `.env` beside the first file.
  const folder = projectFolder(app);
  const { variables, at } = await readDotenv(folder, values, repo);
  const files = app.compose.length > 0 ? undefined : composeSettings(textsOf(variables)).files;
  const lone = files ? await withFiles(app, files, at('COMPOSE_FILE'), repo) : app;
  const project = projectFolder(lone);
  // When the files are in another folder, Docker Compose also reads the `.env` there; the first `.env` has priority.
  const second = project === folder ? undefined : await readDotenv(project, values.withDotenv(variables), repo);
  const dotenv = new Map([...(second?.variables ?? []), ...variables]);
  const { name, profiles } = composeSettings(textsOf(dotenv));
  if (name !== undefined && !isProjectName(name)) {
    const position = variables.has('COMPOSE_PROJECT_NAME') ? at : (second?.at ?? at);
    throw InputError.at(
      position('COMPOSE_PROJECT_NAME'),
      'COMPOSE_PROJECT_NAME cannot be the name of a Compose project',
      PROJECT_NAME_HINT,
    );
  }
  const configured = profiles !== undefined && app.profiles.length === 0 ? { ...lone, profiles } : lone;
  return { app: configured, dotenv, git, name };
}

/** The app with the files of COMPOSE_FILE. Compose names a project without a name after the folder of its first file. */
async function withFiles(app: PlacedApp, files: readonly string[], at: Position, repo: RepoFiles): Promise<PlacedApp> {
  const compose: string[] = [];
  for (const file of files.map((each) => each.trim())) {
    if (file === '') throw InputError.at(at, 'COMPOSE_FILE names an empty path', 'remove the extra separator');
    if (file.startsWith('/'))
      throw InputError.at(at, 'COMPOSE_FILE names a file that is not in Git', 'its paths must be relative');
    const path = inRepo(app.folder, file, at);
    if ((await repo.kind(path, at)) !== 'file')
      throw InputError.at(at, `COMPOSE_FILE names ${path}, which is not a file in the repo`);
    compose.push(path);
  }
  const configured = { ...app, compose };
  const project = projectFolder(configured);
  return project === app.folder ? configured : { ...configured, name: posix.basename(project) };
}

interface Dotenv {
  variables: ReadonlyMap<string, Value>;
  /** The position of the line that sets a variable. */
  at(name: string): Position;
}

async function readDotenv(folder: string, values: Values, repo: RepoFiles): Promise<Dotenv> {
  const file = posix.join(folder, '.env');
  const start = { file, line: 1, column: 1 };
  const text = (await repo.text(file, '.env', start)) ?? '';
  requirePlain(text, file);
  const variables = parseDotenv(text, file, values.lookup, undefined, values.required);
  values.trace?.dotenv({ file, text, variables });
  return { variables, at: (name) => placeIn({ file, text }, name) };
}
