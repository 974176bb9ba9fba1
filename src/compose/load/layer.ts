import { posix } from 'node:path';
import { InputError, type Position } from '../../lib/errors.ts';
import { YAML_LIMITS } from '../../lib/limits.ts';
import { utf8 } from '../../lib/text/utf8.ts';
import { describe, entryOf, type MappingNode, type YamlNode } from '../../yaml/node.ts';
import { parseYamlStream, tooLarge } from '../../yaml/parse.ts';
import type { Report } from '../report.ts';
import { asWritten, nearest } from './files/nearest.ts';
import { relocate } from './files/relocate.ts';
import { inRepo, type RepoFiles } from './files/repo-files.ts';
import { LoadBudget } from './load-budget.ts';
import { type Resets, splitResets } from './merge/resets.ts';
import { interpolate } from './values/interpolate.ts';
import { refuseSecrets } from './values/secret-places.ts';
import type { Values } from './values/values.ts';

/** Everything that loading a Compose file needs. An included file has its own directory, values and `includedBy`. */
export interface LoadContext {
  repo: RepoFiles;
  /** The project's folder in the repo. */
  folder: string;
  /** The base folder of the file's relative paths, itself relative to the project's folder; "" is that folder. */
  directory: string;
  values: Values;
  /** The chain of files that include this one, outermost first; paths in the repo. */
  includedBy: readonly string[];
  budget: LoadBudget;
  report: Report;
}

/** One YAML document of a Compose file, ready for the merge: interpolated, with paths relative to the project's folder. */
export interface Layer {
  /** Its path in the repo. */
  file: string;
  root: MappingNode;
  /** The entries that this layer removes from the layers before it. */
  resets: Resets;
}

/** The documents of a Compose file as written. `path` is relative to the repo; `at` is the position that names it. Throws InputError. */
export async function readDocuments(
  path: string,
  at: Position,
  repo: RepoFiles,
  budget = new LoadBudget(),
): Promise<MappingNode[]> {
  budget.file(at);
  const found = await repo.read(path, at);
  if (!found) throw InputError.at(at, `there is no file ${path}`);
  if (found.content.byteLength > YAML_LIMITS.bytes) throw tooLarge(path);
  budget.text(found.content.byteLength, at);
  const known = parsed.get(found.content);
  if (known?.path === path) return known.documents;
  const documents = parseDocuments(found.content, path);
  parsed.set(found.content, { path, documents });
  return documents;
}

/** The documents of contents that were read. Nothing changes a document. Compiling for many sites reads the same contents again and again. */
const parsed = new WeakMap<Uint8Array, { path: string; documents: MappingNode[] }>();

function parseDocuments(content: Uint8Array, path: string): MappingNode[] {
  const start = { file: path, line: 1, column: 1 };
  return parseYamlStream(utf8(content, path), path).map((tree) => {
    if (tree.kind === 'mapping') return tree;
    const nothing = tree.kind === 'scalar' && tree.value === null;
    throw InputError.at(
      nothing ? start : tree.at,
      nothing ? 'the Compose file is empty' : `a Compose file must be a mapping, not ${describe(tree)}`,
    );
  });
}

/** The layers of a Compose file that another file names. `path` is relative to the project's folder. Throws InputError. */
export async function readLayers(path: string, at: Position, context: LoadContext): Promise<Layer[]> {
  const file = inRepo(context.folder, path, at);
  const kind = await context.repo.kind(file, at);
  if (kind === undefined) throw await noSuchFile(file, at, context);
  if (kind === 'dir') throw InputError.at(at, `${file} is a folder; a Compose file is expected`);
  return (await readDocuments(file, at, context.repo, context.budget)).map((root) => layerOf(root, file, context));
}

/** The error for a missing file that another file names, with a hint at a similar path. */
export async function noSuchFile(file: string, at: Position, { repo, folder }: LoadContext): Promise<InputError> {
  const near = await nearest(file, repo, at);
  return InputError.at(at, `there is no file ${file}`, near && `did you mean ${asWritten(near, folder)}?`);
}

/** Makes a layer from a document. Throws InputError. */
export function layerOf(document: MappingNode, file: string, context: LoadContext): Layer {
  const { root, resets } = splitResets(document);
  context.values.trace?.read(file, context.values.origins, context.includedBy.length > 0);
  const interpolated = interpolate(root, context.values, context.report) as MappingNode;
  context.budget.tree(interpolated, interpolated.at);
  refuseSecrets(interpolated, context.report);
  return { file, root: relocate(interpolated, context.directory), resets };
}

/** The folder of a path relative to the project's folder; "" for that folder itself. */
export function directoryOf(path: string): string {
  const folder = posix.dirname(posix.normalize(path));
  return folder === '.' ? '' : folder;
}

/** The mapping under a top-level key; undefined when it is absent or null. Throws InputError for another type. */
export function sectionOf(root: MappingNode, name: string): MappingNode | undefined {
  const section: YamlNode | undefined = entryOf(root, name)?.value;
  if (!section || (section.kind === 'scalar' && section.value === null)) return undefined;
  if (section.kind === 'mapping') return section;
  throw InputError.at(section.at, `${name} must be a mapping, not ${describe(section)}`);
}

/** A mapping with one key set to a value. */
export function withEntry(node: MappingNode, key: string, value: YamlNode): MappingNode {
  const entries = node.entries.map((entry) => (entry.key === key ? { ...entry, value } : entry));
  if (!entryOf(node, key)) entries.push({ key, keyAt: value.at, value });
  return { ...node, entries };
}

export function withoutEntry(node: MappingNode, key: string): MappingNode {
  return { ...node, entries: node.entries.filter((entry) => entry.key !== key) };
}
