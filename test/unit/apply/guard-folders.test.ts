import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { guardFolders } from '../../../src/apply/guard-folders.ts';
import type { Territory } from '../../../src/apply/territory.ts';
import { app, file, service, site } from '../../support/site/site-builder.ts';

let dir: string;
let territory: Territory;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-guard-'));
  for (const each of ['state', 'apps/web', 'srv/shop', 'other']) await mkdir(join(dir, each), { recursive: true });
  territory = { filesDir: join(dir, 'apps'), projectRoots: [], sharedRoots: [], keepOut: [join(dir, 'state')] };
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** An app with one file of Git in a folder. */
const binding = (name: string, folder: string, path = 'x') => ({
  ...app(name, file(join(dir, folder, path), 'text'), service('web')),
  directory: join(dir, folder),
});

async function verdict(
  apps: ReturnType<typeof binding>[],
  more: Partial<Territory> = {},
  before?: (app: string) => string,
) {
  const { broken } = await guardFolders(site(...apps), { ...territory, ...more }, before);
  return Object.fromEntries(
    broken.map(({ name, problems: [problem] }) => [name, `${problem?.message} (${problem?.hint})`.replaceAll(dir, '')]),
  );
}
const root = (path: string) => ({ projectRoots: [join(dir, path)] });

test('an app has the folder of its own name, and no other without the site', async () => {
  expect(await verdict([binding('shop', 'apps/shop')])).toEqual({});
  expect(await verdict([binding('shop', 'apps/shop/deploy')])).toEqual({});
  expect(await verdict([binding('shop', 'srv/shop')])).toEqual({
    shop: 'files of Git would be written to /srv/shop, which the settings of this site do not allow (add --project-root /srv/shop where the agent is started, or projectRoot: ["/srv/shop"] to its config file)',
  });
  expect(await verdict([binding('shop', 'srv/shop')], root('srv/shop'))).toEqual({});
  expect(await verdict([binding('shop', 'srv/shop')], root('srv'))).toEqual({});
  expect(Object.keys(await verdict([binding('shop', 'srv/shop')], root('srv/sho')))).toEqual(['shop']);
});

test.each(['state', 'state/accepted', 'apps', 'apps/web', 'apps/web/conf', ''])(
  'no setting gives an app the folder /%s',
  async (folder) => {
    await symlink(join(dir, folder), join(dir, 'srv/link'));
    expect(Object.keys(await verdict([binding('shop', folder)], root('')))).toEqual(['shop']);
    expect(Object.keys(await verdict([binding('shop', 'srv/link')], root('')))).toEqual(['shop']);
    expect(Object.keys(await verdict([binding('shop', 'srv/link')], root('srv/link')))).toEqual(['shop']);
  },
);

test('a link below a root does not lead out of it', async () => {
  await symlink(join(dir, 'other'), join(dir, 'srv/out'));
  expect(Object.keys(await verdict([binding('shop', 'srv/out')], root('srv')))).toEqual(['shop']);
});

test('an app whose own folder would be the state directory is broken, and the others are not', async () => {
  const found = await verdict([binding('state', 'apps/state'), binding('web', 'apps/web')], {
    keepOut: [join(dir, 'apps/state')],
  });
  expect(Object.keys(found)).toEqual(['state']);
});

test('two apps share a folder where the site says so alone; who was accepted there keeps it', async () => {
  const both = [binding('a', 'srv/shop'), binding('b', 'srv/shop/conf')];
  expect(Object.keys(await verdict(both, root('srv')))).toEqual(['a', 'b']);
  expect(Object.keys(await verdict(both, root('srv'), (name) => (name === 'a' ? join(dir, 'srv/shop') : '')))).toEqual([
    'b',
  ]);
  expect(await verdict(both, { sharedRoots: [join(dir, 'srv')] })).toEqual({});
  await symlink(join(dir, 'srv/shop'), join(dir, 'srv/again'));
  expect(Object.keys(await verdict([binding('a', 'srv/shop'), binding('b', 'srv/again')], root('srv')))).toEqual([
    'a',
    'b',
  ]);
});

test('files around a project directory need a root that holds them, and copies need none', async () => {
  const shop = (path: string) => ({ ...binding('shop', 'srv/shop/deploy', path), folder: join(dir, 'srv/shop') });
  expect(await verdict([shop('x')], root('srv/shop/deploy'))).toEqual({});
  expect((await verdict([shop('../conf')], root('srv/shop/deploy'))).shop).toContain(
    '(add --project-root /srv/shop where',
  );
  expect(await verdict([shop('../conf')], root('srv/shop'))).toEqual({});
  expect(Object.keys(await verdict([shop('../../conf')], root('srv')))).toEqual(['shop']);
  expect(await verdict([{ ...shop('../../../apps/shop/.repo/x') }])).toEqual({});
});

test('data beside the folders of apps is never the agent’s own', async () => {
  const reading = (beside: string) => ({
    ...app('shop', service('web')),
    outside: [
      {
        path: '../x',
        from: 'site' as const,
        site: join(dir, 'apps', beside),
        beside,
        at: { file: 'c', line: 4, column: 2 },
      },
    ],
  });
  const keepOut = [join(dir, 'apps/agent/trust.json')];
  expect(await verdict([reading('data')], { keepOut })).toEqual({});
  expect(Object.keys(await verdict([reading('agent')], { keepOut }))).toEqual(['shop']);
  await symlink(join(dir, 'state'), join(dir, 'apps/link'));
  expect(Object.keys(await verdict([reading('link')]))).toEqual(['shop']);
});

test('an adopted stack whose folder the agent does not see is left as it is, and not written to a disk of the agent’s own', async () => {
  const adopted = (folder: string) => ({ ...binding('shop', folder), adopt: true });
  expect(await verdict([adopted('srv/shop')], root('srv'))).toEqual({});
  expect(await verdict([adopted('srv/elsewhere')], root('srv'))).toEqual({
    shop: 'the agent does not see /srv/elsewhere, the folder that the adopted stack was started from, and would write files of Git to the disk of its own container (mount that folder at the same path where the agent runs in a container, as -v /srv/elsewhere:/srv/elsewhere)',
  });
  const bare = { ...app('shop', service('web')), directory: join(dir, 'srv/elsewhere'), adopt: true };
  expect((await guardFolders(site(bare), territory)).broken).toEqual([]);
});
