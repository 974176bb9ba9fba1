import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fieldNames } from '../../src/container/ignore.ts';
import { repoDir } from '../engine.ts';
import { type Section, supportTable } from './table.ts';

/**
 * `node scripts/pages/compose-support.ts` writes docs/compose-support.md, and the names of fields in schemas/application.schema.json. With `--check` it
 * only sets its exit code: 0 if both are current.
 */

const HEAD = `# Compose support

This page lists every key of the Compose Specification. There are four kinds:

- **same**: Holdfast sends the key to the engine in the named field of the Engine API, as Docker Compose does. It also compares the field: a change in Git,
  or by hand on the site, is a difference and is repaired.
- **ours**: the engine has no field for the key. Holdfast does the work itself, as Docker Compose does.
- **noted**: the key has no effect, neither with Docker Compose on such a machine nor with Holdfast. It is checked, and a warning gives its position and
  the reason in the table.
- **refused**: Holdfast refuses a Compose file with this key. The error gives file, line, column and the reason in the table. Nothing is ignored silently.

Keys that begin with \`x-\` may be anywhere. Below \`x-holdfast\`, an unknown key is refused, because a later version may give it a meaning.
If a site's engine is too old for a key, the site refuses the app before anything is stopped, and names the version that it needs.

\`node scripts/pages/compose-support.ts\` makes this page from the tables that read and send the keys.
`;

const escaped = (text: string): string => text.replaceAll('|', '\\|');

function print({ title, rows }: Section): string {
  const lines = rows.map(
    ({ key, support, field, text }) => `| \`${key}\` | ${support} | ${field} | ${escaped(text)} |`,
  );
  const count = (kind: string) => rows.filter(({ support }) => support === kind).length;
  return [
    `## ${title}`,
    '',
    `${rows.length} keys: ${count('same')} same, ${count('ours')} ours, ${count('noted')} noted, ${count('refused')} refused.`,
    '',
    '| key | support | engine | notes |',
    '| --- | ------- | ------ | ----- |',
    ...lines,
    '',
  ].join('\n');
}

/** The schema of an Application with the names that `ignoreDifferences` takes. */
function withFieldNames(schema: string): string {
  const list = /("ignoreDifferences": .*?"enum": \[)[^\]]*?(\n *\])/s;
  if (!list.test(schema)) throw new Error('schemas/application.schema.json has no list of fields');
  return schema.replace(list, (_, start: string, end: string) => {
    const names = fieldNames().sort();
    return `${start}${names.map((name) => `${end.slice(0, -1)}  "${name}"`).join(',')}${end}`;
  });
}

const schema = join(repoDir, 'schemas', 'application.schema.json');
const wanted = {
  [join(repoDir, 'docs', 'compose-support.md')]: [HEAD, ...supportTable().map(print)].join('\n'),
  [schema]: withFieldNames(await readFile(schema, 'utf8')),
};

for (const [path, text] of Object.entries(wanted)) {
  if (!process.argv.includes('--check')) await writeFile(path, text);
  else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    console.error(`${path} is out of date: run \`node scripts/pages/compose-support.ts\``);
    process.exitCode = 1;
  }
}
