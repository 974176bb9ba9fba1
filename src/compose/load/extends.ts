import { posix } from 'node:path';
import { InputError, type Position } from '../../lib/errors.ts';
import { didYouMean } from '../../lib/text/did-you-mean.ts';
import { describe, entryOf, type MappingEntry, type MappingNode, type YamlNode } from '../../yaml/node.ts';
import { directoryOf, type Layer, type LoadContext, readLayers, sectionOf, withEntry, withoutEntry } from './layer.ts';
import { canonical } from './merge/canonical.ts';
import { mergeFiles, mergeServices } from './merge/merge.ts';
import { applyResets, resetsBelow } from './merge/resets.ts';
import { requireLocal } from './remote.ts';

/**
 * Merges every service of a layer over the service that it extends, from the same file or another one. Reports each service that cannot be
 * resolved; such a service keeps its `extends`. Source: compose-go 2.9, loader/extends.go. One difference: there, the order of a Go map
 * decides whether the `!reset` of a service applies when another service of the same file extends it; here it always applies.
 */
export async function applyExtends(layer: Layer, context: LoadContext): Promise<Layer> {
  const services = sectionOf(layer.root, 'services');
  if (!services?.entries.some((entry) => entryOf(entry.value, 'extends'))) return layer;
  const resolver = new Resolver(context);
  const entries: MappingEntry[] = [];
  for (const entry of services.entries) {
    try {
      entries.push({ ...entry, value: await resolver.resolve(entry, layer, []) });
    } catch (error) {
      context.report.add(error);
      entries.push(entry);
    }
  }
  return { ...layer, root: withEntry(layer.root, 'services', { ...services, entries }) };
}

/** The service that `extends` names. */
interface Reference {
  service: string;
  file?: { path: string; at: Position } | undefined;
  at: Position;
}

/** One service in a chain of `extends`. */
interface Step {
  file: string;
  service: string;
}

class Resolver {
  private readonly context: LoadContext;
  private readonly files = new Map<string, Promise<Layer>>();
  private readonly done = new Map<MappingNode, MappingNode>();

  constructor(context: LoadContext) {
    this.context = context;
  }

  /** A service merged over the service that it extends. Throws InputError. */
  async resolve(entry: MappingEntry, layer: Layer, path: readonly Step[]): Promise<YamlNode> {
    const service = entry.value;
    if (service.kind !== 'mapping') return service;
    const reference = referenceOf(service);
    if (!reference) return service;
    const known = this.done.get(service);
    if (known) return known;
    const steps = [...path, { file: layer.file, service: entry.key }];
    const from = reference.file ? await this.file(reference.file) : layer;
    const start = steps.findIndex((step) => step.file === from.file && step.service === reference.service);
    if (start >= 0) {
      const circle = [...steps.slice(start).map((step) => step.service), reference.service].join(' -> ');
      throw InputError.at(reference.at, `services extend each other in a circle: ${circle}`);
    }
    const base = await this.resolve(baseOf(reference, from), from, steps);
    const own = withoutEntry(service, 'extends');
    if (base.kind === 'scalar' && base.value === null) return own;
    const left = applyResets(base, resetsBelow(layer.resets, 'services', entry.key));
    this.context.budget.tree(left, reference.at);
    const merged = mergeServices(left, own) as MappingNode;
    this.context.values.trace?.extended(entry.key, reference.service, left);
    this.done.set(service, merged);
    return merged;
  }

  private file(file: { path: string; at: Position }): Promise<Layer> {
    const path = posix.normalize(file.path);
    const known = this.files.get(path) ?? this.read({ ...file, path });
    this.files.set(path, known);
    return known;
  }

  private async read({ path, at }: { path: string; at: Position }): Promise<Layer> {
    const { report } = this.context;
    const layers = await readLayers(path, at, { ...this.context, directory: directoryOf(path) });
    const [first] = layers;
    if (!first) throw InputError.at(at, `${path} is empty`);
    let root = canonical(first.root);
    for (const next of layers.slice(1))
      root = canonical(mergeFiles(applyResets(root, next.resets), next.root) as MappingNode);
    const include = entryOf(root, 'include');
    if (include) {
      report.warn(include.keyAt, 'include has no effect in a file that is only extended; Holdfast does not read it');
    }
    return { ...first, root };
  }
}

function baseOf(reference: Reference, layer: Layer): MappingEntry {
  const services = sectionOf(layer.root, 'services');
  const found = entryOf(services, reference.service);
  if (found) return found;
  const near = didYouMean(reference.service, services?.entries.map(({ key }) => key) ?? []);
  throw InputError.at(
    reference.at,
    `there is no service ${reference.service} in ${layer.file} to extend`,
    near && `did you mean ${near}?`,
  );
}

function referenceOf(service: MappingNode): Reference | undefined {
  const entry = entryOf(service, 'extends');
  if (!entry) return undefined;
  const { value } = entry;
  if (value.kind === 'scalar' && typeof value.value === 'string') return { service: value.value, at: value.at };
  if (value.kind !== 'mapping') {
    throw InputError.at(value.at, `extends must be the name of a service or a mapping, not ${describe(value)}`);
  }
  const other = value.entries.find(({ key }) => key !== 'service' && key !== 'file');
  if (other) throw InputError.at(other.keyAt, `unknown key ${other.key} in extends`, 'it has service and file');
  const [name, file] = [textAt(value, 'service'), textAt(value, 'file')];
  if (!name) throw InputError.at(entry.keyAt, 'extends names no service', 'name the service under service');
  return { service: name.text, at: name.at, file: file && localFile(file.text, file.at) };
}

function textAt(node: MappingNode, key: string): { text: string; at: Position } | undefined {
  const value = entryOf(node, key)?.value;
  if (!value || (value.kind === 'scalar' && value.value === null)) return undefined;
  if (value.kind === 'scalar' && typeof value.value === 'string') return { text: value.value, at: value.at };
  throw InputError.at(value.at, `${key} of extends must be a string, not ${describe(value)}`);
}

function localFile(path: string, at: Position): { path: string; at: Position } {
  requireLocal(path, at);
  if (path.startsWith('/')) throw InputError.at(at, 'the file must be in Git, so its path must be relative');
  return { path, at };
}
