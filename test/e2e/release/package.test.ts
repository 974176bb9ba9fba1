import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { repoDir } from '../../../scripts/engine.ts';
import { packProgram } from '../../../scripts/pack.ts';
import { AGENT_FLAGS } from '../../../src/cli/start/agent-process.ts';
import { startGitServer } from '../../support/git/git-server.ts';

const run = promisify(execFile);

/** The environment of another machine: Node is the only command of this repo on the PATH, and the variables of npm from the run that started the tests are gone. */
const elsewhere = (): NodeJS.ProcessEnv => {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|execpath|node)/.test(name));
  const path = (process.env.PATH ?? '').split(delimiter).filter((dir) => !dir.startsWith(repoDir));
  const rest = Object.fromEntries(own.filter(([name]) => !/^(HOLDFAST_|NODE_OPTIONS$)/.test(name)));
  return { ...rest, PATH: [dirname(process.execPath), ...path].join(delimiter), XDG_CACHE_HOME: caches };
};

/** Where calls keep compiled code, rather than in the home of the one who runs the tests. */
let caches: string;

describe('the package', () => {
  let folder: string;
  let program: string;
  let installed: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-package-'));
    caches = join(folder, 'caches');
    await mkdir(caches);
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

  describe('keeps the code that a command compiled for its next run', () => {
    const place = (): string => join(caches, 'holdfast');
    const validate = () => run(program, ['validate', join(repoDir, 'examples', 'three-sites')], { env: elsewhere() });
    let answer: string;

    beforeEach(async () => {
      await rm(place(), { recursive: true, force: true });
      answer = (await validate()).stdout;
    });

    const codeFile = async (): Promise<string> => join(place(), (await readdir(place()))[0] ?? '');

    test('and uses it without writing it again', async () => {
      expect(await readdir(place())).toHaveLength(1);
      const before = await stat(await codeFile());
      expect(before.size).toBeGreaterThan(100_000);
      expect((await validate()).stdout).toBe(answer);
      expect((await stat(await codeFile())).ino).toBe(before.ino);
    });

    test('but not of a call that was wrong', async () => {
      await expect(run(program, ['validat'], { env: elsewhere() })).rejects.toMatchObject({ code: 2 });
      expect(await readdir(place())).toHaveLength(1);
    });

    test.each<[string, (file: string) => Promise<void>]>([
      ['damaged', async (file) => writeFile(file, (await readFile(file)).fill(0x5a, 50_000, 50_100))],
      ['cut off', (file) => truncate(file, 70_000)],
      ['another program’s', (file) => writeFile(file, 'not code at all')],
      ['open to others', (file) => chmod(file, 0o666)],
    ])('and compiles again if that code is %s', async (_, spoil) => {
      const file = await codeFile();
      const good = await readFile(file);
      await spoil(file);
      expect(await validate()).toEqual({ stdout: answer, stderr: '' });
      expect((await readFile(file)).length).toBeGreaterThan(good.length / 2);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    });

    test('and works without where it cannot be kept, or is not to be', async () => {
      const file = await codeFile();
      await rm(place(), { recursive: true });
      await writeFile(place(), 'in the way');
      expect(await validate()).toEqual({ stdout: answer, stderr: '' });
      await rm(place());
      const env = { ...elsewhere(), HOLDFAST_CODE_CACHE: 'off' };
      await run(program, ['validate', join(repoDir, 'examples', 'three-sites')], { env });
      await expect(stat(file)).rejects.toThrow('ENOENT');
    });
  });

  test('gives the agent the settings of V8 that the image has, in the process that was started', async () => {
    const state = join(folder, 'state');
    const args = ['agent', '--repo', 'http://127.0.0.1:9/x.git', '--state-dir', state, '--files-dir', state];
    const child = spawn(program, [...args, '--docker-host', `unix://${folder}/no.sock`], {
      env: elsewhere(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      // The first line of the log comes from the process that replaced the one that was started.
      await once(child.stdout, 'data');
      const words = (await readFile(`/proc/${child.pid}/cmdline`, 'utf8')).split('\0');
      expect(words).toEqual(expect.arrayContaining([...AGENT_FLAGS, ...args]));
      const variables = (await readFile(`/proc/${child.pid}/environ`, 'utf8')).split('\0');
      expect(variables).toContain('MALLOC_MMAP_THRESHOLD_=32768');
      await expect(stat(join(caches, 'holdfast'))).rejects.toThrow('ENOENT');
    } finally {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    }
  });
});
