import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { agentSettings, resolveAgentSettings } from '../../../src/cli/settings.ts';
import { sourceOptions } from '../../../src/cli/source-settings.ts';
import { DEFAULT_STORE_LIMITS } from '../../../src/source/store/store-limits.ts';
import { DEFAULT_LIMITS } from '../../../src/source/wire/limits.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-settings-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function fromFile(text: string) {
  const path = join(dir, 'agent.yaml');
  await writeFile(path, text);
  return resolveAgentSettings({}, {}, path);
}

test('each setting is a key of the config file, and each key is a setting', async () => {
  const schema = JSON.parse(await readFile('schemas/agent.schema.json', 'utf8')) as { properties: object };
  expect(Object.keys(schema.properties).sort()).toEqual(agentSettings.map(({ key }) => key).sort());
});

test('a command is a list in the file, and words or a JSON array in a variable', async () => {
  const expected = ['gh', 'auth', 'token'];
  expect((await fromFile('credentialCommand: [gh, auth, token]')).credentialCommand).toEqual(expected);
  for (const text of ['gh auth  token', '["gh", "auth", "token"]']) {
    const settings = await resolveAgentSettings({}, { HOLDFAST_GIT_CREDENTIAL_COMMAND: text }, undefined);
    expect(settings.credentialCommand).toEqual(expected);
  }
  await expect(resolveAgentSettings({}, { HOLDFAST_GIT_CREDENTIAL_COMMAND: '["gh", 1]' }, undefined)).rejects.toThrow(
    'HOLDFAST_GIT_CREDENTIAL_COMMAND must be words, or a JSON array of them',
  );
});

test('there may be one repo or several, in order', async () => {
  expect((await fromFile('repo: https://a/x')).repo).toEqual(['https://a/x']);
  expect((await fromFile('repo: [https://a/x, git@b:x]')).repo).toEqual(['https://a/x', 'git@b:x']);
  const { repo } = await resolveAgentSettings({}, { HOLDFAST_REPO: 'https://a/x git@b:x' }, undefined);
  expect(repo).toEqual(['https://a/x', 'git@b:x']);
});

test('a switch is on or off wherever it is set', async () => {
  const on = { knownHostsFile: '/k', sshAcceptNewHostKey: 'true' };
  expect(sourceOptions(await fromFile('knownHostsFile: /k\nsshAcceptNewHostKey: true'), {}).ssh?.acceptNew).toBe(true);
  expect(sourceOptions(await resolveAgentSettings(on, {}, undefined), {}).ssh?.acceptNew).toBe(true);
  expect(sourceOptions(await resolveAgentSettings({}, {}, undefined), {}).ssh?.acceptNew).toBe(false);
});

test('limits are sizes, numbers and durations; their defaults are those of the source', async () => {
  const { limits, storeLimits } = sourceOptions(await resolveAgentSettings({}, {}, undefined), {});
  expect(limits).toEqual(DEFAULT_LIMITS);
  // Those of commits and folders are the same everywhere.
  const { commitBytes, treeBytes, ...settable } = DEFAULT_STORE_LIMITS;
  expect(storeLimits).toEqual(settable);
  const settings = await fromFile(
    'maxFetchBytes: 1MiB\nmaxObjects: 1000\nmaxRedirects: 0\ngitTotalTimeout: 5m\nmaxFiles: 20\nmaxHealBytes: 2MiB\nmaxPacks: 3\n',
  );
  expect(sourceOptions(settings, {})).toMatchObject({
    limits: { bytes: 1024 * 1024, redirects: 0, total: 300_000 },
    storeLimits: { packBytes: 1024 * 1024, objects: 1000, files: 20, healBytes: 2 * 1024 * 1024, packs: 3 },
  });
});

test.each([
  [{ maxFetchBytes: 'lots' }, '--max-fetch-bytes must be a size above zero, not "lots" (for example 256MiB)'],
  [{ maxObjects: '-1' }, '--max-objects must be a whole number from 0 on, not "-1"'],
  [{ maxPacks: '1' }, '--max-packs must be a whole number from 2 on, not "1"'],
  [{ tokenScheme: 'digest' }, '--token-scheme must be basic or bearer, not "digest"'],
  [{ certFile: 'a.pem' }, '--cert-file and --key-file go together: a client certificate is used with its key'],
])('%j is refused', async (flags, message) => {
  const settings = await resolveAgentSettings(flags, {}, undefined);
  expect(() => sourceOptions(settings, {})).toThrow(message);
});
