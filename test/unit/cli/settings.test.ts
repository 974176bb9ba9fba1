import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { text } from '../../../src/cli/options/kinds.ts';
import { optional } from '../../../src/cli/options/option.ts';
import { agentSettings } from '../../../src/cli/settings/agent-settings.ts';
import { resolveSettings } from '../../../src/cli/settings/resolve-settings.ts';
import { sourceOptions } from '../../../src/cli/settings/source-settings.ts';
import { agentTerritory } from '../../../src/cli/settings/territory.ts';
import { DEFAULT_STORE_LIMITS } from '../../../src/git/store-limits.ts';
import { DEFAULT_LIMITS } from '../../../src/net/limits.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-settings-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const given = (flags: Record<string, string>, environment: NodeJS.ProcessEnv = {}) =>
  resolveSettings(agentSettings, { flags, environment });

const withFile = {
  ...agentSettings,
  config: { ...optional(text('file'), ''), variable: 'HOLDFAST_CONFIG' },
};

async function fromFile(yaml: string) {
  const path = join(dir, 'agent.yaml');
  await writeFile(path, yaml);
  return resolveSettings(withFile, { flags: { config: path }, environment: {}, fileOption: 'config' });
}

test('a command is a list in the file, and words or a JSON array in a variable', async () => {
  const expected = ['gh', 'auth', 'token'];
  expect((await fromFile('credentialCommand: [gh, auth, token]')).credentialCommand).toEqual(expected);
  for (const text of ['gh auth  token', '["gh", "auth", "token"]']) {
    const settings = await given({}, { HOLDFAST_GIT_CREDENTIAL_COMMAND: text });
    expect(settings.credentialCommand).toEqual(expected);
  }
  await expect(given({}, { HOLDFAST_GIT_CREDENTIAL_COMMAND: '["gh", 1]' })).rejects.toThrow(
    'HOLDFAST_GIT_CREDENTIAL_COMMAND must be words, or a JSON array of them',
  );
});

test('there may be one repo or several, in order', async () => {
  expect((await fromFile('repo: https://a/x')).repo).toEqual(['https://a/x']);
  expect((await fromFile('repo: [https://a/x, git@b:x]')).repo).toEqual(['https://a/x', 'git@b:x']);
  const { repo } = await given({}, { HOLDFAST_REPO: 'https://a/x git@b:x' });
  expect(repo).toEqual(['https://a/x', 'git@b:x']);
});

test('a switch is on or off wherever it is set', async () => {
  const on = { knownHostsFile: '/k', sshAcceptNewHostKey: 'true' };
  expect(sourceOptions(await fromFile('knownHostsFile: /k\nsshAcceptNewHostKey: true'), {}).ssh?.acceptNew).toBe(true);
  expect(sourceOptions(await given(on), {}).ssh?.acceptNew).toBe(true);
  expect(sourceOptions(await given({}), {}).ssh?.acceptNew).toBe(false);
});

test('no file of Git is written over a file or a folder that a setting names', async () => {
  const paths = {
    stateDir: '/state',
    trust: '/t',
    values: '/v',
    aliveFile: '/a',
    tokenFile: '/token',
    keyFile: '/key',
    secretsDir: '/secrets',
  };
  const settings = await given({
    ...paths,
    repo: '/repo',
    path: 'fleet',
    filesDir: '/files',
    ageKeyFile: '/age shop=/shop.age',
  });
  const { keepOut, filesDir } = agentTerritory(agentSettings, settings);
  expect([...keepOut].sort()).toEqual([...Object.values(paths), '/age', '/shop.age'].sort());
  expect(filesDir).toBe('/files');
});

test('limits are sizes, numbers and durations; their defaults are those of the source', async () => {
  const { limits, storeLimits } = sourceOptions(await given({}), {});
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

test('an error names the flag, the variable or the place in the file that a value came from', async () => {
  await expect(given({ interval: 'soon' }, { HOLDFAST_INTERVAL: 'later' })).rejects.toThrow(
    '--interval must be a duration',
  );
  await expect(given({}, { HOLDFAST_INTERVAL: 'later' })).rejects.toThrow('HOLDFAST_INTERVAL must be a duration');
  await expect(fromFile('site: a\ninterval: never')).rejects.toThrow(
    /agent\.yaml:2:11: interval must be a duration above zero and below 100 days, not "never"/,
  );
});

test.each([
  [{ maxFetchBytes: 'lots' }, '--max-fetch-bytes must be a size above zero, not "lots" (for example 256MiB)'],
  [{ maxObjects: '-1' }, '--max-objects must be a whole number from 0 on, not "-1"'],
  [{ maxPacks: '1' }, '--max-packs must be a whole number from 2 on, not "1"'],
  [{ tokenScheme: 'digest' }, '--token-scheme must be basic or bearer, not "digest"'],
  [{ certFile: 'a.pem' }, '--cert-file and --key-file go together: a client certificate is used with its key'],
])('%j is refused', async (flags, message) => {
  await expect(given(flags).then((settings) => sourceOptions(settings, {}))).rejects.toThrow(message);
});
