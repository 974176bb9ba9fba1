import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAdopting } from '../../compose/adoption.ts';
import { compileSite } from '../../compose/compile-site.ts';
import type { OutsideValues } from '../../compose/outside-values.ts';
import { InputError } from '../../lib/errors.ts';
import { utf8 } from '../../lib/text/utf8.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { DesiredSite } from '../../model/state.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { parseYaml } from '../../yaml/parse.ts';
import { withEngine } from '../engine/engine.ts';
import type { DesiredOptions, EngineOptions } from '../options/desired-options.ts';
import { limitSettings } from '../settings/agent-settings.ts';
import { resolveSettings } from '../settings/resolve-settings.ts';
import { asCommitted } from './as-committed.ts';
import { type OpenPinned, pinnedInClone, pinnedInRepo, placeAt } from './pinned.ts';

/** Opens the snapshot that folder and flags name, and the one that a Site in it pins, for as long as `use` runs. */
export async function withSnapshot<T>(
  folder: string | undefined,
  options: DesiredOptions,
  use: (snapshot: Snapshot, pinned: OpenPinned) => Promise<T>,
): Promise<T> {
  if (options.repo === undefined) {
    if (options.revision !== undefined) throw InputError.of('--revision needs --repo: a folder is taken as it is');
    const { folderSource } = await import('../../source/folder-source.ts');
    const { path } = options;
    const top = folder ?? '.';
    const snapshot = asCommitted(await folderSource(top, path === undefined ? {} : { path }), top, path);
    return use(snapshot, pinnedInClone(top, path, snapshot));
  }
  if (folder !== undefined) throw InputError.of('name either a folder or --repo, not both');
  return withRepo(options.repo, options, use);
}

async function withRepo<T>(
  url: string,
  options: DesiredOptions,
  use: (snapshot: Snapshot, pinned: OpenPinned) => Promise<T>,
): Promise<T> {
  const { mkdtemp, rm } = await import('node:fs/promises');
  const { gitSource } = await import('../../source/git-source.ts');
  const { sourceOptionsFrom } = await import('../settings/source-settings.ts');
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-'));
  const { signal } = new AbortController();
  try {
    const source = gitSource({
      url,
      dir,
      ...(await sourceOptionsFrom(process.env)),
      revision: options.revision,
      path: options.path,
    });
    try {
      const { commit } = await source.poll(signal);
      const opened = [await source.fetch(commit, signal)];
      const pinned = pinnedInRepo(source, signal, (snapshot) => opened.push(snapshot));
      return await use(opened[0] as Snapshot, pinned).finally(() => Promise.all(opened.map((each) => each.dispose())));
    } finally {
      source.close();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The flags that decide the desired state. */
type ReadableOptions = DesiredOptions & Partial<Pick<EngineOptions, 'dockerHost' | 'adopt'>>;

export interface ReadOptions {
  placeholders: boolean;
  engine?: boolean;
  outside?: OutsideValues;
  /** Called with each name for which a placeholder is used. */
  onPlaceholder?: (name: string) => void;
}

/**
 * Reads the state that the site should have. Problems of single apps are in its `broken`. With `engine`, it asks the engine for the folders that adopted
 * stacks were started from, and throws EngineError if the engine does not answer.
 */
export async function readDesired(
  folder: string | undefined,
  options: ReadableOptions,
  { placeholders, engine = false, outside, onPlaceholder }: ReadOptions,
): Promise<DesiredSite> {
  const compile = {
    ...(await compileOptions(options, placeholders)),
    onOutside: outside?.heard,
    onPlaceholder,
  };
  return withSnapshot(folder, options, async (snapshot, pinned) => {
    const { placed, files } = await placeAt(snapshot, options.site, pinned, () => true);
    const asks = placed.apps.some((app) => isAdopting(app, compile) && app.projectDirectory === undefined);
    const stacks =
      engine && asks ? await withEngine(placed.site, options.dockerHost, (site) => site.stacks()) : undefined;
    return compileSite(placed, files, { ...compile, stacks });
  });
}

export async function compileOptions(options: ReadableOptions, placeholders: boolean) {
  const { maxFileBytes } = limitSettings;
  return {
    filesDir: options.filesDir,
    placeholders,
    ...(await resolveSettings({ maxFileBytes }, { environment: process.env })),
    adopt: options.adopt,
    localValues: options.values === undefined ? undefined : await readValues(options.values),
    environment: options.env ? environment() : undefined,
  };
}

const environment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

/** Reads the site's own values: a flat YAML mapping of names to scalars. An empty file has none. Throws InputError. */
export async function readValues(path: string): Promise<Record<string, string>> {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw InputError.of(`the values file ${path} cannot be read: ${error.code ?? error.message}`);
  });
  const root = parseSecretly(utf8(content, path), path);
  if (!root) return {};
  if (root.kind !== 'mapping')
    throw InputError.at(root.at, 'a values file is a mapping of names to values, as `TOKEN: abc`');
  const values: Record<string, string> = {};
  for (const { key, value } of root.entries) {
    if (value.kind !== 'scalar' || value.value === null) {
      const hint = 'put quotes around a value with special characters';
      throw InputError.at(value.at, 'this value must be a string, a number or a boolean', hint);
    }
    values[key] = typeof value.value === 'string' ? value.value : value.raw;
  }
  return values;
}

/** Parses a secret text. An error names only the place in it, since any part of the text may be a part of a password. */
function parseSecretly(text: string, path: string): YamlNode | undefined {
  try {
    return parseYaml(text, path);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const message = 'the values file cannot be read from here on; its text is not shown, as it may be secret';
    const hint =
      "it is a YAML mapping of names to values: put a value with special characters in quotes, as NAME: 'value'";
    throw new InputError(error.problems.map(({ at }) => ({ message, hint, at })));
  }
}

/** Throws InputError with the problems of all apps that cannot be compiled. */
export function requireUnbroken(site: DesiredSite): void {
  if (site.broken.length > 0) throw new InputError(site.broken.flatMap(({ problems }) => problems));
}
