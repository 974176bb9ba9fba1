import { readFile } from 'node:fs/promises';
import { isAdopting } from '../../compose/adoption.ts';
import { compileSite } from '../../compose/compile-site.ts';
import type { OutsideValues } from '../../compose/private-values/outside-values.ts';
import { siteFacts } from '../../fleet/facts/facts.ts';
import type { AskFacts } from '../../fleet/open-fleet.ts';
import { InputError } from '../../lib/errors.ts';
import { utf8 } from '../../lib/text/utf8.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { DesiredSite } from '../../model/state.ts';
import type { SiteSecrets } from '../../secrets/site-secrets.ts';
import type { FetchedSnapshot } from '../../source/source.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { parseYaml } from '../../yaml/parse.ts';
import { withEngine } from '../engine/engine.ts';
import type { DesiredOptions, EngineOptions } from '../options/desired-options.ts';
import { limitSettings } from '../settings/agent-settings.ts';
import { resolveSettings } from '../settings/resolve-settings.ts';
import type { OpenedSource } from './open-source.ts';
import { type OpenPinned, openPin, placeAt, unknownPin } from './pinned.ts';
import { asCommitted } from './sides/as-committed.ts';

/** Opens the snapshot that folder and flags name, and the one that a Site in it pins, for as long as `use` runs. */
export async function withSnapshot<T>(
  folder: string | undefined,
  options: DesiredOptions,
  use: (snapshot: Snapshot, pinned: OpenPinned) => Promise<T>,
): Promise<T> {
  if (options.repo === undefined) return withFolder(folder ?? '.', options, use);
  if (folder !== undefined) throw InputError.of('name either a folder or --repo, not both');
  const { openRepo } = await import('./open-source.ts');
  const opened = await openRepo(options.repo, options);
  const { signal } = new AbortController();
  const snapshots: FetchedSnapshot[] = [];
  const open = async (opening: Promise<FetchedSnapshot>): Promise<FetchedSnapshot> => {
    const snapshot = await opening;
    snapshots.push(snapshot);
    return snapshot;
  };
  try {
    const { commit } = await opened.source.poll(signal);
    const followed = await open(opened.source.fetch(commit, signal));
    return await use(followed, (pin) => open(openPin(opened, pin, signal)));
  } finally {
    await Promise.all(snapshots.map((snapshot) => snapshot.dispose()));
    await opened.close();
  }
}

/** A folder as it is. The clone around it is opened only for a pin. */
async function withFolder<T>(
  top: string,
  options: DesiredOptions,
  use: (snapshot: Snapshot, pinned: OpenPinned) => Promise<T>,
): Promise<T> {
  if (options.revision !== undefined) throw InputError.of('--revision needs --repo: a folder is taken as it is');
  const { folderSnapshot } = await import('../../source/folder-snapshot.ts');
  const { path } = options;
  const snapshot = asCommitted(await folderSnapshot(top, path === undefined ? {} : { path }), top, path);
  let clone: OpenedSource | undefined;
  const pinned: OpenPinned = async (pin) => {
    const { openFolder } = await import('./open-source.ts');
    clone ??= await openFolder(top, { path }, 'folder').catch((error: unknown) => {
      if (!(error instanceof InputError)) throw error;
      throw unknownPin(pin, error.message, 'clone the repo, or name it with --repo');
    });
    return openPin(clone, pin, new AbortController().signal, 'this folder');
  };
  return use(snapshot, pinned).finally(() => clone?.close());
}

/** The flags that decide the desired state. */
type ReadableOptions = DesiredOptions & Partial<Pick<EngineOptions, 'dockerHost' | 'adopt' | 'secretsDir'>>;

export interface ReadOptions {
  placeholders: boolean;
  engine?: boolean;
  outside?: OutsideValues;
  /** Decrypts; absent: files of SOPS stay encrypted. */
  secrets?: SiteSecrets | undefined;
  /** Tells the facts of the site. Absent: the engine does, if it is asked; else they are not known. */
  facts?: AskFacts | undefined;
  /** Called with each name for which a placeholder is used. */
  onPlaceholder?: (name: string) => void;
}

/**
 * Reads the state that the site should have. Problems of single apps are in its `broken`. With `engine`, it asks the engine for the folders that adopted
 * stacks were started from and for the facts that placements ask for, and throws EngineError if the engine does not answer.
 */
export async function readDesired(
  folder: string | undefined,
  options: ReadableOptions,
  { placeholders, engine = false, outside, onPlaceholder, secrets, facts }: ReadOptions,
): Promise<DesiredSite> {
  const compile = {
    ...(await compileOptions(options, { placeholders })),
    secrets,
    onOutside: outside?.heard,
    onPlaceholder,
  };
  const byEngine: AskFacts = (site) =>
    withEngine(site, options.dockerHost, async (opened) => siteFacts((await opened.facts()).host));
  return withSnapshot(folder, options, async (snapshot, pinned) => {
    const placing = { mustBeSomewhere: () => true, facts: facts ?? (engine ? byEngine : undefined) };
    const { placed, files } = await placeAt(snapshot, options.site, pinned, placing);
    const asks = placed.apps.some((app) => isAdopting(app, compile) && app.projectDirectory === undefined);
    const stacks =
      engine && asks ? await withEngine(placed.site, options.dockerHost, (site) => site.stacks()) : undefined;
    return compileSite(placed, files, { ...compile, stacks });
  });
}

export async function compileOptions(options: ReadableOptions, { placeholders }: { placeholders: boolean }) {
  const { maxFileBytes } = limitSettings;
  return {
    filesDir: options.filesDir,
    placeholders,
    ...(await resolveSettings({ maxFileBytes }, { environment: process.env })),
    adopt: options.adopt,
    secretsDir: options.secretsDir,
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
