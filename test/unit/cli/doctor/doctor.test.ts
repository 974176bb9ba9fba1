import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { run } from '../../../../src/cli/program.ts';
import { generateIdentity, keyFileText } from '../../../../src/secrets/crypt/identity.ts';
import { captureWritten, written } from '../../../support/program/written.ts';
import { closed, readSchema } from '../../../support/values/closed-schema.ts';

captureWritten();

interface Found {
  check: string;
  level: string;
  message: string;
  todo?: string;
}

let dir: string;
const servers: Server[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'doctor-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await rm(dir, { recursive: true });
});

/** Runs the doctor on a site without an engine. */
async function doctor(...more: string[]): Promise<{ code: number; found: Map<string, Found> }> {
  const folders = ['--state-dir', join(dir, 'state'), '--files-dir', join(dir, 'files')];
  const code = await run(['doctor', '-o', 'json', '--docker-host', `unix://${dir}/no.sock`, ...folders, ...more]);
  const document = JSON.parse(written);
  const validate = new Ajv({ strict: false }).compile(closed(readSchema('doctor')));
  expect([validate(document), validate.errors]).toEqual([true, null]);
  const found = (document.findings as Found[]).map((each) => [each.check, each] as const);
  return { code, found: new Map(found) };
}

test('with nothing set up, each problem says what to do, and nothing is made', async () => {
  const { code, found } = await doctor();
  expect(code).toBe(1);
  expect(found.get('engine')).toMatchObject({ level: 'problem', message: expect.stringContaining('no such socket') });
  expect(found.get('Git')).toMatchObject({ level: 'problem', message: expect.stringContaining('give --repo') });
  expect(found.get('state folder')).toMatchObject({ level: 'ok' });
  for (const { level, todo } of found.values()) expect(todo === undefined).toBe(level === 'ok');
  expect(await readdir(dir)).toEqual([]);
});

test('a token that the server refuses is said, and shown nowhere', async () => {
  const server = createServer((_, response) => {
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const token = join(dir, 'token');
  await writeFile(token, 'wr0ng-horse\n', { mode: 0o644 });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fleet.git`;
  const { found } = await doctor('--repo', url, '--token-file', token);
  expect(found.get('Git')).toMatchObject({
    level: 'problem',
    message: expect.stringContaining('did not accept the credentials'),
    todo: expect.stringContaining('token'),
  });
  expect(found.get('permissions')).toEqual({
    check: 'permissions',
    level: 'warning',
    message: `everybody on this machine can read ${token}`,
    todo: `chmod 600 ${token}`,
  });
  expect(written).not.toContain('wr0ng-horse');
});

test('public keys are shown and private ones are not; decrypted files must be in memory', async () => {
  const key = await generateIdentity();
  const file = join(dir, 'key');
  await writeFile(file, keyFileText(key), { mode: 0o600 });
  const { found } = await doctor('--age-key-file', file, '--secrets-dir', '/proc/secrets');
  expect(found.get('age keys')).toMatchObject({ level: 'ok', message: expect.stringContaining(key.recipient) });
  expect(found.get('secrets folder')).toMatchObject({
    level: 'problem',
    message: expect.stringContaining('on a disk'),
  });
  expect(written).not.toContain(key.secret);
});

test('files that cannot be used, and a damaged accepted state, are problems and stay as they are', async () => {
  await mkdir(join(dir, 'state', 'accepted'), { recursive: true });
  const accepted = join(dir, 'state', 'accepted', 'accepted.json');
  await writeFile(accepted, 'no json');
  await writeFile(join(dir, 'trust.yaml'), 'kind: Nothing\n');
  const { found } = await doctor('--trust', join(dir, 'trust.yaml'), '--policy', join(dir, 'none.yaml'));
  expect(found.get('trust')).toMatchObject({ level: 'problem', message: expect.stringContaining('trust.yaml') });
  expect(found.get('policy')).toMatchObject({ level: 'problem', message: expect.stringContaining('ENOENT') });
  expect(found.get('images')).toMatchObject({ level: 'problem', message: expect.stringContaining('is damaged') });
  expect(await readdir(join(dir, 'state', 'accepted'))).toEqual(['accepted.json']);
  expect(await readFile(accepted, 'utf8')).toBe('no json');
});

test('a file where the folder should be is a problem', async () => {
  await writeFile(join(dir, 'state'), '');
  const { found } = await doctor();
  expect(found.get('state folder')).toMatchObject({ level: 'problem', message: expect.stringContaining('is a file') });
});
