import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Clock } from '../../../src/lib/clock.ts';
import { credentialsFrom } from '../../../src/net/credentials/credentials.ts';

let dir: string;
let now: number;
const clock: Clock = {
  monotonic: () => now,
  wall: () => new Date(1_000_000_000_000 + now),
  timer: () => () => {
    // Nothing here waits.
  },
  random: () => 0.5,
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-credentials-'));
  now = 0;
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** A program that counts its calls in a file. */
async function program(script: string): Promise<string> {
  const path = join(dir, 'helper');
  await writeFile(path, `#!/bin/sh\necho x >> ${join(dir, 'calls')}\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}
const calls = async (): Promise<number> => (await readFile(join(dir, 'calls'), 'utf8')).length / 2;

test('a bare token is used as the password', async () => {
  const provider = credentialsFrom({ credentialCommand: [await program('echo tok3n')] }, clock);
  expect(await provider()).toEqual({ username: 'x-access-token', password: 'tok3n' });
});

test('a token can be given as it is', async () => {
  const settings = { credentialCommand: [await program('echo tok3n')], tokenScheme: 'bearer' as const };
  expect(await credentialsFrom(settings, clock)()).toEqual({ bearer: 'tok3n' });
});

test('the output of a Git credential helper is understood, and its arguments reach it without a shell', async () => {
  const path = await program('printf "protocol=https\\nusername=$1\\npassword=p=w\\n"');
  const provider = credentialsFrom({ credentialCommand: [path, 'a user; $(touch x)'] }, clock);
  expect(await provider()).toEqual({ username: 'a user; $(touch x)', password: 'p=w' });
});

test('a credential is remembered until a minute before it ends', async () => {
  const provider = credentialsFrom(
    { credentialCommand: [await program('printf "password=a\\npassword_expiry_utc=1000003600\\n"')] },
    clock,
  );
  await provider();
  now = 3_539_000;
  await provider();
  expect(await calls()).toBe(1);
  now = 3_540_000;
  await provider();
  expect(await calls()).toBe(2);
});

test('the command is asked again when its credential was refused', async () => {
  const provider = credentialsFrom({ credentialCommand: [await program('echo a')] }, clock);
  await provider();
  await provider();
  expect(await calls()).toBe(1);
  await provider({ refused: true });
  expect(await calls()).toBe(2);
});

test.each([
  ['exit 3', /ended with exit code 3$/],
  ['echo two s3cret; echo lines', /printed neither a token/],
  ['true', /printed neither a token/],
])('%s: said so, and nothing of what it printed', async (script, message) => {
  const path = await program(`echo s3cret >&2\n${script}`);
  const error: unknown = await credentialsFrom({ credentialCommand: [path] }, clock)().catch((thrown) => thrown);
  expect(error).toMatchObject({ kind: 'auth', message: expect.stringMatching(message) });
  expect(JSON.stringify([String(error), (error as Error).stack, (error as Error).cause ?? ''])).not.toContain('s3cret');
});

test('one that is not there is named', async () => {
  await expect(credentialsFrom({ credentialCommand: [join(dir, 'nope')] }, clock)()).rejects.toMatchObject({
    message: expect.stringMatching(/nope that prints the repo's credentials cannot be run: ENOENT$/),
  });
});
