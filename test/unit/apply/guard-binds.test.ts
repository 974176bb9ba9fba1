import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { guardSite } from '../../../src/apply/guard-site.ts';
import type { Territory } from '../../../src/apply/territory.ts';
import type { MountSpec } from '../../../src/model/spec.ts';
import type { DesiredApp } from '../../../src/model/state.ts';
import { createSitePolicy, type SitePolicy } from '../../../src/policy/site-policy.ts';
import { app, service, site } from '../../support/site/site-builder.ts';
import { policy } from '../policy/support.ts';

let dir: string;
let territory: Territory;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-binds-'));
  for (const each of ['own/state', 'apps/web', 'apps/shop', 'mem/secrets/web', 'srv/data'])
    await mkdir(join(dir, each), { recursive: true });
  territory = {
    filesDir: join(dir, 'apps'),
    projectRoots: [],
    sharedRoots: [],
    secretsDir: join(dir, 'mem/secrets'),
    keepOut: [join(dir, 'own/state'), join(dir, 'own/age.key')],
  };
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const mounting = (mount: Partial<MountSpec>): DesiredApp =>
  app('shop', service('s', { Mounts: [{ Type: 'bind', Target: '/x', ...mount } as MountSpec] }));
const volume = (DriverOpts: Record<string, string>): DesiredApp => ({
  ...app('shop', service('s')),
  volumes: [{ key: 'v', external: false, spec: { Name: 'shop_v', DriverOpts } }],
});

async function refused(shop: DesiredApp, by?: SitePolicy): Promise<string | undefined> {
  const { apps, broken } = await guardSite(site(shop, app('web', service('w'))), { territory, policy: by });
  expect(apps.map(({ name }) => name)).toContain('web');
  return broken[0]?.problems[0]?.message.replaceAll(dir, '');
}

test.each([
  ['mem/secrets', 's binds /mem/secrets, where the site has decrypted secrets'],
  ['mem/secrets/web', 's binds /mem/secrets/web, where the site has decrypted secrets'],
  ['mem/secrets/web/secret-db', 's binds /mem/secrets/web/secret-db, where the site has decrypted secrets'],
  ['mem/secrets/shop/../web', 's binds /mem/secrets/shop/../web, where the site has decrypted secrets'],
  ['mem//secrets/', 's binds /mem//secrets/, where the site has decrypted secrets'],
  ['mem', 's binds /mem, and below it the site has decrypted secrets (/mem/secrets)'],
  ['own/state/accepted', 's binds /own/state/accepted, where the site has files of the agent'],
  ['own/age.key', 's binds /own/age.key, where the site has files of the agent'],
  ['own', 's binds /own, and below it the site has files of the agent (/own/state)'],
  ['apps/web/conf', 's binds /apps/web/conf, where the site has files of web'],
  ['apps', 's binds /apps, and below it the site has files of web (/apps/web)'],
])('no app binds /%s, whatever the policy', async (path, said) => {
  for (const ReadOnly of [true, undefined])
    expect(await refused(mounting({ Source: `${dir}/${path}`, ...(ReadOnly && { ReadOnly }) }))).toBe(said);
  const by = said.replace(/^s /, 'the volume v ');
  expect(await refused(volume({ type: 'none', o: 'rw,bind', device: `${dir}/${path}` }))).toBe(by);
});

test.each(['srv/data', 'apps/shop', 'apps/shop/conf', 'apps/data', 'mem/other', 'own/stated'])(
  'an app may bind /%s',
  async (path) => expect(await refused(mounting({ Source: join(dir, path) }))).toBeUndefined(),
);

test.each(['/', '/run', '/var/run/docker.sock', '/var/lib', '/tmp'])(
  'a path of the whole machine is the matter of a policy: %s',
  async (Source) => expect(await refused(mounting({ Source }))).toBeUndefined(),
);

test('an app binds its own decrypted files, where the compiler put them, and does not write there', async () => {
  const Source = join(dir, 'mem/secrets/shop/secret-db');
  expect(await refused(mounting({ Source, ReadOnly: true, MustExist: true }))).toBeUndefined();
  expect(await refused(mounting({ Source }))).toContain('decrypted secrets');
  expect(await refused(mounting({ Source: join(dir, 'mem/secrets/shop'), ReadOnly: true }))).toContain(
    'decrypted secrets',
  );
});

test('a link leads nowhere else, and neither does a process of the machine', async () => {
  await symlink(join(dir, 'mem/secrets/web'), join(dir, 'apps/shop/link'));
  await symlink(join(dir, 'mem'), join(dir, 'srv/link'));
  expect(await refused(mounting({ Source: join(dir, 'apps/shop/link/secret-db') }))).toContain('decrypted secrets');
  expect(await refused(mounting({ Source: join(dir, 'srv/link') }))).toContain(
    'and below it the site has decrypted secrets',
  );
  expect(await refused(mounting({ Source: '/proc/1/root/run' }))).toContain('a link of the kernel');
});

test('a policy tells its own reason first, and one that allows the folders of the agent allows them', async () => {
  const places = { filesDir: join(dir, 'apps'), secretsDir: join(dir, 'mem/secrets'), own: [], sockets: [] };
  const shop = mounting({ Source: join(dir, 'mem/secrets/web') });
  const standard = createSitePolicy(await policy('profile: standard'), places);
  expect(await refused(shop, standard)).toMatch(/policy refuses it \(hostPaths\)/);
  const paths = 'profile: standard\nallow: { hostPaths: ["*"] }';
  expect(await refused(shop, createSitePolicy(await policy(paths), places))).toMatch(/decrypted secrets/);
  const own = 'profile: standard\nallow: { hostPaths: ["*"], agentFolders: true }';
  expect(await refused(shop, createSitePolicy(await policy(own), places))).toBeUndefined();
});

test('no other mount of the local driver leads there', async () => {
  const layers = `lowerdir=${dir}/mem/secrets/web:/usr,upperdir=/srv/a,workdir=/srv/b`;
  expect(await refused(volume({ type: 'overlay', device: 'overlay', o: layers }))).toBe(
    'the volume v binds /mem/secrets/web, where the site has decrypted secrets',
  );
  expect(await refused(volume({ type: 'nfs', device: ':/export', o: 'addr=10.0.0.1' }))).toBeUndefined();
});
