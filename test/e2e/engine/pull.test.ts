import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mustAsk } from '../../../scripts/machine/engine-http.ts';
import type { EngineApi } from '../../../src/engine/api.ts';
import { connectionFrom } from '../../../src/engine/client/connection.ts';
import { dockerApi } from '../../../src/engine/client/docker-api.ts';
import { ENGINES, TEST_IMAGE } from '../../support/engine/engine-under-test.ts';
import { REGISTRY_CREDENTIALS, startRegistry, type TestRegistry } from '../../support/net/registry.ts';

const host = ENGINES['Docker 20.10'];
const suite = host ? describe : describe.skip;

suite('a pull from a registry that asks who is there', () => {
  let registry: TestRegistry;
  let reference: string;
  let folder: string;
  let api: EngineApi;
  const { username, password } = REGISTRY_CREDENTIALS;

  beforeAll(async () => {
    registry = await startRegistry({ auth: true });
    folder = await mkdtemp(join(tmpdir(), 'holdfast-pull-'));
    reference = await registry.push(host ?? '', TEST_IMAGE, 'private/app:1');
    await forget();
    const environment = { PATH: `${folder}:${process.env.PATH}`, DOCKER_CONFIG: folder };
    api = dockerApi(await connectionFrom(environment, host), environment);
  });
  afterAll(async () => {
    api.close();
    await forget();
    await registry.remove();
    await rm(folder, { recursive: true });
  });

  const forget = async (): Promise<void> => {
    await mustAsk(host ?? '', 'DELETE', `/images/${reference}`).catch(() => undefined);
  };
  const configure = (config: object): Promise<void> => writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const login = (secret: string) => ({
    auths: { [registry.address]: { auth: Buffer.from(`${username}:${secret}`).toString('base64') } },
  });

  test('fails without credentials, and with wrong ones', async () => {
    await rm(join(folder, 'config.json'), { force: true });
    await expect(api.pullImage(reference, {})).rejects.toMatchObject({ kind: 'pullFailed' });
    await configure(login('wrong'));
    await expect(api.pullImage(reference, {})).rejects.toMatchObject({ kind: 'pullFailed' });
  });

  test('succeeds as soon as the right ones are in the file', async () => {
    await configure(login(password));
    await api.pullImage(reference, {});
    expect(await api.inspectImage(reference)).toBeDefined();
    await forget();
  });

  test('asks a credential helper', async () => {
    const helper = join(folder, 'docker-credential-test');
    await writeFile(
      helper,
      `#!/bin/sh\nread address\n[ "$1 $address" = "get ${registry.address}" ] && echo '{"Username":"${username}","Secret":"${password}"}'\n`,
    );
    await chmod(helper, 0o755);
    await configure({ credHelpers: { [registry.address]: 'test' } });
    await api.pullImage(reference, {});
    expect(await api.inspectImage(reference)).toBeDefined();
    await forget();
  });

  test('says which helper is not there', async () => {
    await configure({ credsStore: 'missing' });
    await expect(api.pullImage(reference, {})).rejects.toMatchObject({
      kind: 'pullFailed',
      message: `the credential helper docker-credential-missing failed for ${registry.address}: it is not installed`,
    });
  });

  test('fails for a tag that is not there', async () => {
    await configure(login(password));
    await expect(api.pullImage(reference.replace(/:1$/, ':9'), {})).rejects.toMatchObject({ kind: 'pullFailed' });
  });

  test('ends when it is cancelled', async () => {
    const cancelled = AbortSignal.abort();
    await expect(api.pullImage(reference, { signal: cancelled })).rejects.toMatchObject({ kind: 'aborted' });
  });
});
