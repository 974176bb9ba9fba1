import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repoDir } from './engine.ts';
import { type Section, supportTable } from './support/table.ts';

/** `node scripts/compose-support.ts` writes docs/compose-support.md; with `--check` it only says whether that is current, by its exit code. */

const HEAD = `# What of Compose is supported

Every key of the Compose Specification, in four kinds:

- **same**: it goes to the engine, in the field of the Engine API that is named, as Docker Compose sends it. What is sent is compared, too: when it
  changes in Git, or by hand on the site, that is a difference, and it is repaired.
- **ours**: no field of the engine stands for it; Holdfast does what it says, as Docker Compose would.
- **noted**: it has no effect, with Docker Compose on a site's kind of machine as with Holdfast. It is checked, and a warning says so with its place and the
  reason given here.
- **refused**: a Compose file that holds it is refused with file, line and column, and with the reason given here. Nothing is ignored silently.

Keys that begin with \`x-\` may be anywhere; of those below \`x-holdfast\`, this version refuses each that it does not know, so that those of a later one
never mean nothing here. What needs a newer engine than a site has is refused there, before anything is stopped, with the version
that it needs.

This page is made by \`node scripts/compose-support.ts\` from the tables that read the keys and send them.
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
    console.error('docs/compose-support.md is out of date: run `node scripts/compose-support.ts`');
    process.exitCode = 1;
  }
} else await writeFile(path, page);
