import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createHostFiles, type HostFiles } from '../../../src/apply/host-files.ts';
import type { Territory } from '../../../src/apply/territory.ts';
import type { HostFile } from '../../../src/model/state.ts';

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

let dir: string;
let territory: Territory;
let files: HostFiles;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-files-'));
  territory = {
    filesDir: join(dir, 'apps'),
    projectRoots: [join(dir, 'srv')],
    sharedRoots: [],
    keepOut: [join(dir, 'state'), join(dir, 'srv/shop/values.yaml')],
  };
  files = createHostFiles(territory);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const of = (path: string, text: string): HostFile => ({
  path: join(dir, path),
  content: Buffer.from(text),
  mode: 0o644,
  digest: digestOf(text),
});
const look = async (...wanted: HostFile[]) =>
  files.observe(wanted.map(({ path, content }) => ({ path, size: content.length })));
const isRight = async (file: HostFile): Promise<boolean> => (await look(file))[file.path]?.digest === file.digest;

const conf = () => of('apps/shop/conf/app.conf', 'one');
const SPOILINGS: [string, (path: string) => Promise<unknown>][] = [
  ['nothing', () => Promise.resolve()],
  ['a FIFO', (path) => Promise.resolve(execFileSync('mkfifo', [path]))],
  ['an empty folder', (path) => mkdir(path)],
  ['a link to itself', (path) => symlink(path, path)],
  ['a link to a file elsewhere', (path) => symlink(join(dir, 'outside/secret'), path)],
  ['a link to an endless device', (path) => symlink('/dev/zero', path)],
  ['a sparse file of 3 GB', (path) => writeFile(path, '').then(() => truncate(path, 3e9))],
  ['a file that nobody may read', (path) => writeFile(path, 'two').then(() => chmod(path, 0))],
];

test.each(SPOILINGS)(
  'where there is %s instead of a file, the agent does not read it or wait for it, and writes the file again',
  async (_, spoil) => {
    const file = conf();
    await mkdir(join(dir, 'outside'));
    await writeFile(join(dir, 'outside/secret'), 'one');
    await files.write(file, []);
    await rm(file.path);
    await spoil(file.path);
    expect(await isRight(file)).toBe(false);
    await files.write(file, []);
    expect(await isRight(file)).toBe(true);
    expect((await lstat(file.path)).isFile()).toBe(true);
    expect(await readFile(join(dir, 'outside/secret'), 'utf8')).toBe('one');
    expect(await readdir(join(dir, 'apps/shop/conf'))).toEqual(['app.conf']);
  },
);

test('a folder that was replaced by a link leads nowhere: nothing is read, written or removed behind it', async () => {
  const file = conf();
  await files.write(file, []);
  await mkdir(join(dir, 'outside'));
  await writeFile(join(dir, 'outside/app.conf'), 'one');
  await rename(join(dir, 'apps/shop/conf'), join(dir, 'apps/shop/moved'));
  await symlink(join(dir, 'outside'), join(dir, 'apps/shop/conf'));
  expect(await look(file)).toEqual({});
  await files.remove(file.path);
  await files.write({ ...file, content: Buffer.from('two'), digest: digestOf('two') }, []);
  expect(await readFile(join(dir, 'outside/app.conf'), 'utf8')).toBe('one');
  expect(await readFile(file.path, 'utf8')).toBe('two');
});

test('a link in a folder that the site names is not removed, but named', async () => {
  await mkdir(join(dir, 'srv/shop'), { recursive: true });
  await mkdir(join(dir, 'outside'));
  await symlink(join(dir, 'outside'), join(dir, 'srv/shop/conf'));
  await expect(files.write(of('srv/shop/conf/a', 'x'), [])).rejects.toThrow(/srv\/shop\/conf is a link/);
  await symlink(join(dir, 'outside'), join(dir, 'apps-link'));
  await mkdir(join(dir, 'apps'));
  await symlink(join(dir, 'outside'), join(dir, 'apps/shop'));
  await expect(files.write(conf(), [])).rejects.toThrow(/apps\/shop is a link/);
  expect(await readdir(join(dir, 'outside'))).toEqual([]);
});

test('a full folder and a file of the site are named, and kept', async () => {
  await mkdir(join(dir, 'apps/shop/conf/app.conf/data'), { recursive: true });
  await expect(files.write(conf(), [])).rejects.toThrow(/app\.conf is a folder with data of the site's own/);
  await writeFile(join(dir, 'apps/shop/own'), 'data');
  await expect(files.write(of('apps/shop/own/x', 'x'), [])).rejects.toThrow(/own is a file of the site's own/);
  expect(await readFile(join(dir, 'apps/shop/own'), 'utf8')).toBe('data');
});

test('a file becomes a folder and a folder a file where Git says so, and data beside it stays', async () => {
  const asFile = of('apps/shop/x', 'file');
  const asFolder = of('apps/shop/x/deep/y', 'folder');
  await files.write(asFile, []);
  await writeFile(join(dir, 'apps/shop/data'), 'kept');
  await files.write(asFolder, [asFile]);
  expect(await isRight(asFolder)).toBe(true);
  await files.write(asFile, [asFolder]);
  expect(await isRight(asFile)).toBe(true);
  expect(await readFile(join(dir, 'apps/shop/data'), 'utf8')).toBe('kept');

  await files.write(asFolder, [asFile]);
  await writeFile(join(dir, 'apps/shop/x/data'), 'kept');
  await expect(files.write(asFile, [asFolder])).rejects.toThrow(/x is a folder with data/);
  expect(await readFile(join(dir, 'apps/shop/x/data'), 'utf8')).toBe('kept');
});

test('a file that Git dropped and a container changed is not given up for a folder', async () => {
  const asFile = of('apps/shop/x', 'file');
  await files.write(asFile, []);
  await writeFile(asFile.path, 'data');
  await expect(files.write(of('apps/shop/x/y', 'folder'), [asFile])).rejects.toThrow(/x is a file of the site's own/);
});

test('a change that puts size and mtime back is seen', async () => {
  const file = conf();
  await files.write(file, []);
  expect(await isRight(file)).toBe(true);
  const { atime, mtime } = await lstat(file.path);
  await writeFile(file.path, 'two');
  await utimes(file.path, atime, mtime);
  expect(await isRight(file)).toBe(false);
});

test.each([
  ['elsewhere/x', /outside of the folders/],
  ['apps/x', /outside of the folders/],
  ['apps/../state/trust.json', undefined],
  ['srv/shop/values.yaml', /the site's own/],
  ['srv/way/trust.json', /the site's own/],
  ['srv/apps/web/x', /each app has its own folder/],
])('nothing is written to %s', async (path, reason) => {
  await mkdir(join(dir, 'state'));
  await mkdir(join(dir, 'srv/shop'), { recursive: true });
  await mkdir(join(dir, 'apps/web'), { recursive: true });
  // Roots that the site named, and that lead by a link where nothing may be written.
  await symlink(join(dir, 'state'), join(dir, 'srv/way'));
  await symlink(join(dir, 'apps'), join(dir, 'srv/apps'));
  files = createHostFiles({
    ...territory,
    projectRoots: [join(dir, 'srv/way'), join(dir, 'srv/apps'), join(dir, 'srv')],
  });
  const file = { ...of('x', 'x'), path: `${dir}/${path}` };
  await expect(files.write(file, [])).rejects.toThrow(reason);
  expect(await readdir(join(dir, 'state'))).toEqual([]);
  expect(await readdir(join(dir, 'apps/web'))).toEqual([]);
});

test('files that are written into one folder at once make way for it once', async () => {
  const wanted = Array.from({ length: 12 }, (_, i) => of(`apps/shop/conf/sub/${i}`, `${i}`));
  await mkdir(join(dir, 'outside'));
  for (const spoil of ['link', 'fifo']) {
    await rm(join(dir, 'apps/shop/conf/sub'), { recursive: true, force: true });
    await mkdir(join(dir, 'apps/shop/conf'), { recursive: true });
    if (spoil === 'link') await symlink(join(dir, 'outside'), join(dir, 'apps/shop/conf/sub'));
    else execFileSync('mkfifo', [join(dir, 'apps/shop/conf/sub')]);
    await Promise.all(wanted.map((file) => files.write(file, [])));
    for (const file of wanted) expect(await isRight(file)).toBe(true);
  }
  expect(await readdir(join(dir, 'outside'))).toEqual([]);
});
