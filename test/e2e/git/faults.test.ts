import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import type { Source } from '../../../src/source/source.ts';
import {
  cache,
  failure,
  followedRepo,
  live,
  open,
  repo,
  server,
  text,
  unfinished,
} from '../../support/git/followed-repo.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../../support/net/tls-fixture.ts';
import { holdfast } from '../../support/program/holdfast-process.ts';

// Each test runs Git many times; a busy machine takes a while for that.
jest.setTimeout(60_000);

followedRepo('edge');

describe('at the other end of the connection:', () => {
  test('nobody, and then the server again', async () => {
    const commit = await repo.commit({ a: '1' });
    const source = open();
    await source.poll(live);
    await server.stop();
    const error = await failure(source.poll(live));
    expect(error).toMatchObject({ kind: 'unreachable' });
    expect(error.message).toBe(`${new URL(server.url).host} refuses connections: no server runs there`);
    await server.start();
    expect((await source.poll(live)).commit).toBe(commit);
  });

  test('a server that restarted while the connection was kept is asked again on a new one', async () => {
    const commit = await repo.commit({ a: '1' });
    const source = open();
    await source.poll(live);
    await server.stop();
    await server.start();
    expect((await source.poll(live)).commit).toBe(commit);
  });

  test('a private certificate authority is trusted only when its file is given', async () => {
    const commit = await repo.commit({ a: '1' });
    const tls = https.createServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, (request, response) => {
      const { method, headers, url = '' } = request;
      const inner = http.request(`${server.url}${url}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      request.pipe(inner);
    });
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
    try {
      const host = `127.0.0.1:${(tls.address() as AddressInfo).port}`;
      const url = `https://${host}/edge.git`;
      const error = await failure(open({ url }).poll(live));
      expect(error).toMatchObject({ kind: 'tls' });
      expect(error.message).toMatch(
        /^The certificate of 127\.0\.0\.1:\d+ is signed by an authority that this machine does not trust/,
      );
      // A setting that another program on the machine needs changes nothing.
      const lax = await holdfast(['validate', '--repo', url], { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
      expect(lax.stderr).toMatch(/is signed by an authority that this machine does not trust/);
      const caFile = join(cache, 'ca.pem');
      expect(await failure(open({ url, caFile }).poll(live))).toMatchObject({ kind: 'auth' });
      await writeFile(caFile, 'no certificate');
      expect((await failure(open({ url, caFile }).poll(live))).message).toMatch(/ca\.pem, holds no certificate in PEM/);
      await writeFile(caFile, TEST_CERTIFICATE);
      const source = open({ url, caFile });
      expect((await source.poll(live)).commit).toBe(commit);
      expect(await text(await source.fetch(commit, live), 'a')).toBe('1');
      expect(server.traffic.length).toBe(3);
    } finally {
      tls.closeAllConnections();
      await new Promise((resolve) => tls.close(resolve));
    }
  });

  test('a redirect from https down to http is refused', async () => {
    const tls = https.createServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, (_request, response) => {
      response.writeHead(307, { Location: `${repo.url}/git-upload-pack` }).end();
    });
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
    try {
      const caFile = join(cache, 'ca.pem');
      await writeFile(caFile, TEST_CERTIFICATE);
      const url = `https://127.0.0.1:${(tls.address() as AddressInfo).port}/edge.git`;
      expect((await failure(open({ url, caFile }).poll(live))).message).toMatch(/redirects from https to plain http/);
      expect(server.traffic).toEqual([]);
    } finally {
      tls.closeAllConnections();
      await new Promise((resolve) => tls.close(resolve));
    }
  });

  test('no such repo', async () => {
    expect(await failure(open({ url: `${server.url}/nope.git` }).poll(live))).toMatchObject({ kind: 'notFound' });
  });

  test.each([200, 302])('a captive portal, by status %i', async (status) => {
    server.intercept = (request, response) => {
      if (request.url === '/login')
        response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>Sign in</html>');
      else if (status === 302) response.writeHead(302, { Location: '/login' }).end();
      else response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end('<!DOCTYPE html><p>Sign in');
      return true;
    };
    const error = await failure(open().poll(live));
    expect(error).toMatchObject({ kind: 'portal' });
    expect(error.message).toMatch(/^A web page came instead of a Git answer: the link may be behind a login page/);
  });

  test('a web page that calls itself Git', async () => {
    server.intercept = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/x-git-upload-pack-result' }).end('<html>Sign in</html>');
      return true;
    };
    expect((await failure(open().poll(live))).message).toMatch(/^A web page came/);
  });

  test.each([
    [403, 'auth'],
    [404, 'notFound'],
    [418, 'protocol'],
    [429, 'busy'],
    [503, 'busy'],
  ])('HTTP %i', async (status, kind) => {
    server.intercept = (_request, response) => {
      response.writeHead(status).end('no');
      return true;
    };
    expect(await failure(open().poll(live))).toMatchObject({ kind });
  });

  test('redirects without end', async () => {
    server.intercept = (request, response) => {
      response.writeHead(301, { Location: `${request.url}` }).end();
      return true;
    };
    expect((await failure(open().poll(live))).message).toMatch(/redirects more than 5 times$/);
    expect(server.traffic.length).toBeLessThanOrEqual(12);
  });

  test('a pack that breaks off anywhere leaves nothing and succeeds at the next attempt', async () => {
    const commit = await repo.commit({ a: 'x'.repeat(500), b: 'y', 'c/d': 'z' });
    const first = open();
    await first.fetch(commit, live);
    const size = server.traffic.at(-1)?.down ?? 0;
    const source = open({ dir: join(cache, 'other') });
    await failure(source.fetch('1'.repeat(40), live));
    for (let cut = 0; cut < size - 250; cut += 37) {
      server.cutAfter = cut;
      await failure(source.fetch(commit, live));
      expect(await readdir(join(cache, 'other'))).toEqual([]);
    }
    server.cutAfter = undefined;
    expect(await text(await source.fetch(commit, live), 'b')).toBe('y');
  });

  test('a pack whose answer ends as if it were whole is not believed', async () => {
    const commit = await repo.commit({ a: 'x'.repeat(500) });
    server.tamper = (body) => Buffer.concat([body.subarray(0, body.indexOf('PACK') + 30), Buffer.from('0000')]);
    await failure(open().fetch(commit, live));
    expect(await unfinished()).toEqual([]);
  });

  test('no flipped bit of a pack is ever believed', async () => {
    const commit = await repo.commit({ a: 'x'.repeat(500), b: 'y', 'c/d': 'z' });
    const source = open();
    let at = 0;
    let last = 0;
    server.tamper = (body) => {
      const start = body.indexOf('PACK');
      last = body.length - start - 4;
      body[start + at] = (body[start + at] ?? 0) ^ (1 << (at % 8));
      return body;
    };
    do {
      await failure(source.fetch(commit, live));
      at += 7;
    } while (at < last);
    expect(at).toBeGreaterThan(100);
    expect(await unfinished()).toEqual([]);
  });

  test('another commit than the one asked for is not believed', async () => {
    const other = await repo.commit({ a: 'other' });
    const commit = await repo.commit({ a: '1' });
    server.intercept = (request) => {
      // Let Git have it, but ask it for the other commit.
      const push = request.push.bind(request);
      request.push = (chunk: Buffer | null, encoding?: BufferEncoding) =>
        push(chunk && Buffer.from(chunk.toString('latin1').replace(commit, other), 'latin1'), encoding);
      return false;
    };
    const error = await failure(open().fetch(commit, live));
    expect(error.message).toMatch(/^The Git server sent other objects than commit/);
    expect(await unfinished()).toEqual([]);
  });

  test('a server that says nothing is left after the idle limit', async () => {
    server.intercept = () => true;
    const error = await failure(open({ limits: { idle: 50 } }).poll(live));
    expect(error).toMatchObject({ kind: 'unreachable' });
    expect(error.message).toMatch(/sent nothing for 0.05 s$/);
  });

  test('one that trickles is left after the total limit', async () => {
    server.intercept = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/x-git-upload-pack-result' });
      const trickle = setInterval(() => response.write('0032'), 10);
      response.on('close', () => clearInterval(trickle));
      return true;
    };
    const error = await failure(open({ limits: { idle: 1_000, total: 100 } }).poll(live));
    expect(error.message).toMatch(/did not finish its answer within 0.1 s$/);
  });

  test('one that sends too much is stopped at the cap', async () => {
    const commit = await repo.commit({ a: randomBytes(50_000) });
    const error = await failure(open({ limits: { bytes: 2_000 } }).fetch(commit, live));
    expect(error).toMatchObject({ kind: 'limit' });
    expect(await unfinished()).toEqual([]);
  });

  test('an abort ends a poll and a fetch at once', async () => {
    const commit = await repo.commit({ a: '1' });
    server.intercept = () => true;
    for (const act of [
      (s: Source, signal: AbortSignal) => s.poll(signal),
      (s: Source, signal: AbortSignal) => s.fetch(commit, signal),
    ]) {
      const controller = new AbortController();
      const pending = failure(act(open(), controller.signal));
      setImmediate(() => controller.abort());
      expect(await pending).toMatchObject({ kind: 'aborted' });
    }
    const controller = new AbortController();
    controller.abort();
    expect(await failure(open().poll(controller.signal))).toMatchObject({ kind: 'aborted' });
    expect(await unfinished()).toEqual([]);
  });
});
