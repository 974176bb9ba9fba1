import { basename } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { holdfast, type Ran } from '../support/program/holdfast-process.ts';
import { type ConfigFolder, configFolder } from '../support/site/config-folder.ts';

// As a person runs it; no engine is asked. That it prints what Docker Compose prints is test/conformance's.

const folders: ConfigFolder[] = [];

async function folderWith(files: Record<string, string>): Promise<ConfigFolder> {
  const folder = await configFolder(files);
  folders.push(folder);
  return folder;
}

afterEach(async () => {
  for (const folder of folders.splice(0)) await folder.remove();
});

const render = (folder: ConfigFolder, ...args: string[]): Promise<Ran> =>
  holdfast(['render', '--format', 'compose', ...args], { env: { TAG: '7' }, cwd: folder.dir });

const fleet = {
  'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\nmetadata: { name: cli }\nspec: {}\n',
  'sites/shop.yaml': 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n',
  'apps/one/app.yaml': 'apiVersion: holdfast/v1\nkind: Application\nspec: {}\n',
  'apps/one/compose.yaml': 'services: { a: { image: x, volumes: ["./data:/data"] } }\n',
  'apps/two/app.yaml': 'apiVersion: holdfast/v1\nkind: Application\nspec: {}\n',
  'apps/two/compose.yaml': 'services: { b: { image: y } }\n',
};

test('the one app of a folder is printed as JSON, its paths those of the folder', async () => {
  const folder = await folderWith({
    'compose.yaml': 'services: { a: { image: "x:${TAG:-1}", volumes: ["./d:/d"] } }\n',
  });
  const { code, stdout } = await render(folder);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    name: basename(folder.dir).toLowerCase(),
    services: { a: { image: 'x:1', volumes: [{ source: `${folder.dir}/d` }] } },
  });
  expect(JSON.parse((await render(folder, '--env')).stdout).services.a.image).toBe('x:7');
});

test('--app chooses one of several apps, and without it an error names them', async () => {
  const folder = await folderWith(fleet);
  const { stdout } = await render(folder, '--app', 'one');
  expect(JSON.parse(stdout)).toMatchObject({
    name: 'one',
    services: { a: { volumes: [{ source: `${folder.dir}/apps/one/data` }] } },
  });
  const unnamed = await render(folder);
  expect(unnamed).toMatchObject({ code: 2, stdout: '' });
  expect(unnamed.stderr).toContain('shop runs one, two: --format compose prints one of them (name it with --app)');
  expect((await render(folder, '--app', 'three')).stderr).toContain('shop has no app three (it has one, two)');
});

test('flags that do not go together are refused in a sentence', async () => {
  const folder = await folderWith({ 'compose.yaml': 'services: { a: { image: x } }\n' });
  const yaml = await render(folder, '-o', 'yaml');
  expect(yaml).toMatchObject({ code: 2, stdout: '' });
  expect(yaml.stderr).toContain('--format compose prints JSON');
  const repo = await render(folder, '--repo', 'http://127.0.0.1:1/x.git');
  expect(repo).toMatchObject({ code: 2, stdout: '' });
  expect(repo.stderr).toContain('clone the repo and name its folder');
  expect(await render(folder, '-o', 'json', '--app', 'other')).toMatchObject({ code: 2, stdout: '' });
});
