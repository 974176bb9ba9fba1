import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { run } from '../../../src/cli/program.ts';
import { captureWritten, forgetWritten, written } from '../../support/program/written.ts';
import { type ConfigFolder, configFolder } from '../../support/site/config-folder.ts';

captureWritten();

const BERLIN = `# The shop at the corner.
apiVersion: holdfast/v1
kind: Site
metadata:
  labels:
    # Moves to us in spring.
    region: eu   # for now
    size: large
spec:
  confirmPrune: [web] # asked for by Kim
  values:
    TZ: "Europe/Berlin"
`;

let folder: ConfigFolder;
beforeEach(async () => {
  folder = await configFolder({
    'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\n',
    'sites/eu/berlin.yaml': BERLIN,
    'sites/old.yaml': 'apiVersion: holdfast/v1\nkind: Site\n',
  });
});
afterEach(() => folder.remove());

async function inventory(table: string, ...flags: string[]): Promise<number> {
  const name = table.trimStart().startsWith('[') ? 'table.json' : 'table.csv';
  await writeFile(join(folder.dir, name), table);
  forgetWritten();
  return run(['inventory', join(folder.dir, name), '-f', folder.dir, ...flags]);
}
const site = (name: string): Promise<string> => readFile(join(folder.dir, `sites/${name}.yaml`), 'utf8');

test('a new site gets a file, and in one that is there only the cells of the table change', async () => {
  const table = 'name,label.region,label.ring,value.TZ\neu/berlin,us,canary,"America/New York"\nus/two,us,,\n';
  expect(await inventory(table)).toBe(0);
  expect(await site('eu/berlin')).toBe(
    BERLIN.replace('region: eu ', 'region: us ')
      .replace('size: large\n', 'size: large\n    ring: canary\n')
      .replace('"Europe/Berlin"', 'America/New York'),
  );
  expect(await site('us/two')).toBe('apiVersion: holdfast/v1\nkind: Site\nmetadata:\n  labels:\n    region: us\n');
  expect(written).toContain('sites/old.yaml has no row, and stays');
  expect(written).toContain('wrote 2 of 2 sites');
  expect(await run(['validate', folder.dir])).toBe(0);
  expect(await inventory(table, '--dry-run')).toBe(0);
});

test('a dry run writes nothing, and its exit code says that something would change', async () => {
  expect(await inventory('name;label.region\neu/berlin;us\nnew;eu\n', '--dry-run')).toBe(1);
  expect(written).toContain('~ sites/eu/berlin.yaml: labels.region');
  expect(await site('eu/berlin')).toBe(BERLIN);
  await expect(site('new')).rejects.toThrow('ENOENT');
});

test('an empty cell and a missing row are named, and only --drop takes them out', async () => {
  const table = 'name,label.size\neu/berlin,\n';
  expect(await inventory(table)).toBe(0);
  expect(written).toContain('sites/eu/berlin.yaml keeps labels.size, whose cells are empty');
  expect(await site('eu/berlin')).toBe(BERLIN);
  expect(await inventory(table, '--drop')).toBe(0);
  expect(await site('eu/berlin')).toBe(BERLIN.replace('    size: large\n', ''));
  await expect(site('old')).rejects.toThrow('ENOENT');
});

test('a JSON table means the same', async () => {
  const rows = [{ name: 'eu/berlin', labels: { region: 'us', size: null }, values: { WEB_PORT: 8080 } }];
  expect(await inventory(JSON.stringify(rows, null, 2))).toBe(0);
  expect(await site('eu/berlin')).toBe(`${BERLIN.replace('region: eu ', 'region: us ')}    WEB_PORT: 8080\n`);
  expect(written).toContain('keeps labels.size');
});

test('a byte order mark and line ends of Windows are read as they are meant', async () => {
  expect(await inventory('\uFEFFname,label.region\r\na,eu\r\n')).toBe(0);
  expect(await site('a')).toContain('region: eu\n');
});

test.each([
  ['name,label.a\nx,1\n../../evil,1\n', ':3:1: "../../evil" cannot be a site\'s name'],
  ['name,label.a\n/etc/x,1\n', ':2:1: "/etc/x" cannot'],
  ['name,label.a\nsites/../x,1\n', ':2:1: "sites/../x" cannot'],
  ['name,label.__proto__\nx,1\n', ':2:1: "__proto__" cannot be the name of a label'],
  ['name,value.__proto__\nx,1\n', ':2:1: "__proto__" cannot be the name of a value'],
  ['name,label.a\nconstructor,1\n', ':2:1: "constructor" cannot'],
  ['name,value.A B\nx,1\n', 'the name `A B` in spec.values must be the name of a variable'],
  ['name,value.HOLDFAST_SITE\nx,1\n', ':2:1: x: the name `HOLDFAST_SITE`'],
  ['name,label.a\nx,"1\n2"\n', ':2:3: this cell has a line break'],
  ['name,label.a\nx,"1\n', ':2:3: the quotes of this cell are never closed'],
  ['name,label.a\nx,1"2\n', ':2:3: a quote in a cell without quotes'],
  ['name,label.a\nx,"1"2\n', ':2:6: a text follows the quotes of a cell'],
  ['name,label.a\nx,a\uFEFFb\n', ':2:1: the text of a has a line break or another control character'],
  ['name,label.a\nx,1,2\n', ':2:1: this line has 3 cells, but the first line has 2'],
  ['name,label.a\nx,1\n\nx,2\n', ':4:1: the site x is in the table twice'],
  ['name,label.a\nEU/Berlin,1\n', ':2:1: the site EU/Berlin differs from eu/berlin only in capital letters'],
  ['name,lable.a\nx,1\n', ':1:6: the column "lable.a" is not known (did you mean label?)'],
  ['label.a\n1\n', ':1:1: the table has no column `name`'],
  ['name,name\nx,y\n', ':1:6: the column "name" is there twice'],
  ['name\n', 'the table has no sites'],
  ['', 'the table is empty'],
  ['[{"name": "../x"}]', ':1:2: "../x" cannot be a site\'s name'],
  ['[{"name": "x", "lables": {}}]', ':1:16: unknown key "lables"'],
  ['[{"name": "x", "labels": {"a": [1]}}]', 'a single value is expected for a, not a list'],
  ['[{"name": "x", "name": "y"}]', ':1:16:'],
])('a table that is wrong is refused with its line, and nothing is written: %j', async (table, message) => {
  expect(await inventory(table, '--drop')).toBe(2);
  expect(written).toContain(message);
  expect(await site('eu/berlin')).toBe(BERLIN);
  expect(await site('old')).toContain('kind: Site');
  await expect(site('x')).rejects.toThrow('ENOENT');
});

test('a link in sites/ leads no file out of the repo', async () => {
  const outside = await configFolder({ 'kept.txt': '' });
  try {
    await mkdir(join(folder.dir, 'sites'), { recursive: true });
    await symlink(outside.dir, join(folder.dir, 'sites/link'));
    expect(await inventory('name,label.a\nlink/x,1\n')).toBe(2);
    expect(written).toMatch(/would be written out of the repo|is a symbolic link/);
    await expect(readFile(join(outside.dir, 'x.yaml'))).rejects.toThrow('ENOENT');
  } finally {
    await outside.remove();
  }
});
