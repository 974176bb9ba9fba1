import { createHash, randomBytes } from 'node:crypto';
import * as http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mustAsk } from '../../scripts/machine/engine-http.ts';
import { until } from '../../scripts/machine/processes.ts';
import { ARTIFACT, BUNDLE, EMPTY, encodeArtifact, MANIFEST } from '../../src/source/bundle/artifact.ts';
import { type BuiltAgent, builtAgent } from '../support/built-agent.ts';
import { app, type ChaosSite, chaosSite, describeChaos, fleet, staying } from '../support/chaos-site.ts';
import { type AgentProcess, holdfast } from '../support/holdfast-process.ts';
import {
  type Asked,
  type Behaviour,
  type HostileFront,
  head,
  pour,
  startHostileFront,
} from '../support/hostile-front.ts';
import { hostileLinks } from '../support/hostile-links.ts';
import { type MemoryWatch, watchMemory } from '../support/memory-watch.ts';
import { blob, header, packOfEntries, sealed } from '../support/packs.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { killByHand } from '../support/site.ts';

const GIT = 'application/x-git-upload-pack-result';
const MIB = 1024 * 1024;
const ENVIRONMENT = { HOLDFAST_GIT_USERNAME: 'edge', HOLDFAST_GIT_PASSWORD: 'open-sesame-4711' };

/** A server on this machine that nothing may connect to, and the connections that came. */
const elsewhere = { address: '', told: 0 };
const canary = http.createServer((request, response) => {
  if (request.method === 'POST' || request.headers.authorization !== undefined) elsewhere.told += 1;
  response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="elsewhere"' }).end('{}');
});
let built: BuiltAgent;

beforeAll(async () => {
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
  elsewhere.address = `127.0.0.1:${(canary.address() as AddressInfo).port}`;
  built = await builtAgent();
}, 60_000);
afterAll(async () => {
  canary.closeAllConnections();
  canary.close();
  await built?.remove();
});

/** Bombs take a while to make: each is made when it is first sent. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const packet = (data: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from((Buffer.byteLength(data) + 4).toString(16).padStart(4, '0')), Buffer.from(data)]);
const band = (number: number, data: Buffer | string): Buffer =>
  packet(Buffer.concat([Buffer.from([number]), Buffer.from(data)]));

/** Says that there is a new commit, and does this to who fetches it. */
const fetching =
  (answer: (socket: Socket) => void): Behaviour =>
  ({ method, body }, socket) => {
    if (method !== 'POST') return false;
    socket.write(head('200 OK', { 'Content-Type': GIT }));
    if (body.includes('command=ls-refs'))
      return void socket.end(`${packet(`${randomBytes(20).toString('hex')} HEAD\n`)}0000`);
    return void answer(socket);
  };
const pack = (make: () => Buffer): Behaviour => {
  const made = once(make);
  return fetching((socket) => {
    socket.write(packet('packfile\n'));
    for (let at = 0; at < made().length; at += 60_000) socket.write(band(1, made().subarray(at, at + 60_000)));
    socket.end('0000');
  });
};
const zeros = (size: number): Buffer => deflateSync(Buffer.alloc(size), { level: 1 });
const times = (count: number, raw: Buffer): { raw: Buffer }[] => Array.from({ length: count }, () => ({ raw }));
/** A delta of a base of that size to an object of another. */
const delta = (from: number, to: number, body: Buffer): Buffer => Buffer.concat([sizeOf(from), sizeOf(to), body]);
const sizeOf = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
};
const COPY_64_KIB = Buffer.from([0x80]);

const gitServers = (): Record<string, Behaviour> => ({
  ...hostileLinks(GIT, elsewhere.address),
  'refs without end': ({ body }, socket) => {
    if (!body.includes('command=ls-refs')) return false;
    socket.write(head('200 OK', { 'Content-Type': GIT }));
    return void pour(
      socket,
      Buffer.concat(Array.from({ length: 500 }, (_, i) => packet(`${'1'.repeat(40)} HEAD${i}\n`))),
    );
  },
  'an error in letters that steer a terminal': (_, socket) =>
    void socket.end(
      `${head('200 OK', { 'Content-Type': GIT })}${packet(`ERR \x1b[2J\r\n::error::${'x'.repeat(60_000)}`)}`,
    ),
  'progress without end': fetching((socket) => {
    socket.write(packet('packfile\n'));
    pour(socket, band(2, 'x'.repeat(60_000)));
  }),
  'sections without end': fetching((socket) =>
    pour(socket, Buffer.concat([packet('acknowledgments\n'), packet('NAK\n'), Buffer.from('0001')])),
  ),
  'a pack without end': fetching((socket) => {
    const start = Buffer.from('PACK\0\0\0\x02\0\x07\0\0', 'latin1');
    socket.write(Buffer.concat([packet('packfile\n'), band(1, start)]));
    const entry = Buffer.concat([header(3, 1), deflateSync('x')]);
    pour(socket, band(1, Buffer.concat(Array.from({ length: 4000 }, () => entry))));
  }),
  'a pack of four billion objects': pack(() => packOfEntries([blob('x')], 0xffffffff)),
  'an object of a petabyte': pack(() =>
    packOfEntries([{ raw: Buffer.concat([header(3, 2 ** 50), deflateSync('x')]) }]),
  ),
  'an object that is far longer than it says': pack(() =>
    packOfEntries(times(2, Buffer.concat([header(3, 10), zeros(100 * MIB)]))),
  ),
  'a gigabyte and more, as it says': pack(() =>
    packOfEntries(times(40, Buffer.concat([header(3, 31 * MIB), zeros(31 * MIB)]))),
  ),
  'changes that make a petabyte': pack(() =>
    packOfEntries([blob('x'.repeat(65_536)), { back: 1, delta: delta(65_536, 2 ** 50, COPY_64_KIB) }]),
  ),
  'changes upon changes, each of 31 MiB': pack(() =>
    packOfEntries([
      blob('x'.repeat(65_536)),
      { back: 1, delta: delta(65_536, 31 * MIB, Buffer.alloc(496, COPY_64_KIB)) },
      ...Array.from({ length: 200 }, () => ({
        back: 1,
        delta: delta(31 * MIB, 31 * MIB, Buffer.alloc(496, COPY_64_KIB)),
      })),
    ]),
  ),
  'a pack that is rubbish': pack(() =>
    sealed(Buffer.concat([Buffer.from('PACK\0\0\0\x02\0\0\x01\0', 'latin1'), randomBytes(100_000)])),
  ),
});

const digestOf = (content: string | Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
const json = (socket: Socket, text: string, headers: Record<string, string> = {}): void =>
  void socket.end(
    `${head('200 OK', { 'Content-Type': MANIFEST, 'Content-Length': Buffer.byteLength(text), 'Docker-Content-Digest': digestOf(text), ...headers })}${text}`,
  );
/** A manifest, and for its layers whatever is done. */
const registry =
  (manifest: string, layer?: (socket: Socket, asked: Asked) => void, headers?: Record<string, string>): Behaviour =>
  (asked, socket) => {
    if (asked.method === 'TLS') return false;
    if (layer && asked.path.includes('/blobs/')) return void layer(socket, asked);
    if (asked.method === 'HEAD')
      return void socket.end(
        head('200 OK', {
          'Content-Type': MANIFEST,
          'Content-Length': Buffer.byteLength(manifest),
          'Docker-Content-Digest': digestOf(manifest),
          ...headers,
        }),
      );
    return void json(socket, manifest, headers);
  };
const artifact = (...layers: { digest: string; size: number }[]): string =>
  encodeArtifact({ layers: layers.map((layer) => ({ ...layer, replaces: [] })), annotations: {} });
const bytes = (content: Buffer | string) => (socket: Socket) => {
  socket.write(head('200 OK', { 'Content-Type': 'application/octet-stream', 'Content-Length': content.length }));
  socket.end(content);
};
const bundle = (make: () => Buffer): Behaviour => {
  const made = once(make);
  return (asked, socket) =>
    registry(artifact({ digest: digestOf(made()), size: made().length }), bytes(made()))(asked, socket);
};
const bundleOf = (objects: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`# v2 git bundle\n${'1'.repeat(40)} refs/heads/main\n\n`), objects]);
const OTHER = { digest: `sha256:${'1'.repeat(64)}`, size: 20 * MIB };

const registries = (): Record<string, Behaviour> => {
  // Where a registry says that tokens are given out, credentials are told: nobody is there.
  const links = hostileLinks(MANIFEST, '127.0.0.1:9');
  const shared = [
    'no word at all',
    'a byte a second',
    'an answer without end',
    'credentials that are never right',
    'a redirect to itself',
  ];
  return {
    ...Object.fromEntries(shared.map((name) => [name, links[name] as Behaviour])),
    'a manifest of brackets': registry('['.repeat(MIB - 1)),
    'a manifest of a million layers': registry(
      `{"schemaVersion":2,"mediaType":"${MANIFEST}","artifactType":"${ARTIFACT}","layers":[${'0,'.repeat(500_000)}0]}`,
    ),
    'a manifest that is another than its digest': registry(artifact(OTHER), undefined, {
      'Docker-Content-Digest': OTHER.digest,
    }),
    'layers without sense': registry(
      JSON.stringify({
        ...JSON.parse(artifact(OTHER)),
        layers: [{ mediaType: BUNDLE, digest: '../../x', size: -1 }, EMPTY],
      }),
    ),
    'a layer of four petabytes': registry(artifact({ ...OTHER, size: 2 ** 52 })),
    'a layer without end': registry(artifact(OTHER), (socket) => {
      socket.write(head('200 OK', { 'Content-Type': 'application/octet-stream' }));
      socket.write(bundleOf(Buffer.from('PACK\0\0\0\x02\0\0\x01\0', 'latin1')));
      pour(socket, Buffer.alloc(64 * 1024, 'x'));
    }),
    'a layer that breaks off after each byte': registry(artifact(OTHER), (socket, { path }) => {
      expect(path).toContain(OTHER.digest);
      socket.end(`${head('200 OK', { 'Content-Type': 'application/octet-stream', 'Content-Length': 2 ** 52 })}#`);
    }),
    'a layer that leads to the metadata of a cloud': registry(artifact(OTHER), (socket) =>
      socket.end(head('307 Temporary Redirect', { Location: 'http://169.254.169.254/', 'Content-Length': 0 })),
    ),
    'a layer that leads to who asks for credentials': registry(artifact(OTHER), (socket) =>
      socket.end(head('307 Temporary Redirect', { Location: `http://${elsewhere.address}/`, 'Content-Length': 0 })),
    ),
    'a bundle of refs without end': registry(artifact(OTHER), (socket) => {
      socket.write(`${head('200 OK', { 'Content-Type': 'application/octet-stream' })}# v2 git bundle\n`);
      pour(socket, Array.from({ length: 20_000 }, (_, i) => `${'1'.repeat(40)} refs/heads/main-${i}\n`).join(''));
    }),
    'a bundle of one line without end': registry(artifact(OTHER), (socket) => {
      socket.write(`${head('200 OK', { 'Content-Type': 'application/octet-stream' })}# v2 git bundle\n`);
      pour(socket, 'x'.repeat(64 * 1024));
    }),
    'a bundle of an object that is far longer than it says': bundle(() =>
      bundleOf(packOfEntries(times(2, Buffer.concat([header(3, 10), zeros(100 * MIB)])))),
    ),
    'a bundle of rubbish': bundle(() => randomBytes(100_000)),
    'rubbish in a handshake': ({ method }, socket) => {
      if (method !== 'TLS') return false;
      socket.write(Buffer.from([0x16, 0x03, 0x03, 0x40, 0x00]));
      return void pour(socket, randomBytes(64 * 1024));
    },
    'a token without end': ({ method, path }, socket) => {
      if (method === 'TLS') return false;
      if (path.startsWith('/token')) {
        socket.write(head('200 OK', { 'Content-Type': 'application/json' }));
        return void pour(socket, `{"token":"${'x'.repeat(64 * 1024)}`);
      }
      const realm = `Bearer realm="http://${socket.localAddress}:${socket.localPort}/token",service="x"`;
      return void socket.end(head('401 Unauthorized', { 'WWW-Authenticate': realm, 'Content-Length': 0 }));
    },
  };
};

/** After these it is told to end while they go on, and begins again with them. */
const ENDING = [
  'no word at all',
  'a byte a second',
  'interim answers without end',
  'an answer without end',
  'changes upon changes, each of 31 MiB',
  'a layer without end',
  'rubbish in a handshake',
];

/** Which limit or rule ends them, so that each does what it is named by. */
const SAID: Record<string, RegExp> = {
  'a redirect to the metadata of a cloud': /169\.254\.169\.254.*refused/,
  'refs without end': /did not finish its answer|lists more than/,
  'an error in letters that steer a terminal': /refused: \\x1b\[2J/,
  'progress without end': /did not finish its answer/,
  'a pack of four billion objects': /maxObjects/,
  'an object of a petabyte': /maxFileBytes/,
  'an object that is far longer than it says': /unpacks to more than it says/,
  'a gigabyte and more, as it says': /maxUnpackedBytes/,
  'changes that make a petabyte': /maxFileBytes/,
  'changes upon changes, each of 31 MiB': /maxUnpackedBytes/,
  'a pack that is rubbish': /damaged/,
  'a manifest of brackets': /is none/,
  'a manifest of a million layers': /more than 100 layers/,
  'a manifest that is another than its digest': /not the one of digest/,
  'layers without sense': /without a digest/,
  'a layer of four petabytes': /maxFetchBytes/,
  'a layer without end': /longer than its manifest says|damaged/,
  'a layer that leads to the metadata of a cloud': /169\.254\.169\.254.*refused/,
  'a layer that leads to who asks for credentials': /given to no other server/,
  'a bundle of refs without end': /longer than 1048576 bytes/,
  'a bundle of one line without end': /longer than 1048576 bytes/,
  'a bundle of an object that is far longer than it says': /unpacks to more than it says/,
  'a token without end': /gives no token/,
  // On this machine a registry need not speak TLS: it is asked without.
  'rubbish in a handshake': /following oci:/,
};

describeChaos('a server that was made to do harm', () => {
  describe('of Git', () => suite(gitServers, async () => undefined));

  describe('of artifacts', () => {
    let served: TestRegistry;
    afterAll(() => served?.remove());
    suite(registries, async () => {
      served = await startRegistry();
      return served;
    });
  });
});

/** One agent for all that a kind of server does. `serve` gives the registry, where it is none of Git. */
function suite(servers: () => Record<string, Behaviour>, serve: () => Promise<TestRegistry | undefined>): void {
  let site: ChaosSite;
  let front: HostileFront;
  let agent: AgentProcess;
  let memory: MemoryWatch;
  let publish: () => Promise<void>;
  let killed = 0;
  const names = Object.keys(servers());
  const all = once(servers);
  /** One for each time that something is broken by hand: the same one again and again would be mended more and more slowly. */
  const SPARES = names.length + ENDING.length + 1;
  const spares = Object.fromEntries(Array.from({ length: SPARES }, (_, i) => [`w${i}`, {}]));

  const begins = async (): Promise<void> => {
    const limits = ['--interval', '500ms', '--git-timeout', '1s', '--git-total-timeout', '3s'];
    agent = await site.start({
      args: limits,
      command: built.command,
      env: { ...built.env, ...ENVIRONMENT },
    });
    memory = watchMemory(agent.pid);
  };
  const ends = async (): Promise<void> => {
    process.kill(agent.pid, 'SIGTERM');
    expect(await until(async () => agent.hasExited(), 60_000)).toBe(true);
    expect(await agent.exited).toEqual({ code: 0, signal: null });
    memory.stop();
  };
  const heals = async (): Promise<void> => {
    const name = `${site.app('a')}-w${killed++}-1`;
    const state = async (): Promise<{ Running: boolean; StartedAt: string }> =>
      JSON.parse(await mustAsk(site.host, 'GET', `/containers/${name}/json`)).State;
    const before = await state();
    await killByHand(site.host, name);
    const isBack = async (): Promise<boolean> => {
      const { Running, StartedAt } = await state();
      return Running && StartedAt !== before.StartedAt;
    };
    expect(await until(isBack, 60_000)).toBe(true);
  };
  const looks = (): boolean => process.kill(agent.pid, 'SIGHUP');

  beforeAll(async () => {
    site = await chaosSite();
    const store = await serve();
    front = await startHostileFront(store?.address ?? new URL(site.git.url).host, ({ method, body }) =>
      store ? method === 'HEAD' || method === 'TLS' : body.includes('command=ls-refs'),
    );
    site.url = store ? `oci://${front.address}/fleet:main` : `http://${front.address}/fleet.git`;
    publish = async () => {
      if (!store) return;
      const { code, stderr } = await holdfast(['push', site.repo.dir, site.url]);
      expect([code, stderr]).toEqual([0, '']);
    };
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying(spares)) });
    await publish();
    await begins();
    await site.becomes(
      'all run',
      (found) => found.filter(({ state }) => state === 'running').length === SPARES,
      40_000,
    );
  }, 90_000);
  afterAll(async () => {
    memory?.stop();
    await front?.close();
    await site?.close();
  }, 60_000);

  test.each(names)('%s: it is left alone, and the site is kept', async (name) => {
    const from = (await site.log()).length;
    front.behave(all()[name]);
    looks();
    expect(await until(async () => front.begun > 0, 60_000)).toBe(true);
    await heals();
    if (ENDING.includes(name)) {
      await ends();
      await begins();
      await heals();
    }
    // The next question comes after the end of the one before.
    const { begun } = front;
    looks();
    expect(await until(async () => front.begun > begun, 60_000)).toBe(true);
    await site.sees(SAID[name] ?? /cannot read|is refused/, { from });
    expect(agent.hasExited()).toBe(false);
    expect(await memory.peak()).toBeLessThan(built.memoryLimit);
    expect(elsewhere.told).toBe(0);
  });

  test('is followed again once it does what it should, and nothing of it steers a terminal', async () => {
    front.behave(undefined);
    await site.repo.commit(app(site, 'b', staying({ web: {} })));
    await publish();
    looks();
    await site.becomes('the new app runs', (found) =>
      found.some(({ app: name, state }) => name === site.app('b') && state === 'running'),
    );
    await heals();
    await ends();
    for (const { message } of await site.log()) {
      expect(message).not.toMatch(/\p{Cc}/u);
      expect(message.length).toBeLessThan(2000);
    }
    expect(JSON.stringify(await site.log())).not.toContain(ENVIRONMENT.HOLDFAST_GIT_PASSWORD);
  });
}
