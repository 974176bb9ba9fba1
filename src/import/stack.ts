import { stat } from 'node:fs/promises';
import { basename, dirname, join, posix, relative, resolve } from 'node:path';
import { compileApp } from '../compose/compile-app.ts';
import type { Project } from '../compose/keys/project.ts';
import { readProject } from '../compose/read-project.ts';
import { findComposeFiles } from '../fleet/compose-files.ts';
import { bareApp } from '../fleet/open-fleet.ts';
import { isProjectName, PROJECT_NAME_HINT } from '../fleet/project-name.ts';
import { InputError } from '../lib/errors.ts';
import type { Snapshot, SourceFile } from '../model/snapshot.ts';
import { folderSnapshot } from '../source/folder-snapshot.ts';
import { recordSnapshot } from '../source/recording.ts';
import { withoutSettings } from './compose-settings.ts';
import { unsetVariables } from './variables.ts';

/** The services that people run with `docker compose` from one folder. */
export interface Stack {
  /** The Compose project's name. */
  name: string;
  /** Absolute. */
  dir: string;
  /** Compose files in merge order, relative to the folder. */
  compose: string[];
  /** True if `docker compose` finds these by itself. */
  isDefault: boolean;
  profiles: string[];
  project: Project;
  /** The files that an app made of it needs, by path relative to the folder. */
  files: Record<string, SourceFile>;
  /** Folders that containers write to. They belong to the site, not to Git. */
  left: string[];
  /** Mounts from outside of the folder, by path relative to it. */
  outside: string[];
  /** Files among `files` that are mounted writable. */
  writable: string[];
  /** Variables without a value or a default. */
  variables: string[];
}

export interface StackOptions {
  /** Compose files, or one folder; the current folder if empty. */
  files: string[];
  /** Folders, relative to the stack's, that are copied although containers write to them. */
  copy: string[];
  profiles: string[];
}

/** Reads a stack. Throws InputError for Compose files that are wrong, SourceError for those that cannot be read. */
export async function readStack(options: StackOptions): Promise<Stack> {
  const { dir, named } = await locate(options.files);
  const { snapshot, settings } = await withoutSettings(await folderSnapshot(dir));
  if (settings.name !== undefined) requireProjectName(settings.name, join(dir, '.env'));
  const found = await findComposeFiles(snapshot, '');
  const compose = named.length > 0 ? named : (settings.files ?? found);
  if (compose.length === 0) throw InputError.of(`${dir} has no Compose file`, 'name one: holdfast import FILE…');
  const profiles = options.profiles.length > 0 ? options.profiles : (settings.profiles ?? []);
  const { name: given } = settings;
  const app = bareApp({ name: given ?? basename(dir), nameIsFixed: given !== undefined, compose, sync: {} });

  const reading = recordSnapshot(snapshot);
  const { name, project } = await readProject(app, reading.snapshot, { filesDir: '/' });
  const variables = unsetVariables(reading.recorded().files, project);
  const { left, writable, outside } = await bindsOf(project, dir, new Set(options.copy.map(normal)));
  const compiling = recordSnapshot(without(reading.snapshot, left));
  const all = { ...app, profiles: ['*'], siteValues: variables };
  // Problems are reported later, in the app that was made.
  await compileApp(all, '', compiling.snapshot, { filesDir: '/', placeholders: true }).catch((error: unknown) => {
    if (!(error instanceof InputError)) throw error;
  });
  const files = { ...reading.recorded().files, ...compiling.recorded().files };
  return {
    name,
    dir,
    compose,
    isDefault: compose.join() === found.join(),
    profiles,
    project,
    files,
    left,
    outside,
    writable: writable.filter((path) => path in files),
    variables,
  };
}

/** Refuses a name that Docker Compose would refuse, before it becomes a folder of the config repo. */
function requireProjectName(name: string, file: string): void {
  if (isProjectName(name)) return;
  throw InputError.of(
    `${file}: COMPOSE_PROJECT_NAME ${JSON.stringify(name)} cannot be the name of a Compose project`,
    PROJECT_NAME_HINT,
  );
}

/** Finds the stack's folder: that of the first file, as with docker compose. The other files must be in it. */
async function locate(files: string[]): Promise<{ dir: string; named: string[] }> {
  const [first, ...others] = files.map((file) => resolve(file));
  if (first === undefined) return { dir: resolve('.'), named: [] };
  if (others.length === 0 && (await kindOf(first)) === 'dir') return { dir: first, named: [] };
  const dir = dirname(first);
  const named = [first, ...others].map((file) => relative(dir, file));
  const outside = named.find((path) => path.startsWith('..'));
  if (outside !== undefined) {
    throw InputError.of(`${outside} lies outside of ${dir}`, 'an app is one folder: put it beside the first file');
  }
  return { dir, named };
}

const normal = (path: string): string => posix.normalize(path).replace(/^\.\//, '').replace(/\/$/, '');

/** Gives the folders that are left to the site, the files that containers can write to, and the paths outside of the folder. */
async function bindsOf(
  project: Project,
  dir: string,
  taken: ReadonlySet<string>,
): Promise<{ left: string[]; writable: string[]; outside: string[] }> {
  const left = new Set<string>();
  const outside = new Set<string>();
  const writable = new Set<string>();
  for (const { keys } of project.services.values()) {
    for (const { Type, Source, ReadOnly } of keys.volumes ?? []) {
      if (Type !== 'bind' || !Source || Source.startsWith('/') || Source.startsWith('~')) continue;
      const path = normal(Source);
      if (/^\.\.(\/|$)/.test(path)) outside.add(path);
      if (ReadOnly || outside.has(path)) continue;
      const kind = await kindOf(join(dir, path));
      if (kind === 'dir' && !taken.has(path)) left.add(path);
      if (kind === 'file') writable.add(path);
    }
  }
  return { left: [...left].sort(), writable: [...writable].sort(), outside: [...outside].sort() };
}

async function kindOf(path: string): Promise<'file' | 'dir' | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ? 'dir' : found?.isFile() ? 'file' : undefined;
}

/** The snapshot with these folders empty. */
const without = (snapshot: Snapshot, left: readonly string[]): Snapshot => ({
  ...snapshot,
  list: async (dir) =>
    left.some((path) => path === '.' || dir === path || dir.startsWith(`${path}/`))
      ? dir === ''
        ? snapshot.list(dir)
        : []
      : snapshot.list(dir),
});
