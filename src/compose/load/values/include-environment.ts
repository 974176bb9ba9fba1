import { InputError } from '../../../lib/errors.ts';
import { entryOf, type MappingNode, type ScalarNode, type YamlNode } from '../../../yaml/node.ts';
import { sectionOf, withEntry } from '../layer.ts';
import { type Lookup, taintAt, type Value } from './template.ts';
import type { Values } from './values.ts';

/**
 * Adds the values that only an included file's own environment files know: to names without a value in an `environment` list, and to the
 * variables of secrets. As in Docker Compose, a name without a value in an `environment` mapping does not get them. Throws InputError.
 */
export function ownEnvironment(root: MappingNode, own: Values, outer: Values): MappingNode {
  const known: Lookup = (name) => (outer.lookup(name) === undefined ? own.lookup(name) : undefined);
  const withServices = changed(root, 'services', (service) => withVariables(service, known));
  const withSecrets = changed(withServices, 'secrets', (secret) => withKnown(secret, known));
  for (const { value } of sectionOf(root, 'configs')?.entries ?? []) {
    const environment = entryOf(value, 'environment');
    if (!environment) continue;
    throw InputError.at(
      environment.keyAt,
      'Docker Compose refuses a config with environment in an included file',
      'declare the config in the file that includes this one',
    );
  }
  return withSecrets;
}

function changed(root: MappingNode, section: string, change: (node: YamlNode) => YamlNode): MappingNode {
  const found = sectionOf(root, section);
  if (!found) return root;
  const entries = found.entries.map((entry) => ({ ...entry, value: change(entry.value) }));
  return withEntry(root, section, { ...found, entries });
}

function withVariables(service: YamlNode, known: Lookup): YamlNode {
  const environment = entryOf(service, 'environment')?.value;
  if (service.kind !== 'mapping' || environment?.kind !== 'sequence') return service;
  const items = environment.items.map((item): YamlNode => {
    if (item.kind !== 'scalar' || item.text.includes('=')) return item;
    const value = known(item.text);
    return value === undefined ? item : withValue(item, value);
  });
  return withEntry(service, 'environment', { ...environment, items });
}

function withKnown(secret: YamlNode, known: Lookup): YamlNode {
  const variable = entryOf(secret, 'environment')?.value;
  if (secret.kind !== 'mapping' || variable?.kind !== 'scalar') return secret;
  const value = known(variable.text);
  if (value === undefined) return secret;
  return withEntry(secret, 'environment', { ...variable, variable: value.text, ...taintAt(value, 0) });
}

/** `NAME=value` in place of `NAME`. */
function withValue(item: ScalarNode, value: Value): ScalarNode {
  const text = `${item.text}=${value.text}`;
  return { ...item, value: text, text, ...taintAt(value, item.text.length + 1) };
}
