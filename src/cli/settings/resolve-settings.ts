import { readFile } from 'node:fs/promises';
import { schemaProblems } from '../../fleet/schema/schema.ts';
import { InputError } from '../../lib/errors.ts';
import { utf8 } from '../../lib/text/utf8.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { parseYaml } from '../../yaml/parse.ts';
import { flagOf, type Given, type Options, type OptionsOf, readOptions } from '../options/option.ts';

/** Where settings come from. The first that has one wins: a flag, its variable, the config file, its default. */
export interface SettingSources {
  flags?: Readonly<Record<string, Given>>;
  environment: NodeJS.ProcessEnv;
  /** The setting that names the config file, by flag or variable; none where there is no such file. */
  fileOption?: string;
}

/** Reads settings. Throws InputError that names the flag, the variable or the place in the file of a value that cannot be used. */
export async function resolveSettings<O extends Options>(
  settings: O,
  { flags = {}, environment, fileOption = '' }: SettingSources,
): Promise<OptionsOf<O>> {
  const path = flags[fileOption] ?? (environment[settings[fileOption]?.variable ?? ''] || undefined);
  const file = typeof path === 'string' ? await readConfigFile(path) : undefined;
  return readOptions(settings, (key, { variable = '', split }) => {
    const flag = flags[key];
    if (flag !== undefined) return { given: flag, origin: { name: flagOf(key) } };
    const text = environment[variable];
    if (text) return { given: text, origin: { name: variable } };
    const node = file?.get(key);
    if (!node) return undefined;
    // One value may stand for a list of one: it is not split as a variable is.
    return { given: split ? textsOf(node) : givenBy(node), origin: { name: key, at: node.at } };
  });
}

/** The values of the config file by key. Throws InputError. */
async function readConfigFile(path: string): Promise<Map<string, YamlNode>> {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw InputError.of(`the config file ${path} cannot be read: ${error.code ?? error.message}`);
  });
  const root = parseYaml(utf8(content, path), path);
  const problems = root ? await schemaProblems(root, 'agent') : [];
  if (problems.length > 0) throw new InputError(problems);
  return new Map(root?.kind === 'mapping' ? root.entries.map(({ key, value }) => [key, value]) : []);
}

// By the schema, a value is a scalar or a list of scalars.
const textsOf = (node: YamlNode): string[] =>
  node.kind === 'sequence' ? node.items.flatMap(textsOf) : [String(givenBy(node))];

function givenBy(node: YamlNode): Given {
  const value = node.kind === 'scalar' ? node.value : null;
  return typeof value === 'boolean' ? value : String(value ?? '');
}
