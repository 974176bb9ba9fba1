import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import ssh2 from 'ssh2';
import { type GitRemote, parseGitRemote } from '../../../src/git/remote.ts';
import { openTransport, type TransportOptions } from '../../../src/git/transport/open-transport.ts';
import type { Transport } from '../../../src/git/transport/transport.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { credentialsFrom } from '../../../src/net/credentials/credentials.ts';
import { parseOci } from '../../../src/registry/oci/oci-reference.ts';
import { openRegistry } from '../../../src/registry/oci/open-registry.ts';
import { failure } from '../../support/git/followed-repo.ts';

const LIMITS = { bytes: 1e6, idle: 300, total: 60_000, redirects: 5 };
let dir: string;
const ends: (() => void)[] = [];
const sockets = new Set<net.Socket>();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-waits-'));
});
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await rm(dir, { recursive: true, force: true });
});

function listen(server: net.Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port));
    ends.push(() => server.close());
  });
}

/** Takes connections, and says nothing. */
const silent = (): Promise<number> =>
  listen(
    net.createServer((socket) => {
      socket.on('error', () => undefined);
      sockets.add(socket);
    }),
  );

/** A server that asks every client for credentials. */
const refusing = (challenge: string): Promise<number> =>
  listen(
    net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () =>
        socket.write(`HTTP/1.1 401 No\r\nWWW-Authenticate: ${challenge}\r\nContent-Length: 0\r\n\r\n`),
      );
      sockets.add(socket);
    }),
  );

/** An SSH server that lets everybody in, and falls silent at what it is asked then; the public key that it shows. */
async function silentAfterLogin(
  answer: (channel: ssh2.ServerChannel) => void = () => undefined,
): Promise<{ port: number; logins: () => number }> {
  const host = ssh2.utils.generateKeyPairSync('ed25519');
  let logins = 0;
  const server = new ssh2.Server({ hostKeys: [host.private] }, (client) => {
    client.on('authentication', (asked) => asked.accept());
    client.on('ready', () => {
      logins++;
      client.on('session', (accept) => {
        accept().on('exec', (take) => answer(take()));
      });
    });
    client.on('error', () => undefined);
  });
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port)),
  );
  ends.push(() => server.close());
  const [type, key] = host.public.split(' ');
  await writeFile(join(dir, 'known_hosts'), `[127.0.0.1]:${port} ${type} ${key}\n`);
  return { port, logins: () => logins };
}

const script = async (text: string): Promise<string> => {
  const path = join(dir, 'program');
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
};

const open = (url: string, options: Partial<TransportOptions> = {}): Transport => {
  const transport = openTransport(parseGitRemote(url) as GitRemote, LIMITS, { clock: systemClock, ...options });
  ends.push(() => transport.close());
  return transport;
};

type Wait = () => Promise<(signal: AbortSignal) => Promise<unknown>>;
const refs =
  (transport: Transport) =>
  (signal: AbortSignal): Promise<unknown> =>
    transport.refs(['HEAD'], signal);

const WAITS: [name: string, wait: Wait, words: RegExp][] = [
  ['an HTTP server', async () => refs(open(`http://127.0.0.1:${await silent()}/a.git`)), /sent nothing for 0.3 s/],
  ['a TLS server', async () => refs(open(`https://127.0.0.1:${await silent()}/a.git`)), /sent nothing for 0.3 s/],
  [
    'a proxy that is asked for a tunnel',
    async () => refs(open('https://git.example/a.git', { proxy: { https: `http://127.0.0.1:${await silent()}` } })),
    /sent nothing for 0.3 s/,
  ],
  [
    'a proxy behind TLS that does not even shake hands',
    async () => refs(open('https://git.example/a.git', { proxy: { https: `https://127.0.0.1:${await silent()}` } })),
    /sent nothing for 0.3 s/,
  ],
  [
    'a proxy that is asked for a page',
    async () => refs(open('http://git.example/a.git', { proxy: { http: `http://127.0.0.1:${await silent()}` } })),
    /sent nothing for 0.3 s/,
  ],
  [
    'a server that gives out the tokens of a registry',
    async () => {
      const port = await refusing(`Bearer realm="http://127.0.0.1:${await silent()}/token"`);
      const registry = openRegistry(parseOci(`oci://127.0.0.1:${port}/a:main`), 'pull', LIMITS, { clock: systemClock });
      ends.push(() => registry.close());
      return (signal) => registry.ask({ method: 'GET', path: 'manifests/main', accepts: [200] }, signal);
    },
    /sent nothing for 0.3 s/,
  ],
  [
    'an SSH server before its greeting',
    async () => {
      await writeFile(join(dir, 'known_hosts'), '');
      return refs(
        open(`ssh://git@127.0.0.1:${await silent()}/a.git`, { ssh: { knownHostsFiles: [join(dir, 'known_hosts')] } }),
      );
    },
    /sent nothing for 0.3 s/,
  ],
  [
    'an SSH server between login and answer',
    async () => {
      const { port } = await silentAfterLogin();
      return refs(open(`ssh://git@127.0.0.1:${port}/a.git`, { ssh: { knownHostsFiles: [join(dir, 'known_hosts')] } }));
    },
    /sent nothing for 0.3 s/,
  ],
  [
    'a program that prints credentials, and leaves another behind that holds its output',
    async () => {
      const credentialCommand = [await script('sleep 60 & sleep 60')];
      return refs(
        open(`http://127.0.0.1:${await silent()}/a.git`, {
          credentials: credentialsFrom({ credentialCommand }, systemClock),
        }),
      );
    },
    /^The program or file with the credentials for the repo did not answer within 0.3 s/,
  ],
  [
    'a source of credentials for a registry',
    async () => {
      const port = await refusing('Basic realm="r"');
      const registry = openRegistry(parseOci(`oci://127.0.0.1:${port}/a:main`), 'pull', LIMITS, {
        clock: systemClock,
        registryAuth: () => new Promise(() => undefined),
      });
      ends.push(() => registry.close());
      return (signal) => registry.ask({ method: 'GET', path: 'manifests/main', accepts: [200] }, signal);
    },
    /^The program or file with the credentials for 127.0.0.1:\d+ did not answer within 0.3 s/,
  ],
];

describe.each(WAITS)('%s that says nothing', (_, wait, words) => {
  test('is left at the limit, in words', async () => {
    const ask = await wait();
    const error = await failure(ask(new AbortController().signal));
    expect(error).toMatchObject({ kind: 'unreachable' });
    expect(error.message).toMatch(words);
  });

  test('is left at once when the agent ends', async () => {
    const ask = await wait();
    const stopping = new AbortController();
    const asked = failure(ask(stopping.signal));
    setTimeout(() => stopping.abort(), 50);
    const began = performance.now();
    expect(await asked).toMatchObject({ kind: 'aborted' });
    expect(performance.now() - began).toBeLessThan(280);
  });
});

test('an SSH connection that fell silent is not asked again: the next poll makes a new one', async () => {
  const { port, logins } = await silentAfterLogin();
  const transport = open(`ssh://git@127.0.0.1:${port}/a.git`, { ssh: { knownHostsFiles: [join(dir, 'known_hosts')] } });
  for (let i = 0; i < 2; i++) await failure(transport.refs(['HEAD'], new AbortController().signal));
  expect(logins()).toBe(2);
});

test('a kept SSH connection that falls silent between two polls is left by itself, and the next poll makes a new one', async () => {
  const { port, logins } = await silentAfterLogin((channel) => {
    channel.write('000eversion 2\n0000');
    channel.once('data', () => channel.write('0000'));
  });
  // Between the two, so that the connection falls silent without an end.
  const links: { client: net.Socket; server: net.Socket }[] = [];
  const between = await listen(
    net.createServer((client) => {
      const server = net.connect(port, '127.0.0.1');
      for (const socket of [client, server]) {
        socket.on('error', () => undefined);
        sockets.add(socket);
      }
      client.pipe(server).pipe(client);
      links.push({ client, server });
    }),
  );
  const file = join(dir, 'known_hosts');
  await writeFile(file, (await readFile(file, 'utf8')).replace(`:${port} `, `:${between} `));
  const remote = parseGitRemote(`ssh://git@127.0.0.1:${between}/a.git`) as GitRemote;
  const ssh = { knownHostsFiles: [file] };
  const transport = openTransport(remote, { ...LIMITS, idle: 1_000 }, { clock: systemClock, ssh });
  ends.push(() => transport.close());
  const signal = new AbortController().signal;
  expect(await transport.refs(['HEAD'], signal)).toEqual([]);
  expect(await transport.refs(['HEAD'], signal)).toEqual([]);
  expect(logins()).toBe(1);
  const [first] = links;
  first?.server.unpipe(first.client);
  await new Promise((resolve) => first?.client.once('close', resolve));
  expect(await transport.refs(['HEAD'], signal)).toEqual([]);
  expect(logins()).toBe(2);
});

test('a token file that is a FIFO stops nobody', async () => {
  const tokenFile = join(dir, 'token');
  const { execFileSync } = await import('node:child_process');
  execFileSync('mkfifo', [tokenFile]);
  const credentials = await credentialsFrom({ tokenFile }, systemClock)({ refused: false, username: 'ada' });
  expect(credentials).toEqual({ username: 'ada', password: '' });
});
