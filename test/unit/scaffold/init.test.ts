import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { run } from '../../../src/cli/program.ts';
import { parseYaml } from '../../../src/yaml/parse.ts';
import { captureWritten, forgetWritten, written } from '../../support/program/written.ts';

captureWritten();

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-init-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('a new fleet validates without a warning, and the next step is said', async () => {
  expect(await run(['init', join(dir, 'shops'), '--site', 'eu/berlin'])).toBe(0);
  expect(written).toContain('  holdfast validate ');
  forgetWritten();
  expect(await run(['validate', join(dir, 'shops')])).toBe(0);
  expect(written).toBe('valid: 1 site, 1 app\n');
  const site = await readFile(join(dir, 'shops/sites/eu/berlin.yaml'), 'utf8');
  const [, path = ''] = /^# yaml-language-server: \$schema=(.*)\n/.exec(site) ?? [];
  expect(JSON.parse(await readFile(join(dir, 'shops/sites/eu', path), 'utf8'))).toMatchObject({ title: 'Site' });
});

test('no file is overwritten: those that are there stay, and are named', async () => {
  await writeFile(join(dir, 'README.md'), 'mine');
  expect(await run(['init', dir])).toBe(0);
  expect(written).toContain('README.md is there already, and stays as it is');
  expect(await readFile(join(dir, 'README.md'), 'utf8')).toBe('mine');
});

test.each(['fleet.yaml', 'compose.yaml'])('a folder with %s is refused, and nothing is written', async (name) => {
  await writeFile(join(dir, name), 'services: {}\n');
  expect(await run(['init', dir])).toBe(2);
  expect(written).toContain(`has ${name} already, so nothing was written`);
  await expect(readFile(join(dir, 'README.md'))).rejects.toThrow('ENOENT');
});

test.each([
  ['github', '.github/workflows/holdfast.yaml'],
  ['gitlab', '.gitlab-ci.yml'],
])('the CI file for %s is YAML', async (ci, path) => {
  expect(await run(['init', dir, '--ci', ci])).toBe(0);
  expect(parseYaml(await readFile(join(dir, path), 'utf8'), path)?.kind).toBe('mapping');
});

test('a name that leads out of sites/ is refused', async () => {
  expect(await run(['init', dir, '--site', '../../evil'])).toBe(2);
  expect(written).toContain('"../../evil" cannot be a site\'s name');
});
