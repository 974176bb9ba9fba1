import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { repoDir } from '../../scripts/engine.ts';
import { mustAsk } from '../../scripts/machine/engine-http.ts';
import { until } from '../../scripts/machine/processes.ts';
import { IMAGE, IMAGE_2, importChaosImages } from '../support/chaos-site.ts';
import { type ConfigFolder, configFolder } from '../support/config-folder.ts';
import { startGitServer } from '../support/git-server.ts';
import { HOLDFAST, holdfast, plainEnvironment, type Ran } from '../support/holdfast-process.ts';
import { containersOf, killByHand, networksOf, removeApp, removeByHand, volumesOf } from '../support/site.ts';

// What a person does at a laptop, with a real engine behind it.
const host = process.env.HOLDFAST_TEST_DOCKER ?? '';
const env = { DOCKER_HOST: host };

jest.setTimeout(120_000);

const apps: string[] = [];
const folders: ConfigFolder[] = [];

/** Unique on the engine, since containers are named by it. */
function uniqueApp(): string {
  const app = `cli-${randomBytes(4).toString('hex')}`;
  apps.push(app);
  return app;
}

async function folderWith(files: Record<string, string>): Promise<ConfigFolder> {
  const folder = await configFolder(files);
  folders.push(folder);
  return folder;
}

const run = (folder: ConfigFolder, ...args: string[]): Promise<Ran> => holdfast(args, { env, cwd: folder.dir });

/** A lone Compose file: two services, one after the other, a network and a volume. */
const compose = (app: string, { memory = '64m', image = IMAGE } = {}): string => `name: ${app}
services:
  db:
    image: ${image}
    mem_limit: ${memory}
    volumes: [data:/data]
  web:
    image: ${IMAGE}
    depends_on: [db]
volumes:
  data: {}
`;

/** A fleet of one site; apps by their Compose text. */
const fleet = (site: string, contents: Record<string, string>): Record<string, string> => ({
  'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\nmetadata: { name: cli }\nspec: {}\n',
  [`sites/${site}.yaml`]: 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n',
  ...Object.fromEntries(
    Object.entries(contents).flatMap(([app, text]) => [
      [`apps/${app}/app.yaml`, 'apiVersion: holdfast/v1\nkind: Application\nspec: {}\n'],
      [`apps/${app}/compose.yaml`, text],
    ]),
  ),
});

const one = (command = '[stay]'): string => `services:\n  web:\n    image: ${IMAGE}\n    command: ${command}\n`;

const statesOf = async (app: string): Promise<string[]> =>
  (await containersOf(host, { app })).map(({ name, state }) => `${name.slice(app.length + 1)} ${state}`);

afterEach(async () => {
  for (const app of apps.splice(0)) await removeApp(host, app);
  for (const folder of folders.splice(0)) await folder.remove();
});

(host ? describe : describe.skip)('at a laptop, on a real engine', () => {
  beforeAll(() => importChaosImages(host));

  test('apply makes a folder run, and does nothing the second time', async () => {
    const app = uniqueApp();
    const folder = await folderWith({ 'compose.yaml': compose(app) });
    const first = await run(folder, 'apply');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain(`${app} create ${app}-db-1: no such container\n`);
    expect(first.stdout).toMatch(/default is as it should be \(1 app\)\n$/);
    expect(await statesOf(app)).toEqual(['db-1 running', 'web-1 running']);
    const before = await containersOf(host, { app });

    expect(await run(folder, 'apply')).toEqual({ code: 0, stdout: 'default is as it should be (1 app)\n', stderr: '' });
    expect(await containersOf(host, { app })).toEqual(before);
    expect(await run(folder, 'diff')).toEqual({
      code: 0,
      stdout: 'default at worktree: nothing to do (1 app)\n',
      stderr: '',
    });
  });

  test('diff prints what would be done and why, does nothing, and exits with 1', async () => {
    const app = uniqueApp();
    const folder = await folderWith({ 'compose.yaml': compose(app) });
    await run(folder, 'apply');
    const before = await containersOf(host, { app });
    await killByHand(host, `${app}-web-1`);
    await folder.write({ 'compose.yaml': compose(app, { memory: '32m', image: IMAGE_2 }) });

    const { code, stdout, stderr } = await run(folder, 'diff');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toContain(`replaces ${app}-db-1: image: ${IMAGE}, wanted ${IMAGE_2}; memory: 64m, wanted 32m`);
    expect(stdout).toMatch(new RegExp(`start ${app}-web-1 +exited with 137`));
    expect(stdout).toMatch(/default at worktree: \d+ operations \(1 app\)\n$/);
    expect((await containersOf(host, { app })).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(await statesOf(app)).toEqual(['db-1 running', 'web-1 exited']);

    const json = JSON.parse((await run(folder, 'diff', '-o', 'json')).stdout);
    expect(json).toMatchObject({ site: 'default', revision: 'worktree', apps: [{ app, problems: [] }] });
    expect(json.apps[0].operations[0]).toEqual({
      id: 1,
      kind: expect.any(String),
      service: expect.any(String),
      description: expect.any(String),
      reason: expect.any(String),
      after: [],
    });

    // Applied, what was broken by hand is mended along with it.
    expect(await run(folder, 'apply')).toMatchObject({ code: 0 });
    expect(await statesOf(app)).toEqual(['db-1 running', 'web-1 running']);
    expect((await run(folder, 'diff')).code).toBe(0);
  });

  test('diff and apply warn of a bind whose file Git does not have', async () => {
    const app = uniqueApp();
    const text = `name: ${app}\n${one()}    volumes: ["./wbe.conf:/web.conf"]\n`;
    const folder = await folderWith({ 'compose.yaml': text, 'web.conf': 'x\n' });
    const args = ['--files-dir', join(folder.dir, 'files')];
    const warning = /Git has no wbe\.conf; .*did you mean \.\/web\.conf\?/;
    const shown = await run(folder, 'diff', ...args);
    expect([shown.code, shown.stdout]).toEqual([1, expect.stringMatching(warning)]);
    const applied = await run(folder, 'apply', ...args);
    expect([applied.code, applied.stderr]).toEqual([0, expect.stringMatching(warning)]);
    expect((await run(folder, 'diff', ...args)).code).toBe(0);
  });

  test('a changed limit is changed in place where nothing else is', async () => {
    const app = uniqueApp();
    const folder = await folderWith({ 'compose.yaml': compose(app) });
    await run(folder, 'apply');
    const before = await containersOf(host, { app });
    await folder.write({ 'compose.yaml': compose(app, { memory: '48m' }) });
    const { code, stdout } = await run(folder, 'apply');
    expect(code).toBe(0);
    expect(stdout).toContain(`${app} update ${app}-db-1: memory: 64m, wanted 48m\n`);
    expect(await containersOf(host, { app })).toEqual(before);
  });

  test('colours are for terminals, and not where NO_COLOR is set', async () => {
    const folder = await folderWith({ 'compose.yaml': compose(uniqueApp()) });
    const command = [...HOLDFAST, 'diff'].map((word) => `'${word}'`).join(' ');
    // `script` gives the command a terminal; its exit code is the command's.
    const onTerminal = (more: Record<string, string>): Promise<string> =>
      promisify(execFile)('script', ['-qec', command, '/dev/null'], {
        cwd: folder.dir,
        env: plainEnvironment({ ...env, ...more }),
      }).then(
        () => '',
        (error: { stdout: string }) => error.stdout,
      );
    expect(await onTerminal({})).toContain('\x1b[32m');
    const plain = await onTerminal({ NO_COLOR: '1' });
    expect(plain).toContain('no such container');
    expect(plain).not.toContain('\x1b[');
    expect((await run(folder, 'diff')).stdout).not.toContain('\x1b[');
  });

  test('diff without the site’s values says which it has not, and counts no difference that comes of one', async () => {
    const app = uniqueApp();
    const text = one().replace(
      '\n    command',
      '\n    environment: { TOKEN: "${TOKEN}" }\n    mem_limit: ${MEMORY}\n    command',
    );
    const folder = await folderWith({
      ...fleet(app, { [app]: text }),
      'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\nspec: { siteValues: [TOKEN, MEMORY] }\n',
      'values.yaml': 'TOKEN: hunter2\nMEMORY: 64m\n',
    });
    await run(folder, 'apply', '--values', 'values.yaml');
    expect(await run(folder, 'diff')).toEqual({
      code: 0,
      stdout: `${app} at worktree: nothing to do (1 app)\n`,
      stderr: expect.stringMatching(/^only the site knows MEMORY, TOKEN: fields that use them are not compared/),
    });
    await folder.write({ [`apps/${app}/compose.yaml`]: `${text}    user: "1000"\n` });
    const { stdout } = await run(folder, 'diff');
    expect(stdout).toContain('user: none, wanted 1000');
    expect(stdout).not.toMatch(/TOKEN|memory/);
  });

  test('down removes containers and networks, and leaves volumes', async () => {
    const app = uniqueApp();
    const folder = await folderWith({ 'compose.yaml': compose(app) });
    await run(folder, 'apply');
    expect(await run(folder, 'down')).toMatchObject({ code: 0, stderr: '' });
    expect(await containersOf(host, { app })).toEqual([]);
    expect(await networksOf(host, { app })).toEqual([]);
    expect(await volumesOf(host, { app })).toEqual([`${app}_data`]);
    expect((await run(folder, 'down')).code).toBe(0);
  });

  test('down of a site takes along what Git no longer names', async () => {
    const [site, old, kept] = [uniqueApp(), uniqueApp(), uniqueApp()];
    const folder = await folderWith(fleet(site, { [old]: one(), [kept]: one() }));
    await run(folder, 'apply');
    await folder.write({ [`apps/${old}/app.yaml`]: null, [`apps/${old}/compose.yaml`]: null });
    expect(await run(folder, 'down')).toMatchObject({ code: 0 });
    expect(await containersOf(host, site)).toEqual([]);
    expect(await networksOf(host, site)).toEqual([]);
  });

  test('what Git no longer names stays until --prune says otherwise', async () => {
    const app = uniqueApp();
    const site = app;
    const two = `${one()}  extra:\n    image: ${IMAGE}\n`;
    const folder = await folderWith(fleet(site, { [app]: two }));
    await run(folder, 'apply');
    await folder.write({ [`apps/${app}/compose.yaml`]: one() });
    const kept = await run(folder, 'apply');
    expect(kept.code).toBe(0);
    expect(kept.stdout).toContain('left as it is: extra is not in Git (syncPolicy.automated.prune is not set)');
    expect((await run(folder, 'diff')).code).toBe(1);
    expect(await statesOf(app)).toEqual(['extra-1 running', 'web-1 running']);
    expect(await run(folder, 'apply', '--prune')).toMatchObject({ code: 0 });
    expect(await statesOf(app)).toEqual(['web-1 running']);
  });

  test('an app that fails is said and gives 1; its neighbour runs all the same', async () => {
    const [site, bad, good] = [uniqueApp(), uniqueApp(), uniqueApp()];
    const missing = 'services:\n  web:\n    image: 127.0.0.1:1/none:1\n';
    const folder = await folderWith(fleet(site, { [bad]: missing, [good]: one() }));
    const { code, stderr } = await run(folder, 'apply');
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`error: ${bad}/web: .*127\\.0\\.0\\.1:1`));
    expect(stderr).not.toContain(good);
    expect(await statesOf(good)).toEqual(['web-1 running']);
    expect(await statesOf(bad)).toEqual([]);
  });

  test('apply gives up when its time is over, and says what is left to do', async () => {
    const app = uniqueApp();
    const never = `    healthcheck:\n      test: [CMD, "false"]\n      interval: 1s\n      start_period: 1h\n`;
    const text = `name: ${app}\n${one()}${never}  next:\n    image: ${IMAGE}\n    depends_on: { web: { condition: service_healthy } }\n`;
    const folder = await folderWith({ 'compose.yaml': text });
    const { code, stderr } = await run(folder, 'apply', '--timeout', '3s');
    expect(code).toBe(1);
    expect(stderr).toMatch(/error: time ran out\n {2}still to do: /);
    expect(await statesOf(app)).toEqual(['web-1 running']);
  });

  test('apply that is told to stop says so, and the next one goes on from there', async () => {
    const app = uniqueApp();
    const slow = `    healthcheck:\n      test: [CMD, "false"]\n      interval: 1s\n      start_period: 1h\n`;
    const text = (health: string): string =>
      `name: ${app}\n${one()}${health}  next:\n    image: ${IMAGE}\n    depends_on: [web]\n  last:\n    image: ${IMAGE}\n    depends_on: { web: { condition: service_healthy } }\n`;
    const folder = await folderWith({ 'compose.yaml': text(slow) });
    const interrupted = await holdfast(['apply'], {
      env,
      cwd: folder.dir,
      onStart: (child) =>
        void until(async () => (await containersOf(host, { app })).length > 0, 30_000).then(() =>
          child.kill('SIGTERM'),
        ),
    });
    expect(interrupted).toMatchObject({ code: 1, stderr: 'interrupted; the next run continues from here\n' });
    await folder.write({ 'compose.yaml': text('    healthcheck: { test: [CMD, "true"], interval: 1s }\n') });
    expect(await run(folder, 'apply')).toMatchObject({ code: 0 });
    expect(await statesOf(app)).toEqual(['last-1 running', 'next-1 running', 'web-1 running']);
  });

  test('diff prints the apps that can be planned, names what is wrong with the others, and exits with 2', async () => {
    const [site, bad, good] = [uniqueApp(), uniqueApp(), uniqueApp()];
    const folder = await folderWith(fleet(site, { [bad]: 'services:\n  web:\n    imag: x\n', [good]: one() }));
    const { code, stdout, stderr } = await run(folder, 'diff');
    expect(code).toBe(2);
    expect(stdout).toContain(`create ${good}-web-1`);
    expect(stderr).toContain(`error: ${bad}: apps/${bad}/compose.yaml:3:5: unknown key imag in a service`);
    // Apply would do half of what was asked: it does nothing.
    const applied = await run(folder, 'apply');
    expect(applied.code).toBe(2);
    expect(applied.stderr).toContain(`apps/${bad}/compose.yaml:3:5`);
    expect(await statesOf(good)).toEqual([]);
  });

  test('a name that somebody else holds is an error on that app, and nothing of theirs is touched', async () => {
    const [site, blocked, good] = [uniqueApp(), uniqueApp(), uniqueApp()];
    const name = `${blocked}-web-1`;
    await mustAsk(host, 'POST', `/containers/create?name=${name}`, { body: { Image: IMAGE } });
    try {
      const folder = await folderWith(fleet(site, { [blocked]: one(), [good]: one() }));
      const planned = await run(folder, 'diff');
      expect(planned.code).toBe(2);
      expect(planned.stdout).toContain(`the name ${name} is held by container`);
      const applied = await run(folder, 'apply');
      expect(applied.code).toBe(1);
      expect(applied.stderr).toContain(`the name ${name} is held by container`);
      expect(await statesOf(good)).toEqual(['web-1 running']);
      expect(JSON.parse(await mustAsk(host, 'GET', `/containers/${name}/json`)).State.Status).toBe('created');
    } finally {
      await removeByHand(host, name);
    }
  });

  test('--repo reads a commit of a Git server instead of a folder', async () => {
    const [app, other] = [uniqueApp(), uniqueApp()];
    const git = await startGitServer();
    try {
      const repo = await git.repo('fleet');
      await repo.commit(fleet('lisbon', { [app]: one() }));
      await repo.commit({ 'sites/porto.yaml': 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n' }, { branch: 'two' });
      await repo.commit(fleet('lisbon', { [other]: one() }), { branch: 'next', from: null });
      const from = ['--repo', repo.url];
      const folder = await folderWith({});
      const planned = await run(folder, 'diff', ...from);
      expect(planned.code).toBe(1);
      expect(planned.stdout).toContain(`create ${app}-web-1`);
      expect(planned.stdout).toMatch(/lisbon at [0-9a-f]{12}: /);
      expect((await run(folder, 'diff', ...from, '--revision', 'next')).stdout).toContain(`create ${other}-web-1`);
      expect(await run(folder, 'diff', ...from, '--site', 'lisbom')).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/lisbom.*did you mean lisbon/),
      });
      expect(await run(folder, 'validate', ...from, '--site', 'lisbon')).toMatchObject({ code: 0 });
      expect(JSON.parse((await run(folder, 'render', ...from, '-o', 'json')).stdout)).toMatchObject({
        site: 'lisbon',
        revision: expect.stringMatching(/^[0-9a-f]{40}$/),
      });
      expect(await run(folder, 'apply', ...from)).toMatchObject({ code: 0 });
      expect(await statesOf(app)).toEqual(['web-1 running']);
      expect(await run(folder, 'down', ...from)).toMatchObject({ code: 0 });
      expect(await statesOf(app)).toEqual([]);

      expect(await run(folder, 'diff', ...from, '--revision', 'none')).toMatchObject({ code: 2, stdout: '' });
      expect(await run(folder, 'diff', '.', ...from)).toMatchObject({ code: 2 });
      expect(await run(folder, 'diff', '--revision', 'next')).toMatchObject({ code: 2 });
    } finally {
      await git.close();
    }
    expect(await run(await folderWith({}), 'diff', '--repo', `${git.url}/fleet.git`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('refuses connections'),
    });
  });

  test('an engine that does not answer is one clear sentence', async () => {
    const folder = await folderWith({ 'compose.yaml': compose('never') });
    for (const address of ['unix:///nonexistent.sock', 'tcp://127.0.0.1:1']) {
      const { code, stdout, stderr } = await holdfast(['diff'], { env: { DOCKER_HOST: address }, cwd: folder.dir });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(new RegExp(`^error: no container engine.*${address}.*\n$`));
    }
    const flag = await holdfast(['diff', '--docker-host', 'htp://x'], { env, cwd: folder.dir });
    expect(flag).toMatchObject({ code: 2, stderr: expect.stringContaining('"htp://x"') });
  });
});

describe('at a laptop, without an engine and without a network', () => {
  const offline = { DOCKER_HOST: 'unix:///nonexistent.sock' };
  const at = (dir: string, ...args: string[]): Promise<Ran> => holdfast(args, { env: offline, cwd: dir });

  test.each([
    ['examples/single', 'valid: 1 site, 1 app\n'],
    ['examples/three-sites', 'valid: 3 sites, 3 apps\n'],
    ['examples/showcase-edge', 'valid: 3 sites, 3 apps\n'],
  ])('validate finds %s good', async (folder, said) => {
    expect(await at(repoDir, 'validate', folder)).toEqual({ code: 0, stdout: said, stderr: '' });
  });

  test('validate names every problem with its file, line and column', async () => {
    const text = 'services:\n  web:\n    image: x\n    prots: ["80"]\n  db:\n    build: .\n';
    const folder = await folderWith({ ...fleet('here', { shop: text }), 'sites/there.yaml': 'kind: Site\n' });
    const { code, stdout, stderr } = await at(folder.dir, 'validate');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('apps/shop/compose.yaml:4:5: unknown key prots in a service (did you mean ports?)');
    expect(stderr).toContain('apps/shop/compose.yaml:6:5: ');
    expect(stderr).toContain('sites/there.yaml:1:1: ');
  });

  test('validate warns of a bind whose file Git does not have, and says what may be meant', async () => {
    const text = 'services:\n  web:\n    image: x\n    volumes: ["./mqtt/mqqt.conf:/c", "./data:/data"]\n';
    const folder = await folderWith({ ...fleet('here', { shop: text }), 'apps/shop/mqtt/mqtt.conf': 'x\n' });
    const { code, stdout, stderr } = await at(folder.dir, 'validate');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'valid: 1 site, 1 app\n' });
    expect(stderr).toBe(
      'warning: apps/shop/compose.yaml:4:15: Git has no apps/shop/mqtt/mqqt.conf; unless the site has it, the engine makes an empty folder there (did you mean ./mqtt/mqtt.conf?)\n',
    );
  });

  test('validate tells all problems of a repo once, sorted by place, those of apps that no site runs too', async () => {
    const folder = await folderWith({
      ...fleet('here', { web: 'services:\n  web: {imgae: x, extends: {file: ../base.yaml, service: base}}\n' }),
      'sites/there.yaml': 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n',
      'apps/base.yaml': 'services:\n  base: {image: x, ports: [y]}\n',
      'apps/idle/app.yaml': 'apiVersion: holdfast/v1\nkind: Application\nspec: {placement: {sites: [none]}}\n',
      'apps/idle/compose.yaml': 'services: [\n',
      'apps/part/app.yaml':
        'apiVersion: holdfast/v1\nkind: Application\nspec: {projectDirectory: "/srv/${HOLDFAST_SITE}"}\n',
      'apps/some/app.yaml': 'apiVersion: holdfast/v1\nkind: Application\nspec: {}\n',
      'apps/some/compose.yaml': 'services: {a: {image: Nginx}, b: {image: "x:${TAG}"}}\n',
      'sites/with.yaml': 'apiVersion: holdfast/v1\nkind: Site\nspec: {values: {TAG: 1}}\n',
      'sites/lyon.yml': 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n',
    });
    const { code, stderr } = await at(folder.dir, 'validate');
    expect(code).toBe(2);
    expect(stderr.match(/apps\/[^ ]+(?=: )/g)).toEqual([
      'apps/base.yaml:2:28',
      'apps/idle/app.yaml:3:19',
      'apps/idle/compose.yaml:2:1',
      'apps/part/app.yaml:3:26',
      'apps/some/compose.yaml:1:23',
      'apps/some/compose.yaml:1:42',
      'apps/web/compose.yaml:2:9',
    ]);
    expect(stderr).toContain('idle is placed on no site: there is no site none');
    expect(stderr).toContain('projectDirectory holds ${HOLDFAST_SITE}, which nothing replaces here');
    expect(stderr).toContain('the image Nginx has capital letters, which no name of an image has (write nginx)');
    expect(stderr).toMatch(/the variable TAG has no value on sites here, there \(.*the file of --values/);
    expect(stderr).toContain('sites/lyon.yml:1:1: a Site is in a file named .yaml');
  });

  test('a command that does not exist, a folder that does not, and a site too many are bad input', async () => {
    const folder = await folderWith(fleet('here', {}));
    expect(await at(folder.dir, 'aply')).toMatchObject({ code: 2, stderr: expect.stringContaining('apply') });
    expect(await at(folder.dir, 'validate', 'nowhere')).toMatchObject({ code: 2 });
    await folder.write({ 'sites/there.yaml': 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n' });
    expect(await at(folder.dir, 'render')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/here.*there/),
    });
    expect(await at((await folderWith({})).dir, 'render')).toMatchObject({ code: 2 });
  });

  test('render prints a site as YAML and as JSON, without what is in its secrets', async () => {
    const text = `services:
  web:
    image: x:\${TAG}
    secrets: [token]
secrets:
  token:
    content: do-not-print
`;
    const folder = await folderWith({ 'compose.yaml': `name: shop\n${text}`, '.env': 'TAG=7\n' });
    const yaml = await at(folder.dir, 'render');
    expect(yaml).toMatchObject({ code: 0, stderr: '' });
    expect(yaml.stdout).toContain('Image: x:7');
    expect(yaml.stdout).not.toContain('do-not-print');
    const json = await at(folder.dir, 'render', '-o', 'json', '--app', 'shop');
    expect(JSON.parse(json.stdout)).toMatchObject({
      site: 'default',
      revision: 'worktree',
      apps: [{ name: 'shop', services: [{ name: 'web' }] }],
    });
    expect(json.stdout).not.toContain('do-not-print');
    expect(await at(folder.dir, 'render', '--app', 'none')).toMatchObject({ code: 2 });
  });

  test('values come from the site’s own file before Git’s, and from the environment only with --env', async () => {
    const folder = await folderWith({
      'compose.yaml': 'name: shop\nservices:\n  web:\n    image: x:${TAG}-${OTHER:-none}\n',
      '.env': 'TAG=git\n',
      'values.yaml': 'TAG: own\n',
    });
    const image = async (env: Record<string, string>, ...args: string[]): Promise<string> => {
      const { stdout } = await holdfast(['render', '-o', 'json', ...args], { env, cwd: folder.dir });
      return JSON.parse(stdout).apps[0].services[0].containers[0].spec.Image;
    };
    expect(await image({ TAG: 'shell', OTHER: 'shell' })).toBe('x:git-none');
    expect(await image({ OTHER: 'shell' }, '--env')).toBe('x:git-shell');
    expect(await image({}, '--values', join(folder.dir, 'values.yaml'))).toBe('x:own-none');
  });

  test('a lone Compose file is called by name:, else by --path’s folder, else by the repo it was cloned from, else by its folder', async () => {
    const nameOf = async (dir: string, ...args: string[]): Promise<string> =>
      JSON.parse((await at(dir, 'render', '-o', 'json', ...args)).stdout).apps[0].name;
    const text = 'services:\n  web:\n    image: x\n';
    const folder = await folderWith({ 'compose.yaml': text, 'edge/compose.yaml': text });
    expect(await nameOf(folder.dir)).toMatch(/^hf-repo-[a-z0-9]+$/);
    await folder.write({ '.git/config': '[remote "origin"]\n\turl = https://example.org/team/kiosk.git\n' });
    expect(await nameOf(folder.dir)).toBe('kiosk');
    expect(await nameOf(folder.dir, '--path', 'edge')).toBe('edge');
    await folder.write({ 'compose.yaml': `name: own\n${text}` });
    expect(await nameOf(folder.dir)).toBe('own');
  });

  afterAll(async () => {
    for (const folder of folders.splice(0)) await folder.remove();
  });
});
