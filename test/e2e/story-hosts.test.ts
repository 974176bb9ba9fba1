import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { socketOf } from '../../scripts/machine/engine-http.ts';
import { canStartSshServer, type SshServer, startSshServer } from '../support/net/ssh-server.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../support/net/tls-fixture.ts';
import { holdfast, type Ran } from '../support/program/holdfast-process.ts';
import { IMAGE, importChaosImages } from '../support/site/chaos-site.ts';
import { type ConfigFolder, configFolder } from '../support/site/config-folder.ts';
import { containersOf, removeApp } from '../support/site/site.ts';

// The same engine by every way that DOCKER_HOST can name one.
const host = process.env.HOLDFAST_TEST_DOCKER ?? '';
const hasSsh = await canStartSshServer();

jest.setTimeout(180_000);

const app = `host-${randomBytes(4).toString('hex')}`;
let folder: ConfigFolder;
let dir: string;
const undo: (() => Promise<unknown>)[] = [];

/** Applies, looks and takes away again, by way of that address. */
async function worksBy(env: Record<string, string>): Promise<void> {
  const at = (...args: string[]): Promise<Ran> => holdfast(args, { env, cwd: folder.dir });
  expect(await at('apply')).toMatchObject({ code: 0, stderr: '' });
  expect((await containersOf(host, { app })).map(({ state }) => state)).toEqual(['running']);
  expect(await at('diff')).toMatchObject({ code: 0, stderr: '' });
  expect(await at('down')).toMatchObject({ code: 0, stderr: '' });
  expect(await containersOf(host, { app })).toEqual([]);
}

/** Listens on loopback and leads every connection to the engine. */
async function leadingToEngine<S extends Server>(server: S, event: 'connection' | 'secureConnection'): Promise<number> {
  const open = new Set<Socket>();
  server.on(event, (near: Socket) => {
    const far = connect(socketOf(host));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => open.delete(one));
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  undo.push(async () => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

(host ? describe : describe.skip)('an engine is reached by DOCKER_HOST', () => {
  beforeAll(async () => {
    await importChaosImages(host);
    folder = await configFolder({ 'compose.yaml': `name: ${app}\nservices:\n  web:\n    image: ${IMAGE}\n` });
    dir = await mkdtemp(join(tmpdir(), 'hf-hosts-'));
  });

  afterAll(async () => {
    for (const each of undo.reverse()) await each();
    await removeApp(host, app);
    await folder?.remove();
    if (dir) await rm(dir, { recursive: true, force: true });
  });

  test('unix://', () => worksBy({ DOCKER_HOST: host }));

  test('--docker-host, which wins', async () => {
    const env = { DOCKER_HOST: 'unix:///nonexistent.sock' };
    expect(await holdfast(['diff', '--docker-host', host], { env, cwd: folder.dir })).toMatchObject({
      code: 1,
      stderr: '',
    });
  });

  test('tcp://', async () => {
    const port = await leadingToEngine(createServer(), 'connection');
    await worksBy({ DOCKER_HOST: `tcp://127.0.0.1:${port}` });
  });

  test('tcp:// with TLS, both sides proven', async () => {
    const pair = { cert: TEST_CERTIFICATE, key: TEST_KEY };
    const server = tls.createServer({ ...pair, ca: TEST_CERTIFICATE, requestCert: true, rejectUnauthorized: true });
    const port = await leadingToEngine(server, 'secureConnection');
    const certificates = join(dir, 'certs');
    await mkdir(certificates);
    await writeFile(join(certificates, 'ca.pem'), TEST_CERTIFICATE);
    await writeFile(join(certificates, 'cert.pem'), TEST_CERTIFICATE);
    await writeFile(join(certificates, 'key.pem'), TEST_KEY, { mode: 0o600 });
    const DOCKER_HOST = `tcp://127.0.0.1:${port}`;
    await worksBy({ DOCKER_HOST, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certificates });

    const diff = (env: Record<string, string>): Promise<Ran> => holdfast(['diff'], { env, cwd: folder.dir });
    const plain = await diff({ DOCKER_HOST });
    expect(plain).toMatchObject({ code: 2, stderr: expect.stringContaining(DOCKER_HOST) });
    const none = await diff({ DOCKER_HOST, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: dir });
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('ca.pem cannot be read') });
  });

  (hasSsh ? describe : describe.skip)('ssh://', () => {
    let server: SshServer;

    beforeAll(async () => {
      server = await startSshServer(dir, socketOf(host));
      undo.push(() => server.stop());
    });

    test('with a key and a host that is known', async () => {
      await worksBy(server.env({ known: true }));
    });

    test('as --docker-host of a diff, which prints the plan of that site', async () => {
      const { DOCKER_HOST = '', ...env } = server.env({ known: true });
      const planned = await holdfast(['diff', '--docker-host', DOCKER_HOST], { env, cwd: folder.dir });
      expect(planned).toMatchObject({ code: 1, stderr: '' });
      expect(planned.stdout).toMatch(new RegExp(`\\+ ${app}-web-1 +create +no such container`));
    });

    test('and refused where the host is not known, in a sentence', async () => {
      const { code, stdout, stderr } = await holdfast(['diff'], { env: server.env({ known: false }), cwd: folder.dir });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(
        /^error: the container engine at ssh:.*does not answer: .*[Hh]ost key verification failed/,
      );
    });
  });
});
