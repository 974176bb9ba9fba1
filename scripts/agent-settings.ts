import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { flagOf, type Option, type Options } from '../src/cli/options/option.ts';
import {
  accessSettings,
  agentSettings,
  followSettings,
  limitSettings,
  siteSettings,
} from '../src/cli/settings/agent-settings.ts';
import { repoDir } from './engine.ts';

/**
 * `node scripts/agent-settings.ts` writes schemas/agent.schema.json and the tables of settings in docs/agent.md, from src/cli/settings/agent-settings.ts.
 * With `--check` it only says whether they are current, by its exit code.
 */

const TABLES: Readonly<Record<string, Options>> = {
  'what to follow': followSettings,
  'this site': siteSettings,
  'access to the repo': accessSettings,
  limits: limitSettings,
};

function schemaOf(settings: Options): string {
  const properties = Object.entries(settings).map(([key, { schema, help, fallback }]) => [
    key,
    {
      ...schema,
      description: `${help[0]?.toUpperCase()}${help.slice(1)}.`,
      ...(fallback !== undefined && { default: schema.type === 'integer' ? Number(fallback) : fallback }),
    },
  ]);
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'urn:holdfast:v1:agent',
    title: 'Holdfast agent settings',
    description: 'The file that `holdfast agent --config` reads. Every key is also a flag and an environment variable.',
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(properties),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

const tableOf = (settings: Options): string =>
  [
    '| flag | variable | value | default |',
    '| ---- | -------- | ----- | ------- |',
    ...Object.entries(settings).map(([key, option]) => rowOf(key, option)),
  ].join('\n');

function rowOf(key: string, { isSecret, placeholder, variable, help, fallback = '' }: Option<unknown>): string {
  const flag = isSecret ? `none; key \`${key}\`` : `\`${flagOf(key)}${placeholder ? ` <${placeholder}>` : ''}\``;
  return `| ${[flag, `\`${variable}\``, help, fallback].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** The page with each table between its marks made new. */
function withTables(page: string): string {
  return Object.entries(TABLES).reduce((text, [name, settings]) => {
    const marks = new RegExp(`(<!-- settings: ${name} -->\\n)[^]*?(<!-- end of settings -->)`);
    if (!marks.test(text)) throw new Error(`docs/agent.md has no mark \`<!-- settings: ${name} -->\``);
    return text.replace(marks, (_, start: string, end: string) => `${start}\n${tableOf(settings)}\n\n${end}`);
  }, page);
}

const page = join(repoDir, 'docs', 'agent.md');
const schema = join(repoDir, 'schemas', 'agent.schema.json');
const wanted = { [schema]: schemaOf(agentSettings), [page]: withTables(await readFile(page, 'utf8')) };

for (const [path, text] of Object.entries(wanted)) {
  if (!process.argv.includes('--check')) await writeFile(path, text);
  else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    console.error(`${path} is out of date: run \`node scripts/agent-settings.ts\``);
    process.exitCode = 1;
  }
}
