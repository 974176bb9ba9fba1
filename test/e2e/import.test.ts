import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { holdfast, type Ran } from '../support/program/holdfast-process.ts';
import { IMAGE, importChaosImages } from '../support/site/chaos-site.ts';
import { composeProject } from '../support/site/compose-project.ts';
import { type ConfigFolder, configFolder } from '../support/site/config-folder.ts';

// From a folder that people run with docker compose to an Application in a config repo.
jest.setTimeout(120_000);

const host = process.env.HOLDFAST_TEST_DOCKER ?? '';
const peer = process.env.COMPOSE_PEER ?? '';
const folders: ConfigFolder[] = [];
const folderWith = async (files: Record<string, string>): Promise<ConfigFolder> => {
  const folder = await configFolder(files);
  folders.push(folder);
  return folder;
};

afterEach(async () => {
  for (const folder of folders.splice(0)) await folder.remove();
});

const SHOP = {
  'compose.yaml': `name: shop
services:
  db:
    image: postgres:16
    environment: { POSTGRES_PASSWORD: "\${DB_PASSWORD}" }
    volumes: ["./data:/var/lib/postgresql/data", "./pg.conf:/etc/pg.conf:ro"]
    secrets: [key]
  web:
    image: nginx:\${TAG:-1}
    env_file: env/web.env
    volumes: ["./html:/usr/share/nginx/html:ro"]
    ports: ["\${PORT}:80"]
  debug:
    profiles: [debug]
    image: busybox
    env_file: [env/debug.env]
secrets: { key: { file: ./key.pem } }
`,
  '.env': 'DB_PASSWORD=hunter2\n',
  'pg.conf': 'shared_buffers = 1GB\n',
  'key.pem': 'KEY\n',
  'env/web.env': 'A=b\n',
  'env/debug.env': 'B=c\n',
  'html/index.html': '<p>hello\n',
  'data/PG_VERSION': '16\n',
  'notes.txt': 'not part of it\n',
};

describe('import, without an engine', () => {
  const offline = { DOCKER_HOST: 'unix:///nonexistent.sock' };
  const run = (repo: ConfigFolder, ...args: string[]): Promise<Ran> => holdfast(args, { env: offline, cwd: repo.dir });

  test('makes an Application of a folder, with the files that it needs and no others, which validate finds valid', async () => {
    const [stack, repo] = [await folderWith(SHOP), await folderWith({})];
    const ran = await run(repo, 'import', stack.dir);
    expect(ran.code).toBe(0);
    expect(ran.stdout.split('\n').filter((line) => line.startsWith('  + '))).toEqual(
      [
        'apps/shop/.env',
        'apps/shop/app.yaml',
        'apps/shop/compose.yaml',
        'apps/shop/env/debug.env',
        'apps/shop/env/web.env',
        'apps/shop/html/index.html',
        'apps/shop/key.pem',
        'apps/shop/pg.conf',
        'fleet.yaml',
        'sites/site-1.yaml',
      ].map((path) => `  + ${path}`),
    );
    expect(ran.stdout).toContain('left out: data, since containers write to it');
    expect(await readFile(join(repo.dir, 'fleet.yaml'), 'utf8')).toContain('siteValues: ["PORT"]');
    expect(await run(repo, 'validate')).toMatchObject({ code: 0, stdout: 'valid: 1 site, 1 app\n' });
    // The message names a secret that must not get into Git, and never shows its value.
    expect(ran.stderr).toContain(
      'DB_PASSWORD may be a secret, and everybody who can read the repo can read it (keep it out of Git: ',
    );
    expect(ran.stderr).toContain(
      'apps/shop/key.pem:1:1: this is the secret key, and everybody who can read the repo can read it (encrypt it with sops for the sites that run the app, or do not commit it',
    );
    expect(ran.stderr).not.toContain('POSTGRES_PASSWORD');
    expect(`${ran.stdout}${ran.stderr}`).not.toContain('hunter2');

    // The same again changes nothing; what somebody changed since is not overwritten.
    expect((await run(repo, 'import', stack.dir)).stdout).toContain('all of it was there already');
    await repo.write({ 'apps/shop/compose.yaml': 'services: {}\n' });
    expect(await run(repo, 'import', stack.dir)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('apps/shop/compose.yaml is there already, and differs (--force overwrites it'),
    });
    expect(await readFile(join(repo.dir, 'apps/shop/compose.yaml'), 'utf8')).toBe('services: {}\n');
    expect((await run(repo, 'import', stack.dir, '--force')).code).toBe(0);
    expect((await run(repo, 'validate')).code).toBe(0);
  });

  test('says where each refused key is in the new app, and what to do', async () => {
    const text = 'services:\n  web:\n    build: .\n    volumes: ["~me/x:/x"]\n';
    const [stack, repo] = [await folderWith({ 'compose.yaml': `name: shop\n${text}` }), await folderWith({})];
    const ran = await run(repo, 'import', stack.dir);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/apps\/shop\/compose\.yaml:4:5: the service web names no image, .*build it in CI/);
    expect(ran.stderr).toContain('apps/shop/compose.yaml:5:15: ~me/x is the home folder of another user');
    expect(ran.stdout).toContain('Next: correct what is refused above');
    expect(existsSync(join(repo.dir, 'apps/shop/compose.yaml'))).toBe(true);
  });

  test('leaves out what lies outside of the folder and says where a site looks for it; ~ makes HOME a value of the sites', async () => {
    const text = 'name: shop\nservices:\n  web:\n    image: x\n    volumes: ["../certs:/certs:ro", "~/x:/x"]\n';
    const [stack, repo] = [await folderWith({ 'compose.yaml': text }), await folderWith({})];
    const ran = await run(repo, 'import', stack.dir);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(
      `left out: ../certs, since it lies outside of ${stack.dir}. On a site it is the copy of Git's apps/certs, or if Git has none, ../certs from the app's folder`,
    );
    expect(await readFile(join(repo.dir, 'fleet.yaml'), 'utf8')).toContain('siteValues: ["HOME"]');
    expect(await run(repo, 'validate')).toMatchObject({ code: 0, stdout: 'valid: 1 site, 1 app\n' });
  });

  test('takes several files in their order, profiles, a name of one’s own, and folders that are asked for', async () => {
    const stack = await folderWith({
      'base.yml': 'services: {web: {image: a, volumes: ["./conf:/conf"]}}\n',
      'prod.yml': 'services: {web: {image: b}, extra: {image: c, profiles: [more]}}\n',
      'conf/a.conf': 'a\n',
      'conf/sub/run.sh': '#!/bin/sh\n',
    });
    const repo = await folderWith({
      'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\nspec: {}\n',
      'sites/here.yaml': 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n',
    });
    const files = [join(stack.dir, 'base.yml'), join(stack.dir, 'prod.yml')];
    const more = ['--into', 'apps/mine', '--profile', 'more', '--copy', './conf'];
    const ran = await run(repo, 'import', ...files, ...more);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(await readFile(join(repo.dir, 'apps/mine/app.yaml'), 'utf8')).toBe(
      'apiVersion: holdfast/v1\nkind: Application\nspec:\n  compose: ["base.yml","prod.yml"]\n  profiles: ["more"]\n',
    );
    expect(await readFile(join(repo.dir, 'apps/mine/conf/sub/run.sh'), 'utf8')).toBe('#!/bin/sh\n');
    expect(await readFile(join(repo.dir, 'fleet.yaml'), 'utf8')).not.toContain('syncPolicy');
    const json = JSON.parse((await run(repo, 'render', '-o', 'json')).stdout);
    expect(json.apps[0].services.map((each: { name: string }) => each.name)).toEqual(['extra', 'web']);
    expect(json.apps[0].services[1].containers[0].spec.Image).toBe('b');
  });

  test('reads the settings of docker compose from .env and leaves them out of the copy', async () => {
    const stack = await folderWith({
      'a.yml': 'services: {web: {image: "x:${TAG}"}}\n',
      '.env': 'COMPOSE_PROJECT_NAME=till\nCOMPOSE_FILE=a.yml\nTAG=1\n',
    });
    const repo = await folderWith({});
    expect((await run(repo, 'import', stack.dir)).code).toBe(0);
    expect(await readFile(join(repo.dir, 'apps/till/.env'), 'utf8')).toBe('TAG=1\n');
    expect(await readFile(join(repo.dir, 'apps/till/app.yaml'), 'utf8')).toContain('compose: ["a.yml"]');
  });

  test('writes nothing where nothing can be made of it', async () => {
    const [stack, repo] = [await folderWith({ 'compose.yaml': 'services: [\n' }), await folderWith({})];
    expect(await run(repo, 'import', stack.dir)).toMatchObject({ code: 2, stdout: '' });
    expect(await run(repo, 'import', 'nowhere')).toMatchObject({ code: 2 });
    expect(await run(repo, 'import')).toMatchObject({ code: 2, stderr: expect.stringContaining('no Compose file') });
    const good = await folderWith({ 'compose.yaml': 'services: {web: {image: x}}\n' });
    expect(await run(good, 'import')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('run it in the folder of your config repo'),
    });
    expect(await run(repo, 'import', good.dir, '--into', 'elsewhere')).toMatchObject({ code: 2 });
    expect(await stat(join(repo.dir, 'apps')).catch(() => 'none')).toBe('none');
  });
});

(host && existsSync(peer) ? describe : describe.skip)('import of a stack that runs', () => {
  beforeAll(() => importChaosImages(host));

  test('adopts it from where it runs; apply then leaves it as it is', async () => {
    const shop = await composeProject(peer, host, (name) => ({
      'compose.yaml': `name: ${name}\nservices: {web: {image: ${IMAGE}, command: [stay], volumes: ["./data:/data"]}}\n`,
      'data/a': 'a\n',
    }));
    try {
      await shop.compose('up', '-d');
      const before = await shop.lives();
      const repo = await folderWith({});
      const run = (...args: string[]): Promise<Ran> => holdfast(args, { env: { DOCKER_HOST: host }, cwd: repo.dir });
      const ran = await run('import', shop.folder.dir);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      expect(ran.stdout).toContain(`adopts what docker compose runs from ${shop.folder.dir}`);
      expect(await readFile(join(repo.dir, `apps/${shop.name}/app.yaml`), 'utf8')).toContain(
        `  adopt: true\n  projectDirectory: "${shop.folder.dir}"\n`,
      );
      expect((await run('diff')).code).toBe(0);
      expect((await run('apply')).code).toBe(0);
      expect(await shop.lives()).toEqual(before);
      const elsewhere = await folderWith({});
      const left = await holdfast(['import', shop.folder.dir, '--no-adopt'], {
        env: { DOCKER_HOST: host },
        cwd: elsewhere.dir,
      });
      expect(left.code).toBe(0);
      expect(await readFile(join(elsewhere.dir, `apps/${shop.name}/app.yaml`), 'utf8')).toContain('spec: {}');
    } finally {
      await shop.remove();
    }
  });
});
