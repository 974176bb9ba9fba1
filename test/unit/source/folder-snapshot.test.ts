import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { folderSnapshot } from '../../../src/source/folder-snapshot.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-folder-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function put(path: string, content = ''): Promise<void> {
  await mkdir(dirname(join(dir, path)), { recursive: true });
  await writeFile(join(dir, path), content);
}

describe('a folder as a snapshot', () => {
  test('lists and reads what is there now, without .git', async () => {
    await put('compose.yaml', 'services: {}');
    await put('b/run.sh');
    await chmod(join(dir, 'b/run.sh'), 0o755);
    await put('.git/config');
    await put('b/.git', 'gitdir: elsewhere');
    const snapshot = await folderSnapshot(dir);
    expect(snapshot.revision).toBe('worktree');
    expect(await snapshot.list('')).toEqual([
      { name: 'b', kind: 'dir' },
      { name: 'compose.yaml', kind: 'file' },
    ]);
    expect(await snapshot.list('b')).toEqual([{ name: 'run.sh', kind: 'file' }]);
    expect(await snapshot.read('compose.yaml')).toEqual({ content: Buffer.from('services: {}'), executable: false });
    expect((await snapshot.read('b/run.sh'))?.executable).toBe(true);
    expect(await snapshot.read('b')).toBeUndefined();
    expect(await snapshot.read('b/none')).toBeUndefined();
    expect(await snapshot.read('compose.yaml/none')).toBeUndefined();
    expect(await snapshot.list('none')).toBeUndefined();
    expect(await snapshot.list('compose.yaml')).toBeUndefined();
  });

  test('links are listed and never followed, as in a commit', async () => {
    await put('in/file');
    await symlink('in', join(dir, 'link'));
    await symlink('/etc', join(dir, 'in/out'));
    const snapshot = await folderSnapshot(dir);
    expect(await snapshot.list('')).toEqual([
      { name: 'in', kind: 'dir' },
      { name: 'link', kind: 'symlink' },
    ]);
    for (const path of ['link', 'link/file', 'in/out', 'in/out/passwd']) {
      await expect(snapshot.read(path)).rejects.toMatchObject({ kind: 'path' });
      await expect(snapshot.list(path)).rejects.toMatchObject({ kind: 'path' });
    }
    await expect(folderSnapshot(dir, { path: 'link' })).rejects.toMatchObject({ kind: 'path' });
  });

  test.each(['..', '../x', '/etc', 'a/../b', './a', '.git/config', 'a\0b'])('the path %j is refused', async (path) => {
    const snapshot = await folderSnapshot(dir);
    await expect(snapshot.read(path)).rejects.toMatchObject({ kind: 'path' });
    await expect(snapshot.list(path)).rejects.toMatchObject({ kind: 'path' });
  });

  test('a folder that is not there is named', async () => {
    await expect(folderSnapshot(join(dir, 'none'))).rejects.toThrow(`There is no folder ${join(dir, 'none')}`);
    await expect(folderSnapshot(dir, { path: 'none' })).rejects.toThrow(`There is no folder none in ${dir}`);
  });
});

describe('the name it gives a bare compose file', () => {
  test('is that of --path, else of the repo it was cloned from, else its own', async () => {
    await put('edge/x');
    await mkdir(join(dir, 'shop'));
    expect((await folderSnapshot(join(dir, 'shop'))).origin.name).toBe('shop');
    await put(
      '.git/config',
      '[core]\n\tbare = false\n[remote "up"]\n\turl = x/no.git\n[remote "origin"]\n\turl = git@host:team/fleet.git\n',
    );
    expect((await folderSnapshot(dir)).origin.name).toBe('fleet');
    expect((await folderSnapshot(dir, { path: 'edge/' })).origin.name).toBe('edge');
  });

  test('is found through the pointer of a linked work tree', async () => {
    await put('main/.git/config', '[remote "origin"]\nurl = https://host/fleet.git');
    await put('main/.git/worktrees/two/commondir', '../..\n');
    await put('two/.git', `gitdir: ${join(dir, 'main/.git/worktrees/two')}\n`);
    expect((await folderSnapshot(join(dir, 'two'))).origin.name).toBe('fleet');
  });
});
