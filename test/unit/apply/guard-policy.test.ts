import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { forbidByPolicy, refuseByPolicy } from '../../../src/apply/guard-policy.ts';
import { createSitePolicy } from '../../../src/policy/site-policy.ts';
import { app, service, site, volume } from '../../support/site/site-builder.ts';
import { policy } from '../policy/support.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-policy-'));
  await mkdir(join(dir, 'shop/data'), { recursive: true });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const places = () => ({ filesDir: dir, secretsDir: '/run/holdfast/secrets', own: [], sockets: [] });
const bind = (path: string) => ({ Mounts: [{ Type: 'bind' as const, Source: join(dir, path), Target: '/x' }] });

test('an app that the policy refuses is broken, with each reason, and the others are not', async () => {
  const standard = createSitePolicy(await policy('profile: standard'), places());
  const wish = site(app('good', service('web')), app('shop', service('web', { Privileged: true, PidMode: 'host' })));
  const { apps, broken } = await refuseByPolicy(wish, standard);
  expect(apps.map(({ name }) => name)).toEqual(['good']);
  expect(broken).toEqual([
    {
      name: 'shop',
      adopt: undefined,
      problems: [
        {
          app: 'shop',
          message: "the site's policy refuses it (hostNamespaces): web: pid: host",
          hint: 'take it out, or change allow.hostNamespaces in the policy of the site',
        },
        {
          app: 'shop',
          message: "the site's policy refuses it (privileged): web: privileged: true",
          hint: 'take it out, or change allow.privileged in the policy of the site',
        },
      ],
    },
  ]);
});

test('a path of the app that leads elsewhere by a link is refused, unless the policy allows it', async () => {
  await symlink('/etc', join(dir, 'shop/data/link'));
  const standard = createSitePolicy(await policy('profile: standard'), places());
  const told = async (path: string, parts = [service('web', bind(path))]) =>
    (await refuseByPolicy(site(app('shop', ...parts)), standard, dir)).broken.flatMap(({ problems }) =>
      problems.map(({ message }) => message.replaceAll(dir, '')),
    );
  expect(await told('shop/data')).toEqual([]);
  expect(await told('shop/data/new/file')).toEqual([]);
  const refusal = [
    "the site's policy refuses it (pathsBelowWritable): /shop/data/link/ssh leads to /etc/ssh by a link",
  ];
  expect(await told('shop/data/link/ssh')).toEqual(refusal);
  const device = join(dir, 'shop/data/link/ssh');
  expect(await told('', [volume('data', { DriverOpts: { type: 'none', o: 'bind', device } })])).toEqual(refusal);
  const allowing = createSitePolicy(await policy('profile: standard\nallow: {pathsBelowWritable: true}'), places());
  const wish = site(app('shop', service('web', bind('shop/data/link/ssh'))));
  expect((await refuseByPolicy(wish, allowing, dir)).broken).toEqual([]);
});

test('an app that was accepted before is marked, and hooks that the policy refuses are gone from it', async () => {
  const hooked = app('shop', service('web', {}, { postStart: ['hello'] }));
  const [hook] = hooked.services[0]?.containers[0]?.hooks?.postStart ?? [];
  if (hook) hook.privileged = true;
  const standard = createSitePolicy(await policy('profile: standard\nonViolation: stop'), places());
  const [marked] = (await forbidByPolicy(site(hooked), standard, dir)).apps;
  expect(marked?.forbidden?.isStopped).toBe(true);
  expect(marked?.services[0]?.containers[0]?.hooks).toBeUndefined();
});
