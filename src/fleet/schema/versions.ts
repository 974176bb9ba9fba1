import type { Position, Problem } from '../../lib/errors.ts';
import { own } from '../../lib/maps/own.ts';
import { compareVersions, FIRST_VERSION } from '../../lib/version.ts';
import type { NewKey } from '../../model/fleet.ts';
import { entryOf, type YamlNode } from '../../yaml/node.ts';
import { below, text } from '../values/values.ts';
import { type Kind, SCHEMAS } from './schemas.ts';

interface Schema {
  'x-since'?: string;
  properties?: Readonly<Record<string, Schema | boolean>>;
  items?: Schema | boolean;
}

/** The keys of a document that the first version did not know. A key below such a key is not named. The document fits its schema. */
export function newKeysOf(root: YamlNode, kind: Kind): NewKey[] {
  const found: NewKey[] = [];
  const visit = (node: YamlNode, schema: Schema | boolean | undefined, path: string): void => {
    if (typeof schema !== 'object') return;
    if (node.kind === 'sequence') for (const item of node.items) visit(item, schema.items, path);
    if (node.kind !== 'mapping') return;
    for (const { key, keyAt, value } of node.entries) {
      const below = own(schema.properties, key);
      const since = typeof below === 'object' ? below['x-since'] : undefined;
      const name = path === '' ? key : `${path}.${key}`;
      if (since !== undefined && compareVersions(since, FIRST_VERSION) > 0) found.push({ name, since, at: keyAt });
      else visit(value, below, name);
    }
  };
  visit(root, SCHEMAS[kind] as Schema, '');
  return found;
}

/** The problems of keys that the oldest agent of the fleet does not know. */
export const newerProblems = (keys: readonly NewKey[], oldestAgent: string = FIRST_VERSION): Problem[] =>
  keys
    .filter(({ since }) => compareVersions(since, oldestAgent) > 0)
    .map(({ name, since, at }) => newerProblem(name, since, at, oldestAgent));

/** The problem of a key that the oldest agent of the fleet does not know. */
export const newerProblem = (
  name: string,
  since: string,
  at: Position,
  oldestAgent: string = FIRST_VERSION,
): Problem => ({
  at,
  message: `${name} came with ${since}, and agents of ${oldestAgent} refuse it`,
  hint: `update all agents to ${since} first, and then write \`oldestAgent: ${since}\` under spec in fleet.yaml`,
});

/** The `oldestAgent` that a Fleet names, whatever else is in it. */
export function oldestAgentIn(fleet: YamlNode | undefined): string | undefined {
  const found = text(below(entryOf(fleet, 'spec')?.value, 'oldestAgent'));
  return found !== undefined && /^\d+\.\d+\.\d+$/.test(found) ? found : undefined;
}
