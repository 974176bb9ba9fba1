import { isDeepStrictEqual } from 'node:util';
import { InputError, type Position } from '../../lib/errors.ts';
import { describe, entryOf, type MappingEntry, type MappingNode, toPlain, type YamlNode } from '../../yaml/node.ts';
import { inRepo } from './files/repo-files.ts';
import { directoryOf, type LoadContext, noSuchFile, sectionOf, withEntry, withoutEntry } from './layer.ts';
import { requireLocal } from './remote.ts';
import { requirePlain } from './values/decrypted-variables.ts';
import { parseDotenv } from './values/dotenv.ts';
import { ownEnvironment } from './values/include-environment.ts';
import type { Value } from './values/template.ts';

/** Loads Compose files and merges them in this order. Paths are relative to the project's folder. Throws InputError. */
export type LoadFiles = (files: readonly FileReference[], context: LoadContext) => Promise<MappingNode>;

export interface FileReference {
  path: string;
  at: Position;
}

/** One entry of `include`. Paths are relative to the project's folder. */
interface Include {
  paths: FileReference[];
  directory: string;
  /** undefined: the `.env` of the directory, if there is one. */
  envFiles?: FileReference[] | undefined;
}

const SECTIONS = ['services', 'volumes', 'networks', 'secrets', 'configs'];

/**
 * Adds the included files to a Compose file and removes `include`. Each included file has its own directory and its own `.env`, which only
 * adds variables that have no value yet. A name that is in both files must have the same content. Reports problems.
 * Source: compose-go 2.9, loader/include.go.
 */
export async function applyIncludes(
  root: MappingNode,
  file: string,
  context: LoadContext,
  loadFiles: LoadFiles,
): Promise<MappingNode> {
  const entry = entryOf(root, 'include');
  if (!entry) return root;
  const { value } = entry;
  let result = withoutEntry(root, 'include');
  if (value.kind === 'scalar' && value.value === null) return result;
  if (value.kind !== 'sequence') throw InputError.at(value.at, `include must be a list, not ${describe(value)}`);
  const imported = new Set<YamlNode>();
  for (const item of value.items) {
    try {
      const include = includeOf(item);
      const inside = await contextOf(include, file, context);
      const loaded = ownEnvironment(await loadFiles(include.paths, inside), inside.values, context.values);
      result = withResources(result, loaded, imported);
    } catch (error) {
      context.report.add(error);
      context.report.isPartial = true;
    }
  }
  return result;
}

async function contextOf(include: Include, file: string, context: LoadContext): Promise<LoadContext> {
  const includedBy = [...context.includedBy, file];
  for (const { path, at } of include.paths) {
    const start = includedBy.indexOf(inRepo(context.folder, path, at));
    if (start < 0) continue;
    const circle = [...includedBy.slice(start), includedBy[start]].join(' -> ');
    throw InputError.at(at, `files include each other in a circle: ${circle}`);
  }
  const values = context.values.withIncluded(await environmentOf(include, context));
  return { ...context, includedBy, directory: include.directory, values };
}

/** The variables of an included file's environment files. Each file may use variables of the files before it. */
async function environmentOf(include: Include, context: LoadContext): Promise<ReadonlyMap<string, Value>> {
  const known = new Map<string, Value>();
  const isOwn = include.envFiles !== undefined;
  const dotenv = { path: `${include.directory || '.'}/.env`, at: include.paths[0]?.at ?? ({} as Position) };
  for (const { path, at } of include.envFiles ?? [dotenv]) {
    if (path === '/dev/null') continue;
    if (path.startsWith('/'))
      throw InputError.at(at, 'an env_file must be a file in Git, so its path must be relative');
    const file = inRepo(context.folder, path, at);
    if (!isOwn && (await context.repo.kind(file, at)) !== 'file') continue;
    const text = await context.repo.text(file, 'an env_file', at);
    if (text === undefined) throw await noSuchFile(file, at, context);
    requirePlain(text, file);
    const variables = parseDotenv(text, file, context.values.lookup, known, context.values.required);
    for (const [name, value] of variables) known.set(name, value);
    context.values.trace?.dotenv({ file, text, variables });
  }
  return known;
}

/** Adds included resources. Two resources of one name must be equal; they are, for example, when two files include a third one. */
function withResources(root: MappingNode, loaded: MappingNode, imported: Set<YamlNode>): MappingNode {
  let result = root;
  for (const section of SECTIONS) {
    const theirs = sectionOf(loaded, section);
    if (!theirs) continue;
    const mine = sectionOf(result, section) ?? { ...theirs, entries: [] };
    const entries = [...mine.entries];
    for (const entry of theirs.entries) {
      const known = entryOf(mine, entry.key);
      if (known) requireEqual(section, known, entry, imported);
      else {
        entries.push(entry);
        imported.add(entry.value);
      }
    }
    result = withEntry(result, section, { ...mine, entries });
  }
  return result;
}

function requireEqual(section: string, mine: MappingEntry, theirs: MappingEntry, imported: Set<YamlNode>): void {
  const isEqual = isDeepStrictEqual(toPlain(mine.value), toPlain(theirs.value));
  if (isEqual && (imported.has(mine.value) || isAsCanonical(section, mine.value))) return;
  const { file, line, column } = theirs.keyAt;
  throw InputError.at(
    mine.keyAt,
    `${section}.${mine.key} is also in an included file, at ${file}:${line}:${column}, with other content`,
    'rename one of them, or override the included one in a file that the Application lists after this one',
  );
}

function includeOf(node: YamlNode): Include {
  if (node.kind !== 'mapping') {
    const [path] = references(node, 'an entry of include');
    return { paths: path ? [path] : [], directory: directoryOf(path?.path ?? '') };
  }
  const other = node.entries.find(({ key }) => !['path', 'project_directory', 'env_file'].includes(key));
  if (other) {
    const hint = 'it has path, project_directory and env_file';
    throw InputError.at(other.keyAt, `unknown key ${other.key} in an entry of include`, hint);
  }
  const paths = references(entryOf(node, 'path')?.value, 'path');
  const [first] = paths;
  if (!first) throw InputError.at(node.at, 'the entry of include names no file', 'name the file under path');
  const [directory] = references(entryOf(node, 'project_directory')?.value, 'project_directory');
  const envFiles = references(entryOf(node, 'env_file')?.value, 'env_file');
  if (directory?.path.startsWith('/')) {
    throw InputError.at(directory.at, 'the project_directory must be a folder in Git, so its path must be relative');
  }
  return {
    paths,
    directory: directory ? directoryOf(`${directory.path}/file`) : directoryOf(first.path),
    envFiles: envFiles.length > 0 ? envFiles : undefined,
  };
}

/** The paths of a string or of a list of strings. Throws InputError for another type, and for a path that is not in Git. */
function references(node: YamlNode | undefined, what: string): FileReference[] {
  if (!node || (node.kind === 'scalar' && node.value === null)) return [];
  const items = node.kind === 'sequence' ? node.items : [node];
  return items.map((item) => {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') {
      throw InputError.at(item.at, `${what} must be a string, not ${describe(item)}`);
    }
    requireLocal(item.value, item.at);
    if (what !== 'env_file' && what !== 'project_directory' && item.value.startsWith('/')) {
      throw InputError.at(item.at, 'the file must be in Git, so its path must be relative');
    }
    return { path: item.value, at: item.at };
  });
}

/** Keys of a service that Docker Compose rewrites or completes when it loads an included file. */
const REWRITTEN = [
  ...['build', 'configs', 'depends_on', 'devices', 'dns', 'env_file', 'environment', 'extends', 'gpus', 'label_file'],
  ...['models', 'networks', 'ports', 'secrets', 'ulimits', 'volumes', 'deploy', 'healthcheck'],
];

/**
 * True when a resource of the including file has the form that Docker Compose gives it on loading. Compose compares that form with the
 * written one, so only such a resource may be in both files. A service with rewritten keys counts as a conflict: it nearly always is one.
 */
function isAsCanonical(section: string, node: YamlNode): boolean {
  if (section === 'services') return !REWRITTEN.some((key) => entryOf(node, key));
  if (section === 'configs' || section === 'secrets') return !entryOf(node, 'file') && !entryOf(node, 'environment');
  return entryOf(node, 'external')?.value.kind !== 'mapping' && !entryOf(node, 'driver_opts');
}
