import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { repoDir } from '../../../scripts/engine.ts';
import { holdfast, type Ran } from '../../support/program/holdfast-process.ts';

import { fleet, laptop } from './laptop.ts';

const { folderWith } = laptop();

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
    const folder = await folderWith({
      ...fleet('here', { shop: text }),
      'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\nspec: { syncPolicy: {} }\n',
      'apps/shop/mqtt/mqtt.conf': 'x\n',
    });
    const { code, stdout, stderr } = await at(folder.dir, 'validate');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'valid: 1 site, 1 app\n' });
    expect(stderr).toBe(
      'warning: apps/shop/compose.yaml:4:15: Git has no apps/shop/mqtt/mqqt.conf; if the site does not have it either, the engine creates an empty folder there (did you mean ./mqtt/mqtt.conf?)\n',
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
    expect(stderr).toContain(
      'the image Nginx has capital letters, but names of images are in lower case (write nginx)',
    );
    expect(stderr).toMatch(/the variable TAG has no value on sites here, there \(.*the file of --values/);
    expect(stderr).toContain('sites/lyon.yml:1:1: the file of a Site ends in .yaml');
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
});
