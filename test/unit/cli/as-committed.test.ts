import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { asCommitted } from '../../../src/cli/repo/sides/as-committed.ts';
import { folderSnapshot } from '../../../src/source/folder-snapshot.ts';
import { holdfast } from '../../support/program/holdfast-process.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'as-committed-'));
  await mkdir(join(folder, 'fleet/apps'), { recursive: true });
  await writeFile(
    join(folder, '.gitattributes'),
    '*.bin filter=lfs diff=lfs merge=lfs -text\nplain.bin !filter\nsecret filter=git-crypt\n',
  );
  for (const file of ['model.bin', 'apps/model.bin', 'plain.bin', 'text', 'secret'])
    await writeFile(join(folder, 'fleet', file), 'hello');
});
afterEach(() => rm(folder, { recursive: true }));

const contentOf = async (file: string): Promise<string> => {
  const snapshot = asCommitted(await folderSnapshot(folder, { path: 'fleet' }), folder, 'fleet');
  return Buffer.from((await snapshot.read(file))?.content ?? []).toString();
};

test('a file that Git LFS keeps is its pointer, one that git-crypt encrypts is not open, committed or not, as on a site', async () => {
  execFileSync('git', ['init', '-q'], { cwd: folder });
  const pointer = `version https://git-lfs.github.com/spec/v1
oid sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
size 5
`;
  for (const add of [[], ['fleet/apps', 'fleet/text'], ['.']]) {
    if (add.length > 0) execFileSync('git', ['add', ...add], { cwd: folder });
    expect(await contentOf('model.bin')).toBe(pointer);
    expect(await contentOf('apps/model.bin')).toBe(pointer);
    expect(await contentOf('plain.bin')).toBe('hello');
    expect(await contentOf('text')).toBe('hello');
    expect(await contentOf('secret')).toBe('\0GITCRYPT\0');
  }
});

test('in a folder that is no work tree nothing is kept by Git LFS', async () => {
  expect(await contentOf('model.bin')).toBe('hello');
});

test('a repo that the environment names is found without `.git` in the folder', async () => {
  const repo = join(folder, 'elsewhere.git');
  execFileSync('git', ['init', '-q', '--bare', repo]);
  await writeFile(
    join(folder, 'fleet/compose.yaml'),
    'services: { web: { image: web, configs: [model] } }\nconfigs: { model: { file: ./model.bin } }\n',
  );
  const render = (env: Record<string, string>) => holdfast(['render', join(folder, 'fleet')], { env });
  expect(await render({ GIT_DIR: repo, GIT_WORK_TREE: folder })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is kept by Git LFS'),
  });
  expect(await render({})).toMatchObject({ code: 0 });
});
