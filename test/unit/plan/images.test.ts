import { expect, test } from '@jest/globals';
import type { ActualSite, DesiredSite } from '../../../src/model/state.ts';
import {
  actualOf,
  app,
  bare,
  but,
  imageId,
  type ServiceOptions,
  service,
  settled,
  site,
} from '../../support/site/site-builder.ts';
import { planLines } from '../../support/values/plan-lines.ts';

const gitWith = (Image: string, pullPolicy: NonNullable<ServiceOptions['pullPolicy']>): DesiredSite =>
  site(app('shop', service('web', { Image }, { pullPolicy })));

const without = (actual: ActualSite, ...references: string[]): ActualSite => ({
  ...actual,
  images: Object.fromEntries(Object.entries(actual.images).filter(([key]) => !references.includes(key))),
});
const with2 = (git: DesiredSite): ActualSite => ({
  ...actualOf(git),
  images: bare(gitWith('web:2', 'missing')).images,
});

test('an image on the disk is used, and no registry is asked', () => {
  const git = gitWith('web:2', 'missing');
  expect(planLines({ git, site: with2(gitWith('web:1', 'missing')) })[0]).toBe(
    '1 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:2',
  );
});

test('an image that is gone keeps no container from running', () => {
  const git = gitWith('web:1', 'missing');
  expect(planLines({ git, site: without(actualOf(git), 'web:1'), memory: settled(git) })).toEqual([
    'warning: web: image web:1 is not on the disk any more; what runs of it goes on',
  ]);
  const stopped = but(actualOf(git), 'shop-web-1', { status: 'exited', exitCode: 137 });
  expect(planLines({ git, site: without(stopped, 'web:1', imageId('web:1')), memory: settled(git) })).toEqual([
    '1 start shop-web-1: exited with 137 (drift)',
  ]);
});

test('a tag that means another image now gets a new container', () => {
  const git = gitWith('web:1', 'missing');
  const actual = actualOf(git);
  actual.images['web:1'] = { id: 'sha256:0123456789abcdef', config: {} };
  expect(planLines({ git, site: actual, memory: settled(git) })[0]).toBe(
    `1 create shop-web-1.new: replaces shop-web-1: image: web:1 is now 0123456789ab, runs ${imageId('web:1').slice(7)} (drift)`,
  );
});

test('pull_policy never: what is not there is an error, and what runs goes on', () => {
  const old = gitWith('web:1', 'never');
  const git = gitWith('web:2', 'never');
  expect(planLines({ git, site: actualOf(old), memory: settled(old) })).toEqual([
    'error: web: image web:2 is not on the disk, and pull_policy is never',
  ]);
  const stopped = but(actualOf(old), 'shop-web-1', { status: 'exited', exitCode: 137 });
  expect(planLines({ git, site: stopped, memory: settled(old) })).toEqual([
    'error: web: image web:2 is not on the disk, and pull_policy is never',
    '1 start shop-web-1: exited with 137 (drift); its replacement has to wait',
  ]);
});

test('pull_policy always: pulled once for each revision of the app, before anything is made of it', () => {
  const git = gitWith('web:1', 'always');
  expect(planLines({ git, site: bare(git) })).toEqual([
    '1 create network shop_default: no such network',
    '2 pull web:1: pull_policy is always',
    '3 create shop-web-1: no such container (after 1, 2)',
    '4 start shop-web-1: new (after 3)',
  ]);
  expect(planLines({ git, site: actualOf(git) })).toEqual(['1 pull web:1: pull_policy is always']);
  const digest = settled(git).applied.shop as string;
  const pulled = settled(git, { pulled: { 'shop/web': digest } });
  expect(planLines({ git, site: actualOf(git), memory: pulled })).toEqual([]);
  expect(planLines({ git, site: actualOf(git), options: { pullAlways: false } })).toEqual([]);
});

test('pull_policy always: a registry that does not answer keeps nothing from being made of what is there', () => {
  const git = gitWith('web:1', 'always');
  const goal = settled(git).applied.shop as string;
  const backoffs = { 'converge image web:1': { goal, failures: 1, until: 9000, error: 'no such host' } };
  const memory = settled(git, { backoffs });
  expect(planLines({ git, memory, site: but(actualOf(git), 'shop-web-1', undefined) })).toEqual([
    '1 pull web:1: pull_policy is always (withheld by backoff)',
    '2 create shop-web-1: gone (drift)',
    '3 start shop-web-1: new (after 2)',
  ]);
});

test('one pull serves all services with the image', () => {
  const image = { Image: 'busybox:1' };
  const git = site(app('shop', service('a', image), service('b', image)));
  const lines = planLines({ git, site: without(bare(git), 'busybox:1') });
  expect(lines.filter((line) => line.includes('pull'))).toEqual(['2 pull busybox:1: not on the disk']);
});

test('while an image is pulled, the last good container is started again', () => {
  const old = gitWith('web:1', 'missing');
  const git = gitWith('web:2', 'missing');
  const stopped = but(actualOf(old), 'shop-web-1', { status: 'exited', exitCode: 137 });
  expect(planLines({ git, site: stopped, memory: settled(old) })).toEqual([
    '1 pull web:2: not on the disk',
    '2 start shop-web-1: exited with 137 (drift); its replacement has to wait',
    '3 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:2 (after 1)',
    '4 stop shop-web-1: makes way for shop-web-1.new (after 2, 3)',
    '5 start shop-web-1.new: takes over (after 3, 4)',
    '6 remove shop-web-1.new: it did not start (only if 5 fails)',
    '7 start shop-web-1: runs again, since its successor did not start (after 6; only if 5 fails)',
    '8 remove shop-web-1: shop-web-1.new has taken over (after 5)',
    '9 rename shop-web-1.new to shop-web-1: the name that web gets (after 8)',
  ]);
});

test('an image that says whose a container is gets none, and what runs goes on', () => {
  const old = gitWith('web:1', 'missing');
  const git = gitWith('web:2', 'missing');
  const actual = with2(old);
  actual.images['web:2'] = { id: imageId('web:2'), config: { Labels: { 'dev.holdfast.site': 'here' } } };
  expect(planLines({ git, site: actual, memory: settled(old) })).toEqual([
    'error: web: image web:2 has the label dev.holdfast.site, which says whose a container is: use an image that is built without',
  ]);
  const stopped = but(actual, 'shop-web-1', { status: 'exited', exitCode: 137 });
  expect(planLines({ git, site: stopped, memory: settled(old) })).toContain(
    '1 start shop-web-1: exited with 137 (drift); its replacement has to wait',
  );
});

test('an image that docker compose built for another project is refused for an adopting app alone', () => {
  const git = gitWith('web:1', 'missing');
  const adopting = { ...git, apps: git.apps.map((each) => ({ ...each, adopt: true })) };
  const builtFor = (project: string): ActualSite => {
    const actual = bare(git);
    actual.images['web:1'] = { id: imageId('web:1'), config: { Labels: { 'com.docker.compose.project': project } } };
    return actual;
  };
  expect(planLines({ git, site: builtFor('other') }).join('\n')).toContain('create shop-web-1');
  expect(planLines({ git: adopting, site: builtFor('shop') }).join('\n')).toContain('create shop-web-1');
  expect(planLines({ git: adopting, site: builtFor('other') })[0]).toContain(
    'image web:1 has the label com.docker.compose.project',
  );
});

test('an image that docker compose builds is never pulled', () => {
  const git = gitWith('shop-web', 'built');
  expect(planLines({ git, site: bare(git) })[0]).toBe('1 create network shop_default: no such network');
  expect(planLines({ git, site: without(bare(git), 'shop-web') })).toContain(
    'error: web: image shop-web is not on the engine: run `docker compose build` there, or name an image that can be pulled',
  );
});
