import { rm, writeFile } from 'node:fs/promises';
import type * as http from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { shortRevision } from '../../../src/lib/text/revision.ts';
import { failure, followedRepo, live, open, repo, server } from '../../support/git/followed-repo.ts';
import type { GitServer, GitServerOptions } from '../../support/git/git-server.ts';

followedRepo('edge');

/** A server without a capability of the older protocol: another word of the same length in its place. */
const without =
  (...words: string[]) =>
  (body: Buffer): Buffer =>
    Buffer.from(
      words.reduce(
        (text, word) => text.replaceAll(` ${word} `, ` ${'x'.repeat(word.length)} `),
        body.toString('latin1'),
      ),
      'latin1',
    );

const isFetch = (request: http.IncomingMessage, body: string): boolean =>
  request.method === 'POST' && body.includes('want ');

interface Host {
  options?: Partial<GitServerOptions>;
  tamper?: GitServer['tamper'];
  intercept?: (server: GitServer) => GitServer['intercept'];
  url?: (url: string) => string;
  config?: string[][];
}

const FILTERS = ['uploadpack.allowFilter', 'true'];
const ANY = ['uploadpack.allowAnySHA1InWant', 'true'];

/** The capabilities that CodeCommit announces. */
const asCodeCommit = (body: Buffer): Buffer =>
  without(
    ...['multi_ack', 'side-band', 'ofs-delta', 'no-progress', 'include-tag', 'no-done'],
    ...['deepen-since', 'deepen-not', 'deepen-relative'],
  )(
    Buffer.from(
      body.toString('latin1').replace(/(?<= )symref=\S+/g, (text) => 'x'.repeat(text.length)),
      'latin1',
    ),
  );

/** The behaviour of Git hosts: the rows of docs/git-hosts.md. */
const HOSTS: Record<string, Host> = {
  'protocol 1': {
    options: { withoutV2: true },
    tamper: (body) =>
      Buffer.from(
        body.toString('latin1').replace(/^(001e# service=git-upload-pack\n0000)/, '$1000eversion 1\n'),
        'latin1',
      ),
  },
  'protocol 0 with as little as CodeCommit has': { options: { withoutV2: true }, tamper: asCodeCommit },
  'protocol 2 with filters': { config: [FILTERS, ANY] },
  'protocol 2 without filters': {},
  'protocol 0, a question of version 2 answered as if it were none': { options: { withoutV2: true } },
  ...Object.fromEntries(
    [400, 404, 500].map((status) => [
      `protocol 0, which answers ${status} to version 2 and to who does not say multi_ack`,
      {
        options: {
          withoutV2: true,
          refuses: (request: http.IncomingMessage, body: string) =>
            body.includes('command=') || (isFetch(request, body) && !/ multi_ack/.test(body)) ? status : undefined,
        },
        tamper: without('multi_ack_detailed', 'ofs-delta'),
      },
    ]),
  ),
  'protocol 0 with the smaller bands': { options: { withoutV2: true }, tamper: without('side-band-64k') },
  'protocol 0 without bands': { options: { withoutV2: true }, tamper: without('side-band-64k', 'side-band') },
  'protocol 0 without shallow': { options: { withoutV2: true }, tamper: without('shallow') },
  'a URL without .git, of which only the first question of git is redirected': {
    url: (url) => url.replace(/\.git$/, ''),
    intercept: () => (request, response) => {
      const [path = '', query] = (request.url ?? '').split('?');
      if (path.includes('.git/')) return false;
      if (request.method === 'GET')
        response.writeHead(301, { Location: `${path.replace('/edge/', '/edge.git/')}?${query}` }).end();
      else response.writeHead(404).end();
      request.resume();
      return true;
    },
  },
  'every request redirected': {
    url: (url) => url.replace(/\.git$/, ''),
    intercept: () => (request, response) => {
      if (request.url?.includes('.git/')) return false;
      response.writeHead(301, { Location: (request.url ?? '').replace('/edge/', '/edge.git/') }).end();
      request.resume();
      return true;
    },
  },
};

describe.each(Object.entries(HOSTS))('a host of %s', (_, { options, tamper, intercept, url, config = [] }) => {
  test('is polled, fetched and followed', async () => {
    for (const [key = '', value = ''] of config) await repo.git(['config', key, value]);
    await repo.commit({ 'apps/web/app.yaml': 'one', other: 'x'.repeat(5000) });
    Object.assign(server.options, options);
    server.tamper = tamper;
    server.intercept = intercept?.(server);
    const source = open(url ? { url: url(repo.url) } : {});
    for (const content of ['two', 'three']) {
      const commit = await repo.commit({ 'apps/web/app.yaml': content });
      expect((await source.poll(live)).commit).toBe(commit);
      const snapshot = await source.fetch(commit, live);
      expect(Buffer.from((await snapshot.read('apps/web/app.yaml'))?.content ?? '').toString()).toBe(content);
      await snapshot.dispose();
    }
    expect((await source.history(await repo.git(['rev-parse', 'main']), [], live)).length).toBe(3);
  });
});

test('a server that lists a hundred thousand refs more is read, and only what was asked for is kept', async () => {
  const commit = await repo.commit({ a: '1' });
  const lines = Array.from({ length: 100_000 }, (_, i) => `create refs/pull/${i} ${commit}`);
  await repo.git(['update-ref', '--stdin'], `${lines.join('\n')}\n`);
  server.options.withoutV2 = true;
  expect((await open().poll(live)).commit).toBe(commit);
});

test('one that lists too many of those that were asked for is not listened to', async () => {
  const commit = await repo.commit({ a: '1' });
  const lines = Array.from({ length: 21_000 }, (_, i) => `create refs/tags/1.${i}.0 ${commit}`);
  await repo.git(['update-ref', '--stdin'], `${lines.join('\n')}\n`);
  expect(await failure(open({ revision: '^1.0' }).poll(live))).toMatchObject({ kind: 'limit' });
});

test('a server that gives out files only is refused by a sentence of its own', async () => {
  const commit = await repo.commit({ a: '1' });
  for (const status of [404, 405, 501]) {
    server.intercept = (request, response) => {
      request.resume();
      if (request.method === 'GET')
        response.writeHead(200, { 'Content-Type': 'text/plain' }).end(`${commit}\trefs/heads/main\n`);
      else response.writeHead(status).end();
      return true;
    };
    const error = await failure(open().poll(live));
    expect(error.message).toMatch(/gives out the files of the repo only \(dumb HTTP\)/);
  }
});

describe.each([{ withoutV2: false }, { withoutV2: true }])('a mirror that is a shallow clone, with %j', (options) => {
  test('is followed as far as its history reaches, and then told from a rewritten history', async () => {
    Object.assign(server.options, options);
    const first = await repo.commit({ a: '1' });
    const second = await repo.commit({ a: '2' });
    const third = await repo.commit({ a: '3' });
    const tip = await repo.commit({ a: '4' });
    await writeFile(join(repo.dir, 'shallow'), `${third}\n`);
    const source = open();
    await source.poll(live);
    // A commit names its parents also where they are cut off.
    for (const floor of [third, second])
      expect((await source.history(tip, [floor], live)).map(({ oid }) => oid)).toEqual(
        floor === third ? [tip] : [tip, third],
      );
    const error = await failure(source.history(tip, [first], live));
    expect(error).toMatchObject({ kind: 'protocol' });
    expect(error.message).toMatch(
      new RegExp(`has a shallow copy of the repo, which begins at commit ${shortRevision(third)}: .*--unshallow`),
    );
    await rm(join(repo.dir, 'shallow'));
    expect((await source.history(tip, [first], live)).map(({ oid }) => oid)).toEqual([tip, third, second]);
  });
});
