import { InputError } from '../../lib/errors.ts';
import { describe, entryOf, type YamlNode } from '../../yaml/node.ts';
import { parseYaml } from '../../yaml/parse.ts';
import type { Row } from './row.ts';

const HINT = 'write [{"name": "eu/shop-17", "labels": {"region": "eu"}, "values": {"WEB_PORT": 8080}}]';

/** Reads a JSON list of sites, each with `name`, `labels` and `values`. A null is an empty cell. Throws InputError. */
export function readJson(text: string, file: string): Row[] {
  // JSON is YAML, and this parser knows the line of everything, and refuses a key that is there twice.
  const root = parseYaml(text.replace(/^\uFEFF/, ''), file);
  if (root?.kind !== 'sequence')
    throw InputError.at(
      root?.at ?? { file, line: 1, column: 1 },
      `a list of sites is expected${root ? `, not ${describe(root)}` : ''}`,
      HINT,
    );
  return root.items.map(rowOf);
}

function rowOf(node: YamlNode): Row {
  if (node.kind !== 'mapping') throw InputError.at(node.at, `a site is expected here, not ${describe(node)}`, HINT);
  const other = node.entries.find(({ key }) => !['name', 'labels', 'values'].includes(key));
  if (other)
    throw InputError.at(other.keyAt, `unknown key ${JSON.stringify(other.key)}`, 'a site has name, labels and values');
  const name = entryOf(node, 'name')?.value;
  if (name?.kind !== 'scalar' || typeof name.value !== 'string')
    throw InputError.at(name?.at ?? node.at, 'this site has no name', 'give it "name", a string');
  return { name: name.text, labels: cellsOf(node, 'labels'), values: cellsOf(node, 'values'), at: node.at };
}

function cellsOf(site: YamlNode, key: string): Row['labels'] {
  const node = entryOf(site, key)?.value;
  if (node === undefined) return new Map();
  if (node.kind !== 'mapping')
    throw InputError.at(node.at, `${key} must be a mapping of names to texts, not ${describe(node)}`);
  return new Map(
    node.entries.map(({ key: name, value }) => {
      if (value.kind !== 'scalar')
        throw InputError.at(value.at, `a single value is expected for ${name}, not ${describe(value)}`);
      return [name, value.value === null ? null : value.raw];
    }),
  );
}
