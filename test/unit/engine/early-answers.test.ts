import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectionFrom } from '../../../src/engine/client/connection.ts';
import { dockerApi } from '../../../src/engine/client/docker-api.ts';
import { askEarly } from '../../../src/engine/client/early-answers.ts';
import { parseAnswer } from '../../../src/engine/client/http-answer.ts';

const OURS = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const labels = (site: string) => ({
  'dev.holdfast.site': site,
  'dev.holdfast.app': 'shop',
  'dev.holdfast.service': 'web',
  'dev.holdfast.number': '1',
  'dev.holdfast.asked': 'x',
});

/** The answers of the engine in these tests, by path without a version. */
const ANSWERS: Record<string, unknown> = {
  '/version': { Version: '20.10', ApiVersion: '1.41', MinAPIVersion: '1.12' },
  '/info': { ID: 'engine', Name: 'machine' },
  '/networks': [{ Id: 'n', Name: 'bridge' }],
  '/volumes': { Volumes: [{ Name: 'v' }] },
  '/containers/json?all=true': [
    { Id: OURS, Image: 'web:1', ImageID: 'sha256:1', Labels: labels('here') },
    { Id: OTHER, Image: 'db:1', ImageID: 'sha256:2', Labels: labels('elsewhere') },
    { Id: 'c'.repeat(64), Image: 'x', ImageID: 'sha256:3', Labels: {} },
  ],
  [`/containers/${OURS}/json`]: { Id: OURS, Name: '/ours', Config: { Labels: {} }, HostConfig: {}, State: {} },
  [`/containers/${OTHER}/json`]: { Id: OTHER, Name: '/other' },
  '/images/web:1/json': { Id: 'sha256:1' },
  '/images/sha256:1/json': { Id: 'sha256:1' },
};

let folder: string;
let socketPath: string;
let answers: Record<string, unknown>;
let asked: string[];
let server: net.Server;

const answer: RequestListener = ({ url = '' }, response) => {
  asked.push(url);
  const found = answers[url.replace(/^\/v[\d.]+/, '')];
  if (found === undefined) return response.writeHead(404).end('{"message":"No such container"}');
  // Without a length, so that it is sent in chunks, as engines do.
  response.writeHead(200, { 'Content-Type': 'application/json' }).write(JSON.stringify(found).slice(0, 5));
  return response.end(JSON.stringify(found).slice(5));
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-early-'));
  socketPath = join(folder, 'engine.sock');
  answers = { ...ANSWERS };
  asked = [];
  await serve(createServer(answer));
});

async function serve(other: net.Server): Promise<void> {
  server?.close();
  server = other;
  server.listen(socketPath);
  await once(server, 'listening');
}

afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const open = async (site: string | undefined = 'here') =>
  dockerApi(await connectionFrom({}, `unix://${socketPath}`), {}, askEarly(socketPath, site));

type Api = Awaited<ReturnType<typeof open>>;
/** All that a first observation asks of a container that is ours. */
const observe = async (api: Api) => ({
  facts: await api.facts(),
  containers: (await api.listContainers()).map(({ Id }) => Id),
  networks: (await api.listNetworks()).length,
  volumes: (await api.listVolumes()).length,
  image: await api.inspectImage('web:1'),
  inspected: (await api.inspectContainer(OURS)).Name,
});

describe('an engine that is asked before a plan needs it', () => {
  test('answers a first observation as it would otherwise, and is asked each thing once', async () => {
    const plainly = dockerApi(await connectionFrom({}, `unix://${socketPath}`), {});
    const expected = await observe(plainly);
    plainly.close();
    asked = [];
    const api = await open();
    expect(await observe(api)).toEqual(expected);
    expect(asked.filter((url) => url.startsWith('/v1'))).toEqual([]);
    expect(asked.length).toBe(new Set(asked).size);
    api.close();
  });

  test('is asked again by the next observation', async () => {
    const api = await open();
    await observe(api);
    answers['/networks'] = [];
    expect((await observe(api)).networks).toBe(0);
    api.close();
  });

  test('is asked for the containers of the site that was named, or for those of all sites', async () => {
    const named = await open();
    await observe(named);
    named.close();
    expect(asked.join()).not.toContain(OTHER);
    const unnamed = await open(undefined);
    await observe(unnamed);
    await unnamed.inspectContainer(OTHER);
    unnamed.close();
    expect(asked.join()).toContain(OTHER);
  });

  test.each([
    ['its newest API is newer than ours', { ...(ANSWERS['/version'] as object), ApiVersion: '1.99' }],
    ['it is Podman', { ...(ANSWERS['/version'] as object), Components: [{ Name: 'Podman Engine', Version: '5.4' }] }],
  ])('is asked again by version where %s', async (_, version) => {
    answers['/version'] = version;
    const api = await open();
    await observe(api);
    const versioned = asked.filter((url) => url.startsWith('/v1'));
    for (const path of ['/info', '/containers/json?all=true', '/networks', '/volumes'])
      expect(versioned.map((url) => url.replace(/^\/v[\d.]+/, ''))).toContain(path);
    api.close();
  });

  test('is asked again, as ever, for what it refused at first', async () => {
    delete answers['/networks'];
    const api = await open();
    await api.facts();
    await expect(api.listNetworks()).rejects.toMatchObject({ code: 'ENGINE' });
    answers['/networks'] = [];
    expect(await api.listNetworks()).toEqual([]);
    api.close();
  });

  test('tells of a container that is gone in the same words', async () => {
    delete answers[`/containers/${OURS}/json`];
    const api = await open();
    await api.listContainers();
    await expect(api.inspectContainer(OURS)).rejects.toMatchObject({ code: 'ENGINE', kind: 'notFound' });
    api.close();
  });

  test('may close each connection after an answer', async () => {
    await serve(createServer((request, response) => answer(request, response.setHeader('Connection', 'close'))));
    const api = await open();
    expect((await observe(api)).inspected).toBe('/ours');
    api.close();
  });

  test.each<[string, (socket: net.Socket) => void]>([
    ['hangs up', (socket) => socket.destroy()],
    ['breaks off', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"')],
    ['speaks something else', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n')],
  ])('does no harm when something that %s is in its place at first', async (_, act) => {
    await serve(net.createServer((socket) => socket.on('error', () => undefined).once('data', () => act(socket))));
    const early = askEarly(socketPath, 'here');
    expect(await early.take('/version')).toBeUndefined();
    await serve(createServer(answer));
    const api = dockerApi(await connectionFrom({}, `unix://${socketPath}`), {}, early);
    expect((await observe(api)).inspected).toBe('/ours');
    api.close();
  });

  test('is told nothing more once it is closed, and no connection stays', async () => {
    const early = askEarly(socketPath, 'here');
    early.close();
    expect(await early.take('/version')).toBeUndefined();
    await new Promise((resolve) => server.close(resolve));
  });

  test('is asked nothing more when it is closed between two answers', async () => {
    answers['/containers/json?all=true'] = Array.from({ length: 100 }, (_, index) => ({
      Id: String(index),
      Labels: labels('here'),
    }));
    const early = askEarly(socketPath, 'here');
    await early.take('/containers/json?all=true');
    early.close();
    await new Promise((resolve) => server.close(resolve));
    expect(asked.length).toBeLessThan(20);
  });

  test('need not be there', async () => {
    const early = askEarly(join(folder, 'none.sock'), 'here');
    expect(await early.take('/version')).toBeUndefined();
    early.close();
  });
});

describe('an answer of HTTP', () => {
  const chunked = Buffer.from(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer: x\r\n\r\n5\r\n{"a":\r\n00A\r\n"ü, …"}\r\n0\r\n\r\n',
  );
  const sized = Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-length: 9\r\nConnection: close\r\n\r\n{"a":"ü"}'.replace('9', '10'),
  );

  test.each([
    ['in chunks', chunked, { isKept: true }],
    ['with a length', sized, { body: '{"a":"ü"}', isKept: false }],
  ])('%s is whole only with its last byte', (_, bytes, expected) => {
    for (let length = 0; length < bytes.length; length++)
      expect(parseAnswer(bytes.subarray(0, length))).toBeUndefined();
    expect(parseAnswer(bytes)).toMatchObject(expected);
  });

  test.each([
    ['another status', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'],
    ['no length', 'HTTP/1.1 200 OK\r\n\r\n{}'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}'],
    ['more than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}'],
    ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}'],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n{}\r\n'],
    ['a chunk of another size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n'],
    ['something behind its end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP'],
  ])('with %s is an error', (_, text) => {
    expect(() => parseAnswer(Buffer.from(text))).toThrow('');
  });
});
