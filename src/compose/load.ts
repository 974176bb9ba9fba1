import { InputError, type Position } from '../lib/errors.ts';
import type { PlacedApp } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { describe, entryOf, type MappingNode } from '../yaml/node.ts';
import { parseYaml } from '../yaml/parse.ts';
import { type AppFolder, readOrRefuse } from './app-folder.ts';
import { parseDotenv } from './dotenv.ts';
import { interpolate } from './interpolate.ts';
import { mergeFiles, withoutResets } from './merge.ts';
import type { Report } from './report.ts';
import { type CompileOptions, Values } from './values.ts';

/** An app's Compose files as one tree, variables put in, and what it is called. */
export interface Loaded {
  name: string;
  root: MappingNode;
  values: Values;
}

/** Reads, interpolates and merges the Compose files of an app. Throws InputError where no tree comes of them. */
export async function load(
  app: PlacedApp,
  site: string,
  snapshot: Snapshot,
  folder: (name: string) => AppFolder,
  options: CompileOptions,
  report: Report,
  onName: (name: string) => void,
): Promise<Loaded> {
  const trees: MappingNode[] = [];
  for (const path of app.compose) {
    try {
      trees.push(await readTree(snapshot, path));
    } catch (error) {
      report.add(error);
    }
  }
  report.throwIfAny();
  const bare = new Values(app, site, options);
  const values = bare.withDotenv(await readDotenv(folder(app.name), app, bare));
  const name = nameOf(app, trees, values, report);
  values.named(name);
  onName(name);
  let root: MappingNode | undefined;
  for (const tree of trees) {
    const next = interpolate(tree, values, report) as MappingNode;
    try {
      root = (root ? mergeFiles(root, next) : withoutResets(next)) as MappingNode;
    } catch (error) {
      report.add(error);
    }
  }
  if (!root) report.throwIfAny();
  if (!root) throw InputError.at(undefined, `the app ${app.name} lists no Compose file`);
  return { name, root, values };
}

async function readTree(snapshot: Snapshot, path: string): Promise<MappingNode> {
  const at: Position = { file: path, line: 1, column: 1 };
  const file = await readOrRefuse(snapshot, path, at);
  if (!file) throw InputError.at(at, 'there is no such file', 'the Application names it under compose or overlays');
  const tree = parseYaml(new TextDecoder().decode(file.content), path);
  if (!tree) throw InputError.at(at, 'the Compose file is empty');
  if (tree.kind !== 'mapping') throw InputError.at(tree.at, `a Compose file must be a mapping, not ${describe(tree)}`);
  return tree;
}

/** Settings of `docker compose` itself that a `.env` may hold; they would mean something else there than here. */
const SETTINGS: Record<string, string> = {
  COMPOSE_FILE: 'list the files under compose in the Application',
  COMPOSE_PATH_SEPARATOR: 'list the files under compose in the Application',
  COMPOSE_PROFILES: 'list the profiles under profiles in the Application',
  COMPOSE_PROJECT_NAME: "the Application's folder, or name: in the Compose file, names the app",
  COMPOSE_ENV_FILES: 'only .env is read',
};

async function readDotenv(folder: AppFolder, app: PlacedApp, values: Values): Promise<ReadonlyMap<string, string>> {
  const at: Position = { file: app.folder === '' ? '.env' : `${app.folder}/.env`, line: 1, column: 1 };
  const found = await folder.text('.env', '.env', at);
  if (!found) return new Map();
  const dotenv = parseDotenv(found.text, found.file, values.lookup);
  for (const [name, hint] of Object.entries(SETTINGS)) {
    if (dotenv.has(name))
      throw InputError.at(at, `${name} is a setting of docker compose, which is not there on a site`, hint);
  }
  return dotenv;
}

/** The Application's name; else `name:` of the last file that has one; else the fallback. Compose's spelling: lower case, nothing special. */
function nameOf(app: PlacedApp, trees: MappingNode[], values: Values, report: Report): string {
  if (app.nameIsFixed) return app.name;
  const written = trees.map((tree) => entryOf(tree, 'name')).findLast((entry) => entry !== undefined);
  const node = written && interpolate(written.value, values, report);
  const text = node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  const name = projectName(text) || projectName(app.name);
  if (name === '')
    throw InputError.at(written?.value.at, 'no name for the app can be made of this', 'set name: in the Compose file');
  return name;
}

/** A project's name as Compose makes it of any text; "" where nothing is left. */
export function projectName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}
