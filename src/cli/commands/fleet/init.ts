import { basename, resolve } from 'node:path';
import { requireSiteName } from '../../../fleet/sites.ts';
import { systemDisk } from '../../../lib/disk.ts';
import { line } from '../../../lib/text/line.ts';
import { scaffold } from '../../../scaffold/init.ts';
import { defineCommand, one } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { oneOf, text } from '../../options/kinds.ts';
import { optional, withDefault } from '../../options/option.ts';
import { palette, print } from '../../output/terminal.ts';

const NOTES = `It writes fleet.yaml, a site, an example app, a policy for sites to copy, a CI file, and the schemas with the settings of VS Code. The result passes
\`holdfast validate\`. A file that is there stays as it is.

    holdfast init shops
    holdfast init . --site eu/berlin --ci gitlab`;

export const command = defineCommand({
  argument: one('folder', 'the folder of the new config repo (default: the current folder)'),
  options: {
    name: optional(text('name'), "the fleet's name (default: the folder's)"),
    site: withDefault(text('name'), 'site-1', 'the name of the first site'),
    ci: withDefault(oneOf('github', 'gitlab', 'none'), 'github', 'the CI file'),
  },
  notes: NOTES,
  exitCodes: { 0: 'written', 2: 'bad input, or the folder is a config repo already; nothing was written' },
  async run(folder = '.', { name, site, ci }) {
    requireSiteName(site);
    const root = resolve(folder);
    const { written, kept } = await scaffold(systemDisk, root, { name: name ?? (basename(root) || 'fleet'), site, ci });
    const { add, bold, dim } = palette();
    print([
      ...written.map((path) => add(`  + ${path}`)),
      ...kept.map((path) => dim(`    ${path} is there already, and stays as it is`)),
      line``,
      bold('Next:'),
      ...(folder === '.' ? [] : [`  cd ${folder}`]),
      '  holdfast validate              # check it; CI does the same',
      `  holdfast diff --site ${site.padEnd(8)}  # what it would start on this machine`,
      '  git init && git add . && git commit -m "Begin the fleet"',
    ]);
    return EXIT.ok;
  },
});
