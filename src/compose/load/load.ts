import { InputError } from '../../lib/errors.ts';
import { describe, entryOf, type MappingNode } from '../../yaml/node.ts';
import type { Report } from '../report.ts';
import type { ConfiguredApp } from './configure-app.ts';
import { withDefaults } from './defaults.ts';
import { applyExtends } from './extends.ts';
import { projectFolder } from './files/project-folder.ts';
import type { RepoFiles } from './files/repo-files.ts';
import { applyIncludes, type FileReference } from './include.ts';
import { type Layer, type LoadContext, layerOf, readDocuments, readLayers } from './layer.ts';
import { LoadBudget } from './load-budget.ts';
import { canonical } from './merge/canonical.ts';
import { mergeFiles } from './merge/merge.ts';
import { applyResets } from './merge/resets.ts';
import { interpolate } from './values/interpolate.ts';
import { requireNoSecret } from './values/secret-places.ts';
import { type CompileOptions, Values } from './values/values.ts';

/** An app's Compose files as one interpolated tree, with the app's name and values. */
export interface Loaded {
  name: string;
  root: MappingNode;
  values: Values;
}

interface Written {
  file: string;
  document: MappingNode;
}

/** Reads, interpolates and merges the Compose files of an app. Throws InputError when there is no result. */
export async function load(
  configured: ConfiguredApp,
  site: string,
  repo: RepoFiles,
  options: CompileOptions,
  report: Report,
): Promise<Loaded> {
  const { app, dotenv, git } = configured;
  const budget = new LoadBudget();
  const written: Written[] = [];
  for (const file of app.compose) {
    try {
      for (const document of await readDocuments(file, { file, line: 1, column: 1 }, repo, budget))
        written.push({ file, document });
    } catch (error) {
      report.add(error);
    }
  }
  report.throwIfAny();
  const [first] = app.compose;
  if (first === undefined) throw InputError.of(`the app ${app.name} lists no Compose file`);
  if (written.length === 0) throw InputError.at({ file: first, line: 1, column: 1 }, 'the Compose file is empty');
  const values = new Values(app, site, options, git, dotenv);
  const name = nameOf(configured, written, values, report);
  values.named(name);
  options.onName?.(name);
  const context = { repo, folder: projectFolder(app), directory: '', values, includedBy: [], budget, report };
  let root: MappingNode | undefined;
  for (const { file, document } of written)
    root = await overlaid(root, () => layerOf(document, file, context), context);
  if (!root) {
    report.throwIfAny();
    throw InputError.at({ file: first, line: 1, column: 1 }, 'the Compose file is empty');
  }
  if (report.isPartial) report.throwIfAny();
  const whole = withDefaults(root, app.defaults);
  budget.tree(whole, whole.at);
  return { name, root: whole, values };
}

/**
 * Merges a layer over the tree so far: resolves `extends`, applies its resets to the tree, adds its includes, then merges. Reports problems,
 * and skips a layer that cannot be used.
 */
async function overlaid(
  base: MappingNode | undefined,
  read: () => Layer,
  context: LoadContext,
): Promise<MappingNode | undefined> {
  try {
    const layer = await applyExtends(read(), context);
    const left = base && applyResets(base, layer.resets);
    const over = await applyIncludes(layer.root, layer.file, context, loadFiles);
    return canonical((left ? mergeFiles(left, over) : over) as MappingNode);
  } catch (error) {
    context.report.add(error);
    context.report.isPartial = true;
    return base;
  }
}

/** The files of one `include`, merged. */
async function loadFiles(files: readonly FileReference[], context: LoadContext): Promise<MappingNode> {
  let root: MappingNode | undefined;
  for (const { path, at } of files) {
    for (const layer of await readLayers(path, at, context)) root = await overlaid(root, () => layer, context);
  }
  const [first] = files;
  if (root) return root;
  throw InputError.at(first?.at, 'the included file is empty');
}

/**
 * The app's name. In this order: the Application's name, COMPOSE_PROJECT_NAME in `.env`, the last `name:` in the files, the fallback. The last
 * two are normalised as Compose does it.
 */
function nameOf(
  { app, name: configuredName }: ConfiguredApp,
  written: readonly Written[],
  values: Values,
  report: Report,
): string {
  const entry = written.map(({ document }) => entryOf(document, 'name')).findLast((found) => found !== undefined);
  const node = entry && interpolate(entry.value, values, report);
  if (node) requireNoSecret(node, 'name');
  const text = node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
  if (node && text === undefined) {
    throw InputError.at(node.at, `name must be a string, not ${describe(node)}`, 'quote it, or remove it');
  }
  if (app.nameIsFixed) return app.name;
  if (configuredName !== undefined) return configuredName;
  const name = projectName(text ?? '') || projectName(app.name);
  if (name === '')
    throw InputError.at(
      entry?.value.at,
      'the app has no name: this text has no usable character',
      'set name: in the Compose file',
    );
  return name;
}

/** Any text as the name of a Compose project, normalised as Compose does it; "" when no character is left. */
export function projectName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}
