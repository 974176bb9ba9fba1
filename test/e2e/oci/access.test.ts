import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { registryAuth } from '../../../src/net/credentials/registry-auth.ts';
import { REGISTRY_CREDENTIALS, startRegistry } from '../../support/net/registry.ts';
import { startRegistryFront } from '../../support/net/registry-front.ts';
import {
  compose,
  count,
  dir,
  front,
  here,
  live,
  push,
  pushedRepo,
  registry,
  renewFront,
  repo,
  source,
  textOf,
  url,
  useUrl,
} from './pushed-repo.ts';

pushedRepo();

test('credentials are those of the docker client: asked for, wrong, right', async () => {
  await repo.commit(compose(1));
  const guarded = await startRegistry({ auth: true });
  try {
    useUrl(`oci://${guarded.address}/fleet:main`);
    const config = join(dir, `docker-${count}`);
    await mkdir(config);
    const login = (password: string) =>
      writeFile(
        join(config, 'config.json'),
        JSON.stringify({
          auths: {
            [guarded.address]: { auth: Buffer.from(`${REGISTRY_CREDENTIALS.username}:${password}`).toString('base64') },
          },
        }),
      );
    process.env.DOCKER_CONFIG = config;
    expect((await here('push', repo.dir, url)).stderr).toMatch(/asks for credentials .*docker login/);
    await login('wrong-horse');
    const refused = await here('push', repo.dir, url);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/did not accept the credentials/) });
    expect(refused.stderr).not.toContain('wrong-horse');
    await login(REGISTRY_CREDENTIALS.password);
    expect(await here('push', repo.dir, url)).toMatchObject({ code: 0 });
    const rendered = await here('render', '--repo', url);
    expect([rendered.code, rendered.stdout]).toEqual([0, expect.stringContaining('shop:1')]);
  } finally {
    delete process.env.DOCKER_CONFIG;
    await guarded.remove();
  }
});

test('a token is asked for where the registry says, once, and kept', async () => {
  await repo.commit(compose(1));
  await push();
  front.token = { username: 'site', password: 'secret', scopes: [] };
  const config = join(dir, `docker-${count}`);
  await mkdir(config);
  const auth = Buffer.from('site:secret').toString('base64');
  await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [front.address]: { auth } } }));
  await expect(source().poll(live)).rejects.toMatchObject({ kind: 'auth' });
  const known = source({
    registryAuth: (host) =>
      registryAuth(host, { DOCKER_CONFIG: config }, (sentence) => new TypeError(sentence) as never),
  });
  front.token.scopes = [];
  // Another host holds the layers, and must not see the token.
  const storage = await startRegistryFront(registry.address);
  front.elsewhere = storage.address;
  await known.poll(live);
  expect([storage.asked().length, storage.introduced]).toEqual([1, 0]);
  await storage.close();
  front.asked();
  await known.poll(live);
  expect(front.asked()).toEqual(['HEAD manifests/main']);
  expect(front.token.scopes).toEqual([`repository:fleet-${count}:pull`]);
});

test('several registries are asked in order', async () => {
  const first = await repo.commit(compose(1));
  await push();
  const central = url.replace(front.address, registry.address);
  const told: string[] = [];
  const site = source({ others: [central], onRemote: (name) => told.push(name) });
  await site.poll(live);
  const second = await repo.commit(compose(2));
  await push();
  await front.close();
  try {
    expect(await site.poll(live)).toMatchObject({ commit: second });
    expect(await textOf(site, second, 'compose.yaml')).toContain('shop:2');
    expect(told).toEqual([central]);
    expect((await site.history(second, [first], live)).map(({ oid }) => oid)).toEqual([second]);
  } finally {
    await renewFront();
  }
  expect(() => source({ others: ['https://git.example.org/fleet.git'] })).toThrow(/is no Git server, and others/);
});
