import { envFilesOf, ownVariables } from '../compose/compile/compile-service.ts';
import { labelFilesOf } from '../compose/compile/files/label-files.ts';
import { type ReadApp, readApp } from '../compose/compile-app.ts';
import type { FileVariables } from '../compose/load/trace.ts';
import type { CompileOptions } from '../compose/load/values/values.ts';
import { InputError, type Position, type Problem } from '../lib/errors.ts';
import { own } from '../lib/maps/own.ts';
import { didYouMean } from '../lib/text/did-you-mean.ts';
import { hasSecretWord, looksSecret } from '../lib/text/looks-secret.ts';
import type { FleetDocument, PlacedApp, SiteDocument } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { entryOf, type MappingNode, type ScalarNode, type YamlNode } from '../yaml/node.ts';
import { declaredFiles } from './declared-files.ts';
import type { ExplainedField, Explanation, Given, Layer } from './explanation.ts';
import { defaultLayer, defaultNamed, leavesNamed, requireField, withoutRivals } from './fields.ts';
import { addEarlier, type Leaf, leavesOf, scalarsOf, textOf, writtenOf } from './leaves.ts';
import { recordOrigins, writtenIn } from './record-origins.ts';
import { explainTexts, mayBeSecretNamed } from './variables.ts';

/** A placed app, with the documents that placed it. */
export interface Explainable {
  site: string;
  app: PlacedApp;
  files: Snapshot;
  /** Absent for a lone Compose file. */
  documents?: { fleet: FleetDocument; site: SiteDocument } | undefined;
  /** The Compose files of overlays, as paths in the repo. */
  overlays: ReadonlySet<string>;
  requires?: Explanation['requires'];
  dependsOn?: Explanation['dependsOn'];
}

/**
 * Explains from where the values of a service are. `subject` is `SERVICE` or `SERVICE.field`. Problems of the app are part of the result, since a wrong value
 * is explained as well. Throws InputError for an unknown service or field, and where the app cannot be read at all.
 */
export async function explainService(
  { site, app, files, documents, overlays, requires, dependsOn }: Explainable,
  subject: string,
  options: CompileOptions,
): Promise<{ explanation: Explanation; problems: readonly Problem[] }> {
  const origins = recordOrigins();
  const read = await readApp(app, site, files, { ...options, trace: origins.trace });
  const { service, node, field } = chosenBy(subject, read);
  const fromFiles = await fileValues(service, read);
  const declared = await declaredFiles(service, read);
  const explainText = explainTexts({ origins, documents, siteValues: app.siteValues, mainFile: read.root.at.file });

  const layerOf = (value: YamlNode): Layer => {
    const { file } = value.at;
    const from = origins.extendsOf(service, value.at);
    return (
      fromFiles.layers.get(value) ??
      (from !== undefined
        ? `extends ${from}`
        : overlays.has(file)
          ? 'overlay'
          : origins.isIncluded(file)
            ? 'include'
            : file === 'fleet.yaml'
              ? 'Fleet defaults'
              : 'Compose file')
    );
  };
  const given = (path: Leaf['path'], value: YamlNode, removedBy?: Position): Given => {
    const name = path.at(-1) ?? '';
    const isBare = path[0] === 'environment' && value.kind === 'scalar' && value.value === null;
    const texts = isBare ? [`\${${name}}`] : scalarsOf(value).flatMap(({ raw }) => (raw.includes('$') ? [raw] : []));
    const used = texts.map((raw) => explainText(raw, value.at.file));
    const variables = used.flatMap((each) => each.variables);
    const isOutside = used.some((each) => each.isOutside);
    // The names of secrets are none, and neither are the paths of their files.
    const isName = ['configs', 'secrets'].includes(path[0] ?? '');
    const isSecret = !isName && (mayBeSecret(name, value) || variables.some((each) => mayBeSecretNamed(each.name)));
    const isEncrypted =
      scalarsOf(value).some(({ secret }) => secret) || (isBare && variables.some(({ is }) => is?.encrypted));
    const isContent = declared.contents.has(value);
    const hidden = isOutside
      ? 'notFromGit'
      : isEncrypted
        ? 'encrypted'
        : isSecret
          ? 'secret'
          : isContent
            ? 'content'
            : undefined;
    const layer = layerOf(value);
    return {
      layer,
      at: layer === 'Fleet defaults' ? (own(documents?.fleet.defaultsAt, defaultNamed(path)) ?? value.at) : value.at,
      ...(hidden ? { hidden } : { value: isBare ? variables[0]?.is?.value : textOf(value) }),
      ...(declared.encrypted.has(value) && { isEncryptedFile: true as const }),
      ...(variables.length > 0 && !isBare && !isSecret && !isContent && { written: writtenOf(value) }),
      variables,
      removedBy,
    };
  };
  const fieldOf = (leaf: Leaf): ExplainedField => {
    const name = leaf.path.join('.');
    return {
      field: name,
      is: leaf.node ? given(leaf.path, leaf.node) : { layer: defaultLayer(name), variables: [] },
      lost: leaf.lost.map((each) => given(leaf.path, each.node, each.removedBy)),
    };
  };

  const all = [...withoutRivals(addEarlier(leavesOf(node), fromFiles.leaves)), ...declared.leaves];
  const fields = (field === undefined ? all : leavesNamed(field, all)).map(fieldOf);
  if (field !== undefined && fields.length === 0) {
    requireField(field);
    fields.push({ field, is: { layer: defaultLayer(field), variables: [] }, lost: [] });
  }
  return {
    explanation: { site, app: read.name, service, requires, dependsOn, fields },
    problems: read.report.problems,
  };
}

/** The service that a subject names, and the field after it. The name of a service may have dots. */
function chosenBy(
  subject: string,
  { root, name: app }: ReadApp,
): { service: string; node: MappingNode; field?: string } {
  const services = entryOf(root, 'services')?.value;
  const entries = services?.kind === 'mapping' ? services.entries : [];
  const names = entries.map(({ key }) => key).filter((key) => subject === key || subject.startsWith(`${key}.`));
  const service = names.sort((a, b) => b.length - a.length)[0];
  const found = entries.find(({ key }) => key === service)?.value;
  if (service !== undefined && found?.kind === 'mapping') {
    const field = subject.slice(service.length + 1);
    return field === '' ? { service, node: found } : { service, node: found, field };
  }
  const all = entries.map(({ key }) => key);
  const near = didYouMean(subject.split('.')[0] ?? '', all);
  throw InputError.of(
    `${app} has no service ${subject.split('.')[0]}`,
    near === undefined ? `it has ${all.join(', ') || 'none'}` : `did you mean ${near}?`,
  );
}

interface FileValues {
  leaves: Leaf[];
  layers: ReadonlyMap<YamlNode, Layer>;
}

/** The variables and labels that a service reads from files. They lose against its own. */
async function fileValues(
  service: string,
  { project, folder, encrypted, values, report }: ReadApp,
): Promise<FileValues> {
  const declared = project.services.get(service);
  if (!declared) return { leaves: [], layers: new Map() };
  const ownNames = ownVariables(declared, { values });
  const layers = new Map<YamlNode, Layer>();
  const leaves = (files: readonly FileVariables[], key: string, layer: Layer): Leaf[] =>
    files.flatMap((file) =>
      [...file.variables].map(([name, { text, secret }]) => {
        const written = writtenIn(file, name);
        const node: ScalarNode = {
          kind: 'scalar',
          value: text,
          text,
          style: 'plain',
          ...written,
          ...(secret && { secret }),
        };
        layers.set(node, layer);
        return { path: [key, name], node, lost: [] };
      }),
    );
  return {
    leaves: [
      ...leaves(await envFilesOf(declared, ownNames, { folder, encrypted, values, report }), 'environment', 'env_file'),
      ...leaves(await labelFilesOf(declared, folder, report), 'labels', 'label_file'),
    ],
    layers,
  };
}

/** True for a value that looks like a password or a key, as it is or as it is written: a default in a text may be one. */
function mayBeSecret(name: string, value: YamlNode): boolean {
  const texts = scalarsOf(value).flatMap(({ text, raw }) => [text, raw]);
  // The rule takes a text with a variable for no secret; here the rest of the text counts, too.
  const plain = texts.map((text) => text.replaceAll(/\$\{?/g, ''));
  const words = scalarsOf(value).map(({ text }) => text);
  return plain.some((text) => looksSecret(name, text) || hasSecretWord(text)) || hasSecretWord(words.join(' '));
}
