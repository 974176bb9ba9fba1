import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { until } from '../../../scripts/machine/processes.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { SourceError } from '../../../src/lib/errors.ts';
import { type GitSourceOptions, gitSource } from '../../../src/source/git-source.ts';
import type { Source } from '../../../src/source/source.ts';
import { failure } from '../../support/git/followed-repo.ts';
import type { GitRepo } from '../../support/git/git-repo.ts';
import { type GitServer, startGitServer } from '../../support/git/git-server.ts';
import { type GitSshServer, startGitSshServer } from '../../support/git/git-ssh-server.ts';
import { type Authority, createAuthority } from '../../support/net/authority.ts';
import { type FaultProxy, startFaultProxy } from '../../support/net/fault-proxy.ts';
import { startForwardProxy } from '../../support/net/forward-proxy.ts';
import { canStartNginx, type Nginx, type NginxOptions, startNginx } from '../../support/net/nginx.ts';
import { canStartSshServer } from '../../support/net/ssh-server.ts';

jest.setTimeout(120_000);

const live = new AbortController().signal;
const credentials = { username: 'site', password: 's3cret:with spaces' };
let base: string;
let authority: Authority;
let server: GitServer;
let repo: GitRepo;
let dirs = 0;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'holdfast-links-'));
  authority = await createAuthority(base);
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  server = await startGitServer();
  cleanups.push(() => server.close());
  repo = await server.repo('edge');
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Each has a store of its own, or what one fetched the next would not ask for. */
function open(options: Partial<GitSourceOptions> & { url: string }): Source {
  const source = gitSource({ dir: join(base, `store-${dirs++}`), clock: systemClock, ...options });
  cleanups.push(() => source.close());
  return source;
}

async function nginx(options: Partial<NginxOptions> = {}): Promise<Nginx> {
  const started = await startNginx(base, { upstream: server.url, authority, ...options });
  cleanups.push(() => started.stop());
  return started;
}

async function badLink(port: number): Promise<FaultProxy> {
  const proxy = await startFaultProxy(port);
  cleanups.push(() => proxy.close());
  return proxy;
}

const at = (port: number): string => `https://127.0.0.1:${port}/edge.git`;

async function read(source: Source, commit: string, path: string): Promise<string | undefined> {
  const snapshot = await source.fetch(commit, live);
  try {
    const file = await snapshot.read(path);
    return file && Buffer.from(file.content).toString();
  } finally {
    await snapshot.dispose();
  }
}

const describeNginx = (await canStartNginx()) ? describe : describe.skip;

describeNginx('git http-backend behind nginx, with TLS by a private authority', () => {
  test('is polled and fetched with a password, and refuses another', async () => {
    const commit = await repo.commit({ a: '1' });
    const { port } = await nginx({ credentials });
    const source = open({ url: at(port), caFile: authority.caFile, credentials: async () => credentials });
    expect(await source.poll(live)).toMatchObject({ commit });
    expect(await read(source, commit, 'a')).toBe('1');
    const other = { ...credentials, password: 'wr0ng' };
    const error = await failure(
      open({ url: at(port), caFile: authority.caFile, credentials: async () => other }).poll(live),
    );
    expect(error).toMatchObject({ kind: 'auth' });
    expect(error.message).not.toContain('wr0ng');
    expect(await failure(open({ url: at(port) }).poll(live))).toMatchObject({ kind: 'tls' });
  });

  test('asks for a client certificate, which may be renewed while the agent runs', async () => {
    const commit = await repo.commit({ a: '1' });
    const { port } = await nginx({ clientCertificates: true });
    const { caFile } = authority;
    expect((await failure(open({ url: at(port), caFile }).poll(live))).message).toMatch(/HTTP 400/);
    const certFile = join(base, 'renewed.pem');
    const keyFile = join(base, 'renewed.key');
    await writeFile(certFile, await readFile(authority.client.certFile));
    await writeFile(keyFile, await readFile(authority.client.keyFile));
    const source = open({ url: at(port), caFile, certFile, keyFile });
    expect(await source.poll(live)).toMatchObject({ commit });
    const stranger = await createAuthority(await mkdtemp(join(base, 'other-')));
    await writeFile(certFile, await readFile(stranger.client.certFile));
    await writeFile(keyFile, await readFile(stranger.client.keyFile));
    expect((await failure(source.poll(live))).message).toMatch(/HTTP 400/);
    await rm(certFile);
    expect(await failure(source.poll(live))).toMatchObject({ kind: 'auth' });
  });

  test('resumes its TLS session where the connection was not kept', async () => {
    await repo.commit({ a: '1' });
    const behind = await nginx({ withoutKeepAlive: true });
    const source = open({ url: at(behind.port), caFile: authority.caFile });
    for (let poll = 0; poll < 3; poll++) await source.poll(live);
    // nginx writes its log after it has answered.
    await until(async () => (await behind.resumed()).length >= 3, 60_000);
    expect((await behind.resumed()).slice(-3)).toEqual([false, true, true]);
  });

  test('is reached through a tunnel of a proxy that knows us, and not of one that does not', async () => {
    const commit = await repo.commit({ a: '1' });
    const { port } = await nginx();
    const proxy = await startForwardProxy('me:p@ss');
    cleanups.push(() => proxy.close());
    const { caFile } = authority;
    const https = proxy.url.replace('//', '//me:p%40ss@');
    const source = open({ url: at(port), caFile, proxy: { https } });
    expect(await source.poll(live)).toMatchObject({ commit });
    expect(await read(source, commit, 'a')).toBe('1');
    expect(proxy.asked).toEqual([`CONNECT 127.0.0.1:${port}`]);
    const unknown = await failure(open({ url: at(port), caFile, proxy: { https: proxy.url } }).poll(live));
    expect(unknown).toMatchObject({ kind: 'proxy' });
    expect(unknown.message).toMatch(/asks for credentials \(HTTP 407\)$/);
    await open({ url: at(port), caFile, proxy: { https, no: '127.0.0.0/8' } }).poll(live);
    expect(proxy.asked).toHaveLength(2);
    await proxy.close();
    cleanups.pop();
    expect(await failure(open({ url: at(port), caFile, proxy: { https } }).poll(live))).toMatchObject({
      kind: 'proxy',
    });
  });

  test('over a modem, with latency: slowly and whole', async () => {
    const commit = await repo.commit({ a: 'x'.repeat(2000), 'sub/b': '2' });
    const { port } = await nginx();
    const link = await badLink(port);
    link.faults = { rate: 7000, latency: 40 };
    const source = open({ url: at(link.port), caFile: authority.caFile });
    expect(await source.poll(live)).toMatchObject({ commit });
    expect(await read(source, commit, 'sub/b')).toBe('2');
  });

  test.each(['endAfter', 'resetAfter'] as const)(
    'cut by %s anywhere: an error, and whole at the next attempt',
    async (fault) => {
      const commit = await repo.commit({ a: 'x'.repeat(500), b: 'y' });
      const { port } = await nginx();
      const link = await badLink(port);
      const fetchOnce = async (): Promise<string | undefined> => {
        const source = open({ url: at(link.port), caFile: authority.caFile });
        return read(source, (await source.poll(live)).commit, 'b').finally(() => source.close());
      };
      expect(await fetchOnce()).toBe('y');
      const size = link.down;
      for (let cut = 1; cut < size; cut += Math.ceil(size / 25)) {
        link.faults = { [fault]: cut };
        // A kept connection is closed at the cut and asked again, so a fetch with a late cut may still succeed.
        const result = await fetchOnce().catch((error: unknown) => error);
        if (result !== 'y') expect(result).toBeInstanceOf(SourceError);
      }
      link.faults = {};
      expect(await fetchOnce()).toBe('y');
      expect(commit).toHaveLength(40);
    },
  );

  test('a link that stalls is left after the idle limit', async () => {
    await repo.commit({ a: '1' });
    const { port } = await nginx();
    const link = await badLink(port);
    for (const stallAfter of [0, 300, 900]) {
      link.faults = { stallAfter };
      const source = open({ url: at(link.port), caFile: authority.caFile, limits: { idle: 200 } });
      const error = await failure(source.poll(live).then(({ commit }) => source.fetch(commit, live)));
      expect(error.message).toMatch(/sent nothing for 0\.2 s$/);
    }
  });
});

describe('a plain Git server', () => {
  test('is asked for through a proxy by its full URL', async () => {
    const commit = await repo.commit({ a: '1' });
    const proxy = await startForwardProxy('me:pw');
    cleanups.push(() => proxy.close());
    const http = proxy.url.replace('//', '//me:pw@');
    expect(await open({ url: repo.url, proxy: { http } }).poll(live)).toMatchObject({ commit });
    expect(proxy.asked).toEqual([`POST ${repo.url}/git-upload-pack`]);
    expect(server.traffic).toHaveLength(1);
    expect(await failure(open({ url: repo.url, proxy: { http: proxy.url } }).poll(live))).toMatchObject({
      kind: 'proxy',
    });
  });

  test('a token is given as it is where that is asked for', async () => {
    await repo.commit({ a: '1' });
    await open({ url: repo.url, credentials: async () => ({ bearer: 'tok3n' }) }).poll(live);
    expect(server.traffic[0]?.authorization).toBe('Bearer tok3n');
  });

  test('an answer that comes twice is taken once or refused, and never mixed', async () => {
    const commit = await repo.commit({ a: '1' });
    const link = await badLink(Number(new URL(server.url).port));
    link.faults = { twice: true };
    const source = open({ url: `http://127.0.0.1:${link.port}/edge.git` });
    for (let round = 0; round < 5; round++) {
      const result = await source.poll(live).catch((error: unknown) => error);
      if (!(result instanceof SourceError)) expect(result).toMatchObject({ commit });
    }
    link.faults = {};
    expect(await open({ url: repo.url }).poll(live)).toMatchObject({ commit });
  });

  test('says how long it wants to be left alone', async () => {
    server.intercept = (_request, response) => {
      response.writeHead(429, { 'Retry-After': '30' }).end();
      return true;
    };
    expect(await failure(open({ url: repo.url }).poll(live))).toMatchObject({ kind: 'busy', retryAfter: 30_000 });
  });

  test('a page that a 303 leads to is not asked for', async () => {
    server.intercept = (_request, response) => {
      response.writeHead(303, { Location: '/login' }).end();
      return true;
    };
    await failure(open({ url: repo.url }).poll(live));
    expect(server.traffic.every(({ path }) => !path.includes('login'))).toBe(true);
  });

  test('a name that does not resolve has a sentence of its own', async () => {
    expect(await failure(open({ url: 'http://nowhere.invalid/edge.git' }).poll(live))).toMatchObject({ kind: 'dns' });
  });

  test('where the first of several remotes is down, the second is read', async () => {
    const commit = await repo.commit({ a: '1' });
    const mirror = await startGitServer();
    const dead = `${mirror.url}/edge.git`;
    await mirror.close();
    const source = open({ url: dead, others: [repo.url] });
    expect(await source.poll(live)).toMatchObject({ commit });
    expect(await read(source, commit, 'a')).toBe('1');
  });

  test('a folder on this machine can stand for one', async () => {
    const commit = await repo.commit({ a: '1' });
    const source = open({ url: repo.dir });
    expect(await source.poll(live)).toMatchObject({ commit });
    expect(await read(source, commit, 'a')).toBe('1');
    expect(await failure(open({ url: join(base, 'nothing') }).poll(live))).toMatchObject({ kind: 'notFound' });
  });
});

const describeSsh = (await canStartSshServer()) ? describe : describe.skip;

describeSsh('OpenSSH over a bad link', () => {
  let ssh: GitSshServer;
  beforeAll(async () => {
    ssh = await startGitSshServer(base);
  });
  afterAll(() => ssh.stop());

  test('cut anywhere: an error, and whole at the next attempt', async () => {
    const remote = await ssh.repo('edge');
    const commit = await remote.commit({ a: 'x'.repeat(500), b: 'y' });
    const link = await badLink(ssh.port);
    const known = join(base, 'known_hosts');
    await writeFile(known, `[127.0.0.1]:${link.port} ${await ssh.publicKey('ed25519')}\n`);
    const settings = { keyFile: ssh.keyFile, knownHostsFiles: [known] };
    const url = remote.url.replace(`:${ssh.port}`, `:${link.port}`);
    const fetchOnce = async (): Promise<string | undefined> => {
      const source = open({ url, ssh: settings, limits: { idle: 20_000 } });
      return read(source, (await source.poll(live)).commit, 'b').finally(() => source.close());
    };
    expect(await fetchOnce()).toBe('y');
    const size = link.down;
    for (let cut = 1; cut < size; cut += Math.ceil(size / 12)) {
      link.faults = { endAfter: cut };
      // A late cut costs one connection of two, and comes to the whole.
      const result = await fetchOnce().catch((error: unknown) => error);
      if (result !== 'y') expect(result).toBeInstanceOf(SourceError);
    }
    link.faults = {};
    expect(await fetchOnce()).toBe('y');
    expect(commit).toHaveLength(40);
  });
});
