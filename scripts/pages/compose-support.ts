import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repoDir } from '../engine.ts';
import { type Section, supportTable } from './table.ts';

/** `node scripts/pages/compose-support.ts` writes docs/compose-support.md. With `--check` it only sets its exit code: 0 if the page is current. */

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

const path = join(repoDir, 'docs', 'compose-support.md');
const page = [HEAD, ...supportTable().map(print)].join('\n');

if (process.argv.includes('--check')) {
  if ((await readFile(path, 'utf8').catch(() => '')) !== page) {
    console.error('docs/compose-support.md is out of date: run `node scripts/pages/compose-support.ts`');
    process.exitCode = 1;
  }
} else await writeFile(path, page);
