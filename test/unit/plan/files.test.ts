import { expect, test } from '@jest/globals';
import type { DesiredSite } from '../../../src/model/state.ts';
import { actualOf, app, bare, but, file, service, settled, site, volume } from '../../support/site/site-builder.ts';
import { planLines } from '../../support/values/plan-lines.ts';

const conf = '/apps/shop/web.conf';
const bind = (Source: string) => ({ Mounts: [{ Type: 'bind' as const, Source, Target: '/etc/web.conf' }] });

const withFile = (text: string, source = conf): DesiredSite =>
  site(app('shop', file(conf, text), service('web', bind(source), { filesDigest: text }), service('db')));
const git = withFile('one');
const written = (desired: DesiredSite) =>
  Object.fromEntries((desired.apps[0]?.files ?? []).map(({ path, digest }) => [path, digest]));

test('a file of Git is on the disk before the container that binds it', () => {
  expect(planLines({ git, site: bare(git) })).toEqual([
    '1 write /apps/shop/web.conf: not on the disk',
    '2 create network shop_default: no such network',
    '3 create shop-db-1: no such container (after 2)',
    '4 start shop-db-1: new (after 3)',
    '5 create shop-web-1: no such container (after 1, 2)',
    '6 start shop-web-1: new (after 5)',
  ]);
});

test('a file that changed in Git replaces the service that binds it, and no other', () => {
  expect(planLines({ git: withFile('two'), site: actualOf(git), memory: settled(git) }).slice(0, 3)).toEqual([
    '1 write /apps/shop/web.conf: differs from Git',
    '2 create shop-web-1.new: replaces shop-web-1: a file it binds changed in Git; /apps/shop/web.conf is written again, and it binds the old one (after 1)',
    '3 stop shop-web-1: makes way for shop-web-1.new (after 2)',
  ]);
});

test('a file that somebody changed is written again; what binds the file itself must see it, what binds the folder does', () => {
  const changed = (desired: DesiredSite) => ({
    ...actualOf(desired),
    files: { [conf]: { digest: 'other', mode: 0o644 } },
  });
  expect(planLines({ git, site: changed(git), memory: settled(git) }).slice(0, 2)).toEqual([
    '1 write /apps/shop/web.conf: changed on the disk (drift)',
    '2 create shop-web-1.new: replaces shop-web-1: /apps/shop/web.conf is written again, and it binds the old one (drift) (after 1)',
  ]);
  const folder = withFile('one', '/apps/shop');
  expect(planLines({ git: folder, site: changed(folder), memory: settled(folder) })).toEqual([
    '1 write /apps/shop/web.conf: changed on the disk (drift)',
  ]);
});

test('a container that does not run waits for the files in the folder it binds', () => {
  const folder = withFile('one', '/apps/shop');
  const stopped = but(actualOf(folder), 'shop-web-1', { status: 'exited', exitCode: 1 });
  expect(planLines({ git: folder, site: { ...stopped, files: {} }, memory: settled(folder) })).toEqual([
    '1 write /apps/shop/web.conf: not on the disk',
    '2 start shop-web-1: exited with 1 (drift) (after 1)',
  ]);
});

test('a file that Git dropped goes after the container that bound it', () => {
  const next = site(app('shop', service('web'), service('db')));
  const memory = settled(git, { files: { shop: written(git) } });
  const lines = planLines({ git: next, site: actualOf(git), memory });
  expect(lines.filter((line) => /remove shop-web-1:|delete/.test(line))).toEqual([
    '6 remove shop-web-1: shop-web-1.new has taken over (after 3)',
    '8 delete /apps/shop/web.conf: no longer in Git (after 6)',
  ]);
});

test('a file that was changed since, or that we never wrote, is not deleted', () => {
  const next = site(app('shop', service('web'), service('db')));
  const memory = settled(next, { files: { shop: { [conf]: 'as we wrote it' } } });
  const files = { [conf]: { digest: 'other', mode: 0o644 }, '/apps/shop/data': { digest: 'x', mode: 0o644 } };
  expect(planLines({ git: next, site: { ...actualOf(next), files }, memory })).toEqual([]);
});

test('the files of an app that vanished stay as long as its containers may', () => {
  const memory = settled(git, { files: { shop: written(git) } });
  const empty = { ...site(app('other')), apps: [app('other', service('x'))] };
  const actual = { ...actualOf(git), ...actualOf(empty), files: actualOf(git).files };
  actual.containers = [...actualOf(git).containers, ...actualOf(empty).containers];
  const kept = { ...empty, vanished: { automated: { prune: false, selfHeal: true, allowEmpty: false } } };
  expect(planLines({ git: kept, site: actual, memory }).at(-1)).toBe(
    '5 delete /apps/shop/web.conf: no longer in Git (after 4; withheld by prune)',
  );
  const gone = { ...actual, containers: actualOf(empty).containers };
  expect(planLines({ git: empty, site: gone, memory })).toEqual(['1 delete /apps/shop/web.conf: no longer in Git']);
  expect(planLines({ git: empty, site: { ...gone, files: {} }, memory })).toEqual([]);
});

test('a file that becomes a folder makes way with the write of what is in it, and what bound it is replaced', () => {
  const next = site(app('shop', file(`${conf}/a`, 'one'), service('web', bind(conf)), service('db')));
  const memory = settled(git, { files: { shop: written(git) } });
  const lines = planLines({ git: next, site: actualOf(git), memory });
  expect(lines[0]).toBe('1 write /apps/shop/web.conf/a: not on the disk');
  expect(lines.find((line) => line.includes('create shop-web-1.new'))).toMatch(/\(after 1\)$/);
  expect(lines.at(-1)).toMatch(/delete \/apps\/shop\/web.conf: no longer in Git \(after 1\)$/);
});

test('a bind whose file Git does not have is said in the plan, and changes nothing in it', () => {
  const [shop] = git.apps;
  if (!shop) throw new Error('the site has no app');
  const warned = site({ ...shop, missing: [{ message: 'Git has no mqqt.conf' }] });
  expect(planLines({ git: warned, site: actualOf(git), memory: settled(git) })).toEqual([
    'warning: Git has no mqqt.conf',
  ]);
});

test('files in the folder of a volume are on the disk before the volume is made', () => {
  const device = '/apps/shop/conf';
  const options = { Driver: 'local', DriverOpts: { type: 'none', o: 'bind', device } };
  const kept = site(app('shop', file(`${device}/a`, 'a'), volume('kept', options), service('web')));
  expect(planLines({ git: kept, site: bare(kept) })).toContain('3 create volume shop_kept: no such volume (after 1)');
});
