import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { withImageRegistry } from '../../../../src/cli/repo/image-registry.ts';
import { imageSizes } from '../../../../src/cli/repo/image-sizes.ts';
import { sourceOptionsFrom } from '../../../../src/cli/settings/source-settings.ts';
import { hasManifest } from '../../../../src/registry/image/has-manifest.ts';

const given = { HOLDFAST_GIT_USERNAME: 'site', HOLDFAST_GIT_TOKEN: 'git-horse' };
afterEach(() => {
  for (const name of Object.keys(given)) delete process.env[name];
});

test('the credentials of the config repo are offered to no registry that an image names', async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer(({ headers }, response) => {
    seen.push(headers.authorization);
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="images"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    Object.assign(process.env, given);
    const image = `127.0.0.1:${(server.address() as AddressInfo).port}/shop:1`;
    const { limits, ...options } = await sourceOptionsFrom(process.env);
    const asked = withImageRegistry(image, limits, options, (registry, tag) =>
      hasManifest(registry, tag, AbortSignal.timeout(10_000)),
    );
    await expect(asked).rejects.toMatchObject({ kind: 'auth' });
    expect((await imageSizes([image])).get(image)).toMatchObject({ unknown: expect.stringContaining('credentials') });
    expect(seen.length).toBeGreaterThanOrEqual(2);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
