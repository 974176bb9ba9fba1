import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connectionFrom, type Environment } from '../../../src/engine/client/connection.ts';
import { dockerApi } from '../../../src/engine/client/docker-api.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { ENGINES } from '../../support/engine/engine-under-test.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../../support/net/tls-fixture.ts';

const host = ENGINES['Docker 20.10'] ?? ENGINES['a newer Docker'];
const suite = host ? describe : describe.skip;

suite('the way to an engine', () => {
  const socketPath = (host ?? '').replace('unix://', '');
  const undo: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });

  /** Passes connections on to the engine; `cut` breaks those there are. */
  const relay = async (server: Server): Promise<{ port: number; cut: () => void }> => {
    const open = new Set<Socket>();
    server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (near: Socket) => {
      const far = createConnection(socketPath);
      open.add(near);
      near.on('close', () => open.delete(near));
      for (const [a, b] of [
        [near, far],
        [far, near],
      ] as const) {
        a.on('error', () => b.destroy());
        a.on('close', () => b.destroy());
        a.pipe(b);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const cut = (): void => {
      for (const socket of open) socket.destroy();
    };
    undo.push(() => {
      cut();
      server.close();
    });
    return { port: (server.address() as AddressInfo).port, cut };
  };
  const folder = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'holdfast-way-'));
    undo.push(() => rm(path, { recursive: true }));
    return path;
  };
  const api = async (environment: Environment) => {
    const opened = dockerApi(await connectionFrom(environment), environment);
    undo.push(() => opened.close());
    return opened;
  };

  test('leads through a socket', async () => {
    expect((await (await api({ DOCKER_HOST: host })).facts()).product).toBe('Docker');
  });

  test('leads over TCP', async () => {
    const { port } = await relay(createServer());
    expect((await (await api({ DOCKER_HOST: `tcp://127.0.0.1:${port}` })).facts()).product).toBe('Docker');
  });

  test('leads over TLS with a certificate of ours, to an engine whose certificate is trusted', async () => {
    const { port } = await relay(
      createTlsServer({
        cert: TEST_CERTIFICATE,
        key: TEST_KEY,
        ca: TEST_CERTIFICATE,
        requestCert: true,
        rejectUnauthorized: true,
      }),
    );
    const certificates = await folder();
    for (const [file, text] of Object.entries({
      'ca.pem': TEST_CERTIFICATE,
      'cert.pem': TEST_CERTIFICATE,
      'key.pem': TEST_KEY,
    })) {
      await writeFile(join(certificates, file), text);
    }
    const environment = {
      DOCKER_HOST: `tcp://127.0.0.1:${port}`,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: certificates,
    };
    expect((await (await api(environment)).facts()).product).toBe('Docker');
    const plain = await api({ DOCKER_HOST: `tcp://127.0.0.1:${port}` });
    await expect(plain.facts()).rejects.toMatchObject({ kind: 'unreachable' });
  });

  test('leads over the ssh of the system, which gets no shell and no option from the address', async () => {
    const bin = await folder();
    // Stands for ssh: notes what it was called with, and is the other side's `docker system dial-stdio`.
    const bridge = `const s=require('net').connect(${JSON.stringify(socketPath)});process.stdin.pipe(s).pipe(process.stdout)`;
    const script = `#!/bin/sh\nprintf '%s\\n' "$@" > ${bin}/words\nexec ${process.execPath} -e '${bridge.replaceAll("'", "'\\''")}'\n`;
    await writeFile(join(bin, 'ssh'), script);
    await chmod(join(bin, 'ssh'), 0o755);
    const engine = await api({
      ...process.env,
      PATH: `${bin}:${process.env.PATH}`,
      DOCKER_HOST: 'ssh://me@shop-17:2222',
    });
    expect((await engine.facts()).product).toBe('Docker');
    const words = (await readFile(join(bin, 'words'), 'utf8')).trim().split('\n');
    expect(words).toEqual([
      '-o',
      'ConnectTimeout=30',
      '-T',
      '-l',
      'me',
      '-p',
      '2222',
      '--',
      'shop-17',
      'docker',
      'system',
      'dial-stdio',
    ]);
  });

  test('says what ssh says when ssh fails', async () => {
    const bin = await folder();
    await writeFile(join(bin, 'ssh'), '#!/bin/sh\necho "Host key verification failed." >&2\nexit 255\n');
    await chmod(join(bin, 'ssh'), 0o755);
    const engine = await api({ PATH: `${bin}:${process.env.PATH}`, DOCKER_HOST: 'ssh://shop-17' });
    await expect(engine.facts()).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('Host key verification failed.'),
    });
  });

  test('says in a sentence that nobody answers', async () => {
    const engine = await api({ DOCKER_HOST: 'unix:///no/such/engine.sock' });
    await expect(engine.facts()).rejects.toMatchObject({
      kind: 'unreachable',
      message: 'no container engine at unix:///no/such/engine.sock: there is no such socket (is the engine running?)',
    });
  });

  test('is found again after it broke, and Holdfast looks at everything again', async () => {
    const { port, cut } = await relay(createServer());
    const engine = openEngine(await api({ DOCKER_HOST: `tcp://127.0.0.1:${port}` }), {
      site: 'nobody',
      clock: systemClock,
    });
    const heard: string[] = [];
    undo.push(engine.watch(({ what }) => heard.push(what)));
    const until = async (words: string): Promise<void> => {
      for (let turn = 0; turn < 300 && !heard.some((what) => what.includes(words)); turn++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(heard.join('; ')).toContain(words);
    };
    await until('listening to the engine');
    await engine.observe({ images: [] });
    cut();
    await until('event stream broke');
    await until('listening to the engine again');
    expect((await engine.observe({ images: [] })).containers).toEqual([]);
  });
});
