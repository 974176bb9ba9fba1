import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { EngineError } from '../../../src/lib/errors.ts';
import { registryAuth } from '../../../src/net/credentials/registry-auth.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-auth-'));
});
afterEach(() => rm(folder, { recursive: true }));

const ask = (registry: string) =>
  registryAuth(
    registry,
    { DOCKER_CONFIG: folder, PATH: `${folder}:${process.env.PATH}` },
    (sentence, options) => new EngineError('pullFailed', sentence, options),
  );
const configure = (config: unknown) =>
  writeFile(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
const helper = async (name: string, script: string): Promise<void> => {
  await writeFile(join(folder, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, `docker-credential-${name}`), 0o755);
};
const encoded = (text: string) => Buffer.from(text).toString('base64');

test('no file, no credentials', async () => {
  expect(await ask('docker.io')).toBeUndefined();
});

test('an entry of the file, by host or by address, with colons in the password', async () => {
  await configure({
    auths: {
      'https://ghcr.io/v2/': { auth: encoded('me:a:b') },
      'https://index.docker.io/v1/': { auth: encoded('hub:x') },
    },
  });
  expect(await ask('ghcr.io')).toEqual({ username: 'me', password: 'a:b', serveraddress: 'ghcr.io' });
  expect(await ask('docker.io')).toEqual({
    username: 'hub',
    password: 'x',
    serveraddress: 'https://index.docker.io/v1/',
  });
  expect(await ask('quay.io')).toBeUndefined();
});

test('a token instead of a password', async () => {
  await configure({ auths: { 'ghcr.io': { auth: encoded('me:'), identitytoken: 'tok' } } });
  expect(await ask('ghcr.io')).toEqual({ identitytoken: 'tok', serveraddress: 'ghcr.io' });
});

test('the helper of the registry wins over the store', async () => {
  await helper('one', 'read a; echo "{\\"Username\\":\\"one\\",\\"Secret\\":\\"$a\\"}"');
  await helper('all', 'read a; echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"$a\\"}"');
  await configure({ credsStore: 'all', credHelpers: { 'ghcr.io': 'one' } });
  expect(await ask('ghcr.io')).toEqual({ username: 'one', password: 'ghcr.io', serveraddress: 'ghcr.io' });
  expect(await ask('quay.io')).toEqual({ identitytoken: 'quay.io', serveraddress: 'quay.io' });
});

test('a helper that knows nothing leaves it to the file', async () => {
  await helper('all', 'echo "credentials not found in native keychain"; exit 1');
  await configure({ credsStore: 'all', auths: { 'ghcr.io': { auth: encoded('me:x') } } });
  expect(await ask('ghcr.io')).toMatchObject({ username: 'me' });
  expect(await ask('quay.io')).toBeUndefined();
});

test.each([
  ['exit 3', 'it ended with 3'],
  ['echo nonsense', 'its answer is not what a helper answers'],
])('a helper that fails is named, and what it said is not told: %s', async (script, why) => {
  await helper('bad', `echo hunter2 >&2; ${script}`);
  await configure({ credsStore: 'bad' });
  await expect(ask('ghcr.io')).rejects.toMatchObject({
    kind: 'pullFailed',
    message: `the credential helper docker-credential-bad failed for ghcr.io: ${why}`,
  });
});

test('a helper’s name is no path', async () => {
  await configure({ credsStore: '../evil' });
  await expect(ask('ghcr.io')).rejects.toMatchObject({ kind: 'pullFailed' });
});

test('a file that is no JSON is named, and not quoted', async () => {
  await configure('{"auths": hunter2');
  await expect(ask('ghcr.io')).rejects.toMatchObject({ message: expect.not.stringContaining('hunter2') });
});
