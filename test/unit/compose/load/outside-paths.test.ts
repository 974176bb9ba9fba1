import { describe, expect, test } from '@jest/globals';
import { compileApp } from '../../../../src/compose/compile-app.ts';
import type { CompileOptions } from '../../../../src/compose/load/values/values.ts';
import type { PlacedApp } from '../../../../src/model/fleet.ts';
import { compile, memorySnapshot, placedApp, problemsOf, serviceText, specOf, type TestFile } from '../support.ts';

const text = (content: Uint8Array | undefined): string => new TextDecoder().decode(content);

/** The app `web` of a fleet, whose only service has these keys. */
const web = (
  keys: string,
  files: Record<string, TestFile> = {},
  app: Partial<PlacedApp> = {},
  options: Partial<CompileOptions> = {},
) =>
  compileApp(
    placedApp({ name: 'web', folder: 'apps/web', compose: ['apps/web/compose.yaml'], ...app }),
    'shop',
    memorySnapshot({ 'apps/web/app.yaml': '', 'apps/web/compose.yaml': serviceText(keys), ...files }),
    { filesDir: '/files', ...options },
  );
const meaning = async (...given: Parameters<typeof web>) => {
  const { services, files, outside } = await web(...given);
  return {
    sources: services[0]?.containers[0]?.spec.Mounts?.map(({ Source }) => Source),
    files: files.map(({ path, content }) => [path, text(content)]),
    outside: outside?.map(({ path, from }) => `${path}: ${from}`),
  };
};
const common = { 'apps/common/nginx.conf': 'conf', 'files/a': 'a', 'files/b/c': 'c' };

test('Git’s files outside of the app’s folder are copied for the app', async () => {
  expect(await meaning('volumes: ["../common/nginx.conf:/n:ro", "../../files:/f"]', common)).toEqual({
    sources: ['/files/web/.repo/files', '/files/web/.repo/apps/common/nginx.conf'],
    files: [
      ['/files/web/.repo/apps/common/nginx.conf', 'conf'],
      ['/files/web/.repo/files/a', 'a'],
      ['/files/web/.repo/files/b/c', 'c'],
    ],
    outside: ['apps/common/nginx.conf: git', 'files: git'],
  });
});

test('so are files of configs and secrets, and the folder of a volume', async () => {
  const declared = `configs: [c]
secrets: [t]
volumes: ["kept:/v"]`;
  const top = `configs: { c: { file: ../common/nginx.conf } }
secrets: { t: { file: ../../files/a } }
volumes: { kept: { driver: local, driver_opts: { type: none, o: bind, device: ../../files/b } } }
`;
  const desired = await compileApp(
    placedApp({ name: 'web', folder: 'apps/web', compose: ['apps/web/compose.yaml'] }),
    'shop',
    memorySnapshot({ 'apps/web/compose.yaml': `${serviceText(declared)}${top}`, ...common }),
    { filesDir: '/files' },
  );
  expect(desired.files.map(({ path }) => path)).toEqual([
    '/files/web/.repo/apps/common/nginx.conf',
    '/files/web/.repo/files/a',
    '/files/web/.repo/files/b/c',
  ]);
  expect(desired.volumes[0]?.spec.DriverOpts?.device).toBe('/files/web/.repo/files/b');
});

test('files that compiling reads may be anywhere in Git', async () => {
  const keys =
    'env_file: ../../files/env\nlabel_file: ../common/labels\nextends: { file: ../common/x.yaml, service: x }';
  const desired = await web(keys, {
    'files/env': 'A=1',
    'apps/common/labels': 'tier=front',
    'apps/common/x.yaml': 'services: { x: { image: busybox, volumes: ["./own:/own", "../../files:/files"] } }',
  });
  const spec = desired.services[0]?.containers[0]?.spec;
  expect(spec).toMatchObject({ Env: { A: '1' }, Labels: { tier: 'front' } });
  expect(spec?.Mounts?.map(({ Source }) => Source)).toEqual(['/files/web/.repo/files', '/files/common/own']);
  for (const key of ['env_file', 'label_file'])
    expect(await problemsOf(web(`${key}: ../../../x`))).toMatch(/the path leads out of the config repo/);
});

test('a path that Git does not have is beside the app’s folder, as in Compose', async () => {
  expect(await meaning('volumes: ["../data/x:/x"]', common)).toEqual({
    sources: ['/files/data/x'],
    files: [],
    outside: ['apps/data/x: site'],
  });
  const alone = await compile(serviceText('volumes: ["../data:/x"]'));
  expect(alone.services[0]?.containers[0]?.spec.Mounts?.[0]?.Source).toBe('/files/data');
});

test.each([
  ['../../data:/x', '/data, out of the folder of all apps (/files)'],
  ['../../../data:/x', '/data, out of the folder of all apps (/files)'],
  ['../shop/data:/x', '/files/shop/data: that is the folder of the app shop'],
  ['../.x:/x', '/files/.x: folders there that begin with a dot are not for apps'],
])('it is refused where it is not for apps to have: %s', async (mount, where) => {
  expect(await problemsOf(web(`volumes: ["${mount}"]`, { 'apps/shop/app.yaml': '' }))).toMatch(
    `apps/web/compose.yaml:4:15: Git has nothing there, and on a site the path leads to ${where} (add what it names to Git, `,
  );
});

test('neither is the folder of all apps', async () => {
  expect(await problemsOf(compile(serviceText('volumes: ["..:/x"]')))).toContain(
    'on a site the path leads to /files, the folder of all apps',
  );
});

test('the folder for copies is for nothing else', async () => {
  const problem = ".repo in an app's folder is reserved for copies of files from elsewhere in the repo";
  expect(await problemsOf(web('volumes: ["./.repo/x:/x"]'))).toContain(problem);
  expect(await problemsOf(web('volumes: [".:/x"]', { 'apps/web/.repo/x': '' }))).toContain(problem);
});

test('links that lead out of the repo are refused there too', async () => {
  const problem = 'apps/web/compose.yaml:4:15: apps/link is a symbolic link, and Holdfast follows no links';
  expect(await problemsOf(web('volumes: ["../link/passwd:/x"]', { 'apps/link': { link: '/etc' } }))).toBe(problem);
});

describe('a path that was read in one way and would be in the other', () => {
  const keys = 'volumes: ["../common/nginx.conf:/n"]';
  const accepted = (from: 'git' | 'site') => ({
    before: { readings: new Map([['apps/common/nginx.conf', from]]), beside: new Set<string>() },
  });

  test('is refused with both', async () => {
    expect(await problemsOf(web(keys, common, {}, accepted('site')))).toBe(
      'apps/web/compose.yaml:4:15: ../common/nginx.conf was /files/common/nginx.conf of the site, because Git had nothing there, and would now be a copy from Git (/files/web/.repo/apps/common/nginx.conf): the service would lose its files there (give the file in Git another name)',
    );
    expect(await problemsOf(web(keys, {}, {}, accepted('git')))).toBe(
      'apps/web/compose.yaml:4:15: ../common/nginx.conf was a copy from Git (/files/web/.repo/apps/common/nginx.conf), and would now be /files/common/nginx.conf of the site, because Git has nothing there any more: the service would lose its files there (bring the file back in Git, or name another path)',
    );
  });

  test('is accepted where it is the same', async () => {
    expect((await meaning(keys, common, {}, accepted('git'))).outside).toEqual(['apps/common/nginx.conf: git']);
    expect((await meaning(keys, {}, {}, accepted('site'))).outside).toEqual(['apps/common/nginx.conf: site']);
  });
});

describe('beside a stack or a project that lies elsewhere on the site', () => {
  const elsewhere = { projectDirectory: '/srv/stacks/web' };

  test('a path that Git does not have leads to the same place as in Compose, but not into folders of other apps', async () => {
    expect((await meaning('volumes: ["../data:/x", "../../y:/y"]', {}, elsewhere)).sources).toEqual([
      '/srv/stacks/data',
      '/srv/y',
    ]);
    const into = web('volumes: ["../../../files/shop:/x"]', { 'apps/shop/app.yaml': '' }, elsewhere);
    expect(await problemsOf(into)).toContain('/files/shop: that is the folder of the app shop');
  });

  test('files of Git are copied below the folder of all apps', async () => {
    expect((await meaning('volumes: ["../../files:/f"]', common, elsewhere)).sources).toEqual([
      '/files/web/.repo/files',
    ]);
  });

  test('a copy does not hide a folder of a stack that is adopted', async () => {
    const adopted = { adopt: true, adoptedDirectory: '/srv/stacks/web' };
    expect(await problemsOf(web('volumes: ["../common:/c"]', common, adopted))).toBe(
      "apps/web/compose.yaml:4:15: the adopted stack has its own folder /srv/stacks/common, and Git has a folder apps/common, too: a copy from Git would hide the stack's files (write the absolute path /srv/stacks/common, or move Git's folder into the app's)",
    );
    const file = await meaning('volumes: ["../common/nginx.conf:/c"]', common, adopted);
    expect(file.sources).toEqual(['/files/web/.repo/apps/common/nginx.conf']);
    expect((await meaning('volumes: ["../data:/c"]', common, adopted)).sources).toEqual(['/srv/stacks/data']);
  });
});

describe('~ is HOME of the site', () => {
  const bound = async (mount: string, extras: Parameters<typeof specOf>[1]) =>
    (await specOf(`volumes: ["${mount}"]`, extras)).Mounts?.[0]?.Source;

  test.each([
    [{ app: { values: { HOME: '/home/pi' } } }, '/home/pi/data'],
    [{ app: { values: { HOME: '/home/pi' } }, options: { localValues: { HOME: '/root/' } } }, '/root/data'],
    [{ app: { siteValues: ['HOME'] }, options: { placeholders: true } }, '/{{HOME}}/data'],
    [
      { app: { siteValues: ['HOME'] }, options: { placeholders: true }, files: { '.env': 'HOME=/no' } },
      '/{{HOME}}/data',
    ],
  ])('%j', async (extras, source) => expect(await bound('~/data:/d', extras)).toBe(source));

  test.each([
    ['~/data:/d', { files: { '.env': 'HOME=/home/pi' } }, 'needs a value for HOME'],
    ['~/data:/d', { app: { values: { HOME: 'home' } } }, 'HOME must be an absolute path'],
    ['~pi/data:/d', { app: { values: { HOME: '/home/pi' } } }, '~pi/data is the home folder of another user'],
  ])('%s with %j is refused', async (mount, extras, problem) => {
    expect(await problemsOf(bound(mount, extras))).toContain(problem);
  });

  test('a path that is only read from Git has no copy', async () => {
    const home = { app: { values: { HOME: '/home/pi' } }, files: { '~/x': 'A=1' } };
    for (const key of ['env_file', 'label_file'])
      expect(await problemsOf(specOf(`${key}: ~/x`, home))).toContain('its path cannot begin with ~');
  });
});
