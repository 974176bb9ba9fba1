import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { flagOf, type Option, type Options } from '../../src/cli/options/option.ts';
import {
  accessSettings,
  agentSettings,
  followSettings,
  limitSettings,
  settingsSince,
  siteSettings,
} from '../../src/cli/settings/agent-settings.ts';
import { FIRST_VERSION } from '../../src/lib/version.ts';
import { repoDir } from '../engine.ts';
import { withRules } from './policy-page.ts';

/**
 * `node scripts/pages/cli-pages.ts` writes what follows from the definitions in src/cli: docs/commands.md, the tables of settings in docs/agent.md, and
 * schemas/agent.schema.json. With `--check` it only says whether they are current, by its exit code.
 */

const TABLES: Readonly<Record<string, Options>> = {
  'the repo to follow': followSettings,
  'this site': siteSettings,
  'access to the repo': accessSettings,
  limits: limitSettings,
};

const COMMANDS_HEAD = `# The commands

\`holdfast COMMAND --help\` prints the same.

This page is made by \`node scripts/pages/cli-pages.ts\` from the definitions of the commands.
`;

function schemaOf(settings: Options): string {
  const properties = Object.entries(settings).map(([key, { schema, help, fallback }]) => [
    key,
    {
      ...schema,
      description: `${help[0]?.toUpperCase()}${help.slice(1)}.`,
      'x-since': settingsSince[key] ?? FIRST_VERSION,
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

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');

const flagCell = (key: string, { short, placeholder }: Option<unknown>): string =>
  `\`${short ? `-${short}, ` : ''}${flagOf(key)}${placeholder ? ` <${placeholder}>` : ''}\``;

const settingsTable = (settings: Options): string =>
  table(
    ['flag', 'variable', 'value', 'default'],
    Object.entries(settings).map(([key, option]) => [
      option.isSecret ? `none; key \`${key}\`` : flagCell(key, option),
      `\`${option.variable}\``,
      option.help,
      option.fallback ?? '',
    ]),
  );

const optionRows = ([key, option]: [string, Option<unknown>]): string[][] => [
  [flagCell(key, option), option.help, option.fallback ?? ''],
  ...(option.helpOfNo ? [[`\`--no-${flagOf(key).slice(2)}\``, option.helpOfNo, '']] : []),
];

function section(name: string, summary: string, { argument, usage, options, notes, exitCodes }: Command): string {
  const words = usage ?? `[options]${argument ? ` ${argument.name}` : ''}`;
  return [
    `## ${name}`,
    '',
    summary,
    '',
    `    holdfast ${name} ${words}`,
    '',
    ...(argument ? [`\`${argument.name}\`: ${argument.help}.`, ''] : []),
    ...optionsOf(name, options),
    ...(notes ? [notes, ''] : []),
    table(['exit code', 'meaning'], Object.entries(exitCodes)),
    '',
  ].join('\n');
}

function optionsOf(name: string, options: Options): string[] {
  if (name === 'agent') return ['The options are in [agent.md](agent.md).', ''];
  const rows = Object.entries(options).flatMap(optionRows);
  return rows.length > 0 ? [table(['option', 'value', 'default'], rows), ''] : [];
}

async function commandsPage(): Promise<string> {
  const sections = Object.entries(COMMANDS).map(async ([name, { summary, load }]) =>
    section(name, summary, (await load()).command),
  );
  return [COMMANDS_HEAD, ...(await Promise.all(sections))].join('\n');
}

/** The page with each table between its marks made new. */
function withTables(page: string): string {
  return Object.entries(TABLES).reduce((text, [name, settings]) => {
    const marks = new RegExp(`(<!-- settings: ${name} -->\\n)[^]*?(<!-- end of settings -->)`);
    if (!marks.test(text)) throw new Error(`docs/agent.md has no mark \`<!-- settings: ${name} -->\``);
    return text.replace(marks, (_, start: string, end: string) => `${start}\n${settingsTable(settings)}\n\n${end}`);
  }, page);
}

const agentPage = join(repoDir, 'docs', 'agent.md');
const policyPage = join(repoDir, 'docs', 'policy.md');
const wanted = {
  [join(repoDir, 'schemas', 'agent.schema.json')]: schemaOf(agentSettings),
  [agentPage]: withTables(await readFile(agentPage, 'utf8')),
  [join(repoDir, 'docs', 'commands.md')]: await commandsPage(),
  [policyPage]: withRules(await readFile(policyPage, 'utf8')),
};

for (const [path, text] of Object.entries(wanted)) {
  if (!process.argv.includes('--check')) await writeFile(path, text);
  else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    console.error(`${path} is out of date: run \`node scripts/pages/cli-pages.ts\``);
    process.exitCode = 1;
  }
}
