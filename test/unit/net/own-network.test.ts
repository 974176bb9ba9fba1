import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type GitRemote, parseGitRemote } from '../../../src/git/remote.ts';
import { httpTransport } from '../../../src/git/transport/http-transport.ts';
import { openTransport } from '../../../src/git/transport/open-transport.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { httpClient } from '../../../src/net/http/http.ts';
import { lookupWithin, type NameLookup, OutOfReachError, placeOf } from '../../../src/net/own-network.ts';
import { parseOci } from '../../../src/registry/oci/oci-reference.ts';
import { registryOf } from '../../../src/registry/oci/registry.ts';
import { failure } from '../../support/git/followed-repo.ts';

const LIMITS = { bytes: 1e6, idle: 5_000, total: 10_000, redirects: 5 };
const live = new AbortController().signal;
const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(handle: http.RequestListener): Promise<string> {
  const server = http.createServer(handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const noting =
  (reached: string[]): http.RequestListener =>
  ({ method }, response) => {
    reached.push(`${method}`);
    response.end();
  };

test.each([
  ['127.0.0.1', 'loopback'],
  ['127.9.9.9', 'loopback'],
  ['0.0.0.0', 'loopback'],
  ['::1', 'loopback'],
  ['::', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['64:ff9b::7f00:1', 'loopback'],
  ['169.254.169.254', 'linkLocal'],
  ['fe80::1%eth0', 'linkLocal'],
  ['10.1.2.3', 'private'],
  ['172.31.0.1', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd00::1', 'private'],
  ['203.0.113.9', 'public'],
  ['2001:db8::1', 'public'],
])('%s is %s', (address, place) => {
  expect(placeOf(address)).toBe(place);
});

/** A name server that answers each question for a name with the next of its answers, the last again and again. */
function nameServer(names: Record<string, string[][]>): { lookup: NameLookup } {
  const lookup: NameLookup = (name, options, callback) => {
    const answers = names[name] ?? [];
    const found = answers.length > 1 ? answers.shift() : answers[0];
    const list = (found ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if (options.all) callback(null, list);
    else callback(null, list[0]?.address ?? '', list[0]?.family);
  };
  return { lookup };
}

describe('a name', () => {
  // The repo's server is on loopback here, so that networks which it is not in are the private ones.
  test.each<[string, string[][]]>([
    ['has an address of another network', [['10.255.255.1']]],
    ['has several, all of other networks', [['10.255.255.1', '169.254.169.254', 'fd00::1']]],
  ])('that %s leads there by no redirect', async (_, answers) => {
    const server = await serve(({ url }, response) => {
      response.writeHead(307, { Location: `http://inside.example:80${url}` }).end();
    });
    const { lookup } = nameServer({ 'inside.example': answers });
    const client = httpClient({ clock: systemClock, credentials: async () => undefined, limits: LIMITS, lookup });
    const error = await failure(client.exchange({ method: 'GET', url: `${server}/a`, headers: {} }, undefined, live));
    expect(error.message).toMatch(/redirects to inside.example, an address of the site's own network/);
    client.close();
  });

  test('is connected to at addresses that were checked, whatever else it has, and whatever it has later', async () => {
    const { lookup } = nameServer({ 'evil.example': [['203.0.113.9', '127.0.0.1', '::1'], ['127.0.0.1']] });
    const within = lookupWithin('public', lookup);
    const resolve = () =>
      new Promise<unknown>((done) => within('evil.example', { all: true }, (error, found) => done(error ?? found)));
    expect(await resolve()).toEqual([{ address: '203.0.113.9', family: 4 }]);
    expect(await resolve()).toBeInstanceOf(OutOfReachError);
  });

  test('opens no way to the site when a proxy on this machine serves the repo', async () => {
    const reached: string[] = [];
    const inside = new URL(await serve(noting(reached)));
    const proxy = await serve((request, response) => {
      request.resume();
      response.writeHead(307, { Location: `http://other.example:${inside.port}/` }).end();
    });
    const { lookup } = nameServer({ 'evil.example': [['127.0.0.1']], 'other.example': [['127.0.0.1']] });
    const client = httpClient({
      clock: systemClock,
      credentials: async () => undefined,
      limits: LIMITS,
      lookup,
      proxy: { http: proxy, no: 'other.example' },
    });
    const error = await failure(
      client.exchange({ method: 'GET', url: 'http://evil.example/a', headers: {} }, undefined, live),
    );
    expect(error.message).toMatch(/which is refused/);
    expect(reached).toEqual([]);
    client.close();
  });

  test('that a repo moved to is checked at each request, also on the port where it was found first', async () => {
    const reached: string[] = [];
    const target = new URL(
      await serve((request, response) => {
        reached.push(`${request.method} ${request.url}`);
        request.resume();
        response.writeHead(200, { 'Content-Type': 'application/x-git-upload-pack-advertisement', Connection: 'close' });
        response.end('001e# service=git-upload-pack\n0000000eversion 2\n000cls-refs\n0000');
      }),
    );
    const server = await serve(({ url, method }, response) => {
      if (method === 'POST') return void response.writeHead(404).end();
      response.writeHead(302, { Location: `http://moved.example:${target.port}${url}` }).end();
    });
    const { lookup } = nameServer({ 'moved.example': [['127.0.0.1'], ['10.255.255.1']] });
    const client = httpClient({ clock: systemClock, credentials: async () => undefined, limits: LIMITS, lookup });
    const transport = httpTransport(client, `${server}/team/fleet`);
    await failure(transport.refs(['HEAD'], live));
    expect(reached).toEqual(['GET /team/fleet/info/refs?service=git-upload-pack']);
    transport.close();
  });
});

describe('a redirect', () => {
  test.each(['localhost', '127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0x7f.1', '169.254.169.254', '10.0.0.1'])(
    'from a public server never leads to %s of the site, by any method',
    async (host) => {
      const reached: string[] = [];
      const inside = new URL(await serve(noting(reached)));
      // It stands for the whole internet: the server has a public address, and is asked through a proxy.
      const proxy = await serve((request, response) => {
        const { pathname, search } = new URL(request.url ?? '');
        response.writeHead(307, { Location: `http://${host}:${inside.port}${pathname}${search}` }).end();
        request.resume();
      });
      const remote = parseGitRemote('http://203.0.113.9/team/fleet.git') as GitRemote;
      const transport = openTransport(remote, LIMITS, {
        clock: systemClock,
        proxy: { http: proxy, no: 'localhost,127.0.0.0/8' },
      });
      const error = await failure(transport.refs(['HEAD'], live));
      expect(error.message).toMatch(/^http:\/\/203.0.113.9 redirects to .* which is refused/);
      expect(reached).toEqual([]);
      transport.close();
    },
  );

  test('to another server is refused when the request has a body', async () => {
    const reached: string[] = [];
    const other = await serve(noting(reached));
    const server = await serve((request, response) => {
      request.resume();
      response.writeHead(308, { Location: `${other}/x` }).end();
    });
    const client = httpClient({ clock: systemClock, credentials: async () => undefined, limits: LIMITS });
    const sent = client.exchange(
      { method: 'POST', url: `${server}/token`, headers: {}, body: 'refresh_token=secret' },
      undefined,
      live,
    );
    expect((await failure(sent)).message).toMatch(/what is sent to it, which is refused$/);
    expect(reached).toEqual([]);
    client.close();
  });
});

test('a registry’s credentials and tokens go to no server that it redirects to, whatever that server asks', async () => {
  const told: (string | undefined)[] = [];
  const thief: string = await serve((request, response) => {
    told.push(request.headers.authorization);
    const challenge = request.url?.includes('basic') ? 'Basic realm="x"' : `Bearer realm="${thief}/token",service="x"`;
    response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
  });
  for (const kind of ['basic', 'bearer']) {
    const server = await serve((_, response) => void response.writeHead(307, { Location: `${thief}/${kind}` }).end());
    const reference = parseOci(`oci://${new URL(server).host}/a:main`);
    const client = httpClient({ clock: systemClock, credentials: async () => undefined, limits: LIMITS });
    const registry = registryOf({
      client,
      reference,
      actions: 'pull',
      credentials: async () => ({ username: 'me', password: 'secret' }),
    });
    const error = await failure(registry.ask({ method: 'GET', path: 'blobs/x', accepts: [200] }, live));
    expect(error.message).toMatch(/given to no other server than the registry/);
    registry.close();
  }
  expect(told).toEqual([undefined, undefined]);
});

test('a registry sends nobody who asks for a token to an address of the site', async () => {
  const reached: string[] = [];
  const inside = new URL(await serve(noting(reached)));
  // A registry of the internet, asked through a proxy; what it names is asked directly.
  const proxy = await serve((request, response) => {
    request.resume();
    response.writeHead(401, {}).end();
  });
  const client = httpClient({
    clock: systemClock,
    credentials: async () => undefined,
    limits: LIMITS,
    proxy: { http: proxy, no: '10.0.0.0/8' },
  });
  const answer = await client.exchange({ method: 'GET', url: 'http://203.0.113.9/v2/', headers: {} }, undefined, live);
  answer.drop();
  for (const host of ['10.255.255.1', '127.0.0.1', 'localhost'])
    for (const method of ['GET', 'POST'] as const) {
      const url = `http://${host}:${inside.port}/token`;
      const error = await failure(client.exchange({ method, url, headers: {}, namedBy: answer }, undefined, live));
      expect(error.message).toMatch(/which is refused/);
    }
  expect(reached).toEqual([]);
  client.close();
});
