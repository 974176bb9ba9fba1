import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileOfPackage } from '../../../scripts/machine/debian.ts';
import { mustAsk } from '../../../scripts/machine/engine-http.ts';
import { startDaemon, stopProcesses, tail, until } from '../../../scripts/machine/processes.ts';

/** A real registry (Debian's docker-registry) on loopback, where Docker asks for no TLS. */
export interface TestRegistry {
  /** `127.0.0.1:PORT`: the front of its image names. */
  address: string;
  /** Names a local image for the registry and pushes it; resolves to the full name. */
  push(host: string, localImage: string, name: string): Promise<string>;
  /** Nothing answers any more; what was pushed is there again after `start`, at the same address. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes what was pushed. */
  remove(): Promise<void>;
}

/** The credentials that a registry with `auth` asks for. The registry knows only the password's hash (bcrypt, the one form that it takes). */
export const REGISTRY_CREDENTIALS = { username: 'holdfast', password: 'correct-horse' };
const HTPASSWD = 'holdfast:$2b$05$zkSzzsEs9OLERbXDk.O3Je6NzMWujdF3/KeXjJx9TasA/yKKGIuzi\n';

/** Starts one in a folder of its own. Only an engine in this network reaches it. */
export async function startRegistry(options: { auth?: boolean } = {}): Promise<TestRegistry> {
  const program = await fileOfPackage('docker-registry', 'usr/bin/docker-registry');
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-registry-'));
  const address = `127.0.0.1:${await freePort()}`;
  const config = {
    version: '0.1',
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: join(dir, 'data') }, delete: { enabled: true } },
    http: { addr: address },
    ...(options.auth ? { auth: { htpasswd: { realm: 'holdfast-test', path: join(dir, 'htpasswd') } } } : {}),
  };
  await mkdir(join(dir, 'data'));
  await writeFile(join(dir, 'htpasswd'), HTPASSWD, { mode: 0o600 });
  // JSON is YAML.
  await writeFile(join(dir, 'config.yml'), JSON.stringify(config));
  const log = join(dir, 'registry.log');

  let pid: number | undefined;
  const registry: TestRegistry = {
    address,
    async push(host, localImage, name) {
      const [repo, tag = 'latest'] = name.split(':');
      const full = `${address}/${repo}`;
      await mustAsk(host, 'POST', `/images/${localImage}/tag?${new URLSearchParams({ repo: full, tag })}`);
      const credentials = options.auth ? { ...REGISTRY_CREDENTIALS, serveraddress: address } : {};
      const auth = Buffer.from(JSON.stringify(credentials)).toString('base64url');
      const answer = await mustAsk(host, 'POST', `/images/${full}/push?tag=${tag}`, {
        headers: { 'X-Registry-Auth': auth },
      });
      const failed = answer.split('\n').find((line) => line.includes('"error"'));
      if (failed) throw new Error(`pushing ${full}:${tag}: ${failed.trim()}`);
      return `${full}:${tag}`;
    },
    async start() {
      const daemon = await startDaemon(program, ['serve', join(dir, 'config.yml')], log);
      const answers = (): Promise<boolean> =>
        fetch(`http://${address}/v2/`).then(
          () => true,
          () => false,
        );
      const isUp = await until(async () => daemon.hasExited() || (await answers()), 20_000);
      if (!isUp || daemon.hasExited()) throw new Error(`docker-registry did not come up:\n${await tail(log)}`);
      pid = daemon.pid;
    },
    async stop() {
      if (pid !== undefined) await stopProcesses([pid], 3000);
      pid = undefined;
    },
    async remove() {
      await registry.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  try {
    await registry.start();
  } catch (error) {
    await registry.remove();
    throw error;
  }
  return registry;
}

/** A port that nothing listens on, at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
