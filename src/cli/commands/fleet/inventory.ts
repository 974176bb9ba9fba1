import { readFile, realpath } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { siteNames } from '../../../fleet/sites.ts';
import { systemDisk } from '../../../lib/disk.ts';
import { InputError } from '../../../lib/errors.ts';
import { line } from '../../../lib/text/line.ts';
import { utf8 } from '../../../lib/text/utf8.ts';
import { schemaLine } from '../../../scaffold/init-files.ts';
import { planInventory, type SiteChange } from '../../../scaffold/inventory/plan-inventory.ts';
import { readCsv } from '../../../scaffold/inventory/read-csv.ts';
import { readJson } from '../../../scaffold/inventory/read-json.ts';
import type { Row } from '../../../scaffold/inventory/row.ts';
import { folderSnapshot } from '../../../source/folder-snapshot.ts';
import { defineCommand, some } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { folder } from '../../options/kinds.ts';
import { onOff, withDefault } from '../../options/option.ts';
import { palette, print } from '../../output/terminal.ts';

/** More is no table of sites. In bytes. */
const MOST_BYTES = 64 * 1024 * 1024;

const NOTES = `A CSV file names its columns in the first line: name, label.NAME and value.NAME. A JSON file is a list of {"name", "labels", "values"}.

    name,label.region,label.ring,value.WEB_PORT
    eu/shop-17,eu,canary,8080
    us/shop-2,us,,8081

A site without a file gets one. In a file that is there, only the labels and values of the table change: comments and other keys stay. An empty cell means that
the site is not to have this label or value. Such keys, and sites without a row, are named and stay, unless --drop is given.`;

export const command = defineCommand({
  argument: some('table', 'a file that ends in .csv or .json'),
  usage: '[options] <table>',
  options: {
    folder: withDefault(folder, '.', 'the config repo', { short: 'f' }),
    dryRun: onOff('print what would change, and write nothing'),
    drop: onOff('take out labels and values whose cells are empty, and remove sites without a row'),
  },
  notes: NOTES,
  exitCodes: {
    0: 'written, or nothing to write',
    1: 'with --dry-run: something would be written',
    2: 'bad input, each problem with its line; nothing was written',
  },
  async run([table, ...more], { folder: root, dryRun, drop }) {
    if (table === undefined || more.length > 0)
      throw InputError.of('name one table', 'as `holdfast inventory sites.csv`');
    const rows = await readRows(table);
    const snapshot = await folderSnapshot(root, {});
    const existing = await siteNames(snapshot);
    const hasSchemas = (await systemDisk.stat(join(root, '.schemas/site.schema.json'))) !== undefined;
    const { changes, withoutRow } = await planInventory(rows, existing, snapshot, {
      drop,
      schemaLine: (depth) => (hasSchemas ? schemaLine('Site', depth) : undefined),
    });
    const written = changes.filter(
      ({ kind, set, drop: dropped }) => kind === 'create' || set.length > 0 || (drop && dropped.length > 0),
    );
    const removed = drop ? withoutRow : [];
    for (const { file } of written) await requireInside(root, file);
    if (!dryRun) {
      for (const { file, text } of written) await systemDisk.write(join(root, file), text);
      for (const name of removed) await systemDisk.remove(join(root, `sites/${name}.yaml`));
    }
    tell(changes, withoutRow, drop);
    const count = written.length + removed.length;
    print(
      line`${palette().bold(dryRun ? 'would write' : 'wrote')} ${written.length} of ${rows.length} sites${removed.length > 0 ? `, removed ${removed.length}` : ''}`,
    );
    return dryRun && count > 0 ? EXIT.differences : EXIT.ok;
  },
});

async function readRows(table: string): Promise<Row[]> {
  const content = await readFile(table).catch((error: NodeJS.ErrnoException) => {
    throw InputError.of(`the table ${table} cannot be read: ${error.code ?? error.message}`);
  });
  if (content.byteLength > MOST_BYTES) throw InputError.of(`the table ${table} is larger than 64 MiB`);
  const text = utf8(content, table);
  if (/\.json$/i.test(table)) return readJson(text, table);
  if (/\.csv$/i.test(table)) return readCsv(text, table);
  throw InputError.of(`${table} is neither a .csv nor a .json file`);
}

/** Throws InputError if a link leads a file out of the repo. */
async function requireInside(root: string, file: string): Promise<void> {
  const top = await realpath(root);
  let folder = dirname(resolve(top, file));
  while (folder !== top) {
    const real = await realpath(folder).catch(() => folder);
    if (real !== top && !real.startsWith(`${top}${sep}`))
      throw InputError.of(
        `${file} would be written out of the repo: ${folder} is a link to ${real}`,
        'nothing was written',
      );
    folder = dirname(folder);
  }
}

function tell(changes: readonly SiteChange[], withoutRow: readonly string[], drop: boolean): void {
  const { add, change, remove, dim } = palette();
  for (const { kind, file, set, drop: dropped } of changes) {
    if (kind === 'create') print(add(`+ ${file}`));
    else if (set.length > 0) print(change(`~ ${file}: ${set.join(', ')}`));
    if (dropped.length === 0) continue;
    if (drop) print(remove(`~ ${file}: without ${dropped.join(', ')}`));
    else print(dim(`  ${file} keeps ${dropped.join(', ')}, whose cells are empty (--drop takes them out)`));
  }
  for (const name of withoutRow) {
    if (drop) print(remove(`- sites/${name}.yaml`));
    else print(dim(`  sites/${name}.yaml has no row, and stays (--drop removes it)`));
  }
}
