import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { repoDir } from '../../scripts/engine.ts';
import { packProgram } from '../../scripts/pack.ts';
import { startGitServer } from '../support/git-server.ts';

const run = promisify(execFile);

/** As on another machine: of this repo's commands only Node is on the PATH, and none of npm's variables from the run that started the tests. */
const elsewhere = (): NodeJS.ProcessEnv => {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|execpath|node)/.test(name));
  const path = (process.env.PATH ?? '').split(delimiter).filter((dir) => !dir.startsWith(repoDir));
  return { ...Object.fromEntries(own), PATH: [dirname(process.execPath), ...path].join(delimiter) };
};

describe('the package', () => {
  let folder: string;
  let program: string;
  let installed: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-package-'));
    const file = await packProgram(folder, process.env.HOLDFAST_TEST_PROGRAM);
    const place = join(folder, 'elsewhere');
    await mkdir(place);
    await writeFile(join(place, 'package.json'), '{"private":true}');
    // No registry and no scripts are needed; with neither to be had, an install that asked for one would fail here.
    const args = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', file];
    await run('npm', args, { cwd: place, env: elsewhere() });
    installed = join(place, 'node_modules');
    program = join(installed, '.bin', 'holdfast');
  }, 180_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('brings nothing along and runs nothing when it is installed', async () => {
    expect((await readdir(installed)).filter((name) => !name.startsWith('.'))).toEqual(['holdfast']);
    const manifest = JSON.parse(await readFile(join(installed, 'holdfast', 'package.json'), 'utf8'));
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('scripts');
  });

  test('carries its licence, those of what is inside, and the schemas for editors', async () => {
    const files = await readdir(join(installed, 'holdfast'), { recursive: true });
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'dist/THIRD-PARTY-LICENSES.txt', 'schemas/application.schema.json']),
    );
    expect(files.filter((name) => /^(src|test|scripts|node_modules)\b/.test(name))).toEqual([]);
  });

  test('gives the command: its version, its help, and a real answer about a folder', async () => {
    const { version } = JSON.parse(await readFile(join(repoDir, 'package.json'), 'utf8'));
    expect((await run(program, ['--version'], { env: elsewhere() })).stdout).toBe(`${version}\n`);
    expect((await run(program, ['--help'], { env: elsewhere() })).stdout).toMatch(/^Usage: holdfast /);
    const app = join(folder, 'app');
    await mkdir(app);
    await writeFile(join(app, 'compose.yaml'), 'services:\n  web:\n    image: example:1\n');
    const { stdout } = await run(program, ['render', app, '-o', 'json'], { env: elsewhere() });
    expect(stdout).toContain('app-web-1');
  });

  test('does bundled what it does unbundled: reads a repo over HTTP, and checks documents against their schemas', async () => {
    const git = await startGitServer();
    try {
      const repo = await git.repo('shop');
      await repo.commit({ 'compose.yaml': 'services:\n  web:\n    image: example:1\n' });
      const { stdout } = await run(program, ['render', '--repo', repo.url], { env: elsewhere() });
      expect(stdout).toContain('shop-web-1');
    } finally {
      await git.close();
    }
    const fleet = join(repoDir, 'examples', 'three-sites');
    expect((await run(program, ['validate', fleet], { env: elsewhere() })).stdout).toMatch(/^valid: 3 sites/);
  });
});
