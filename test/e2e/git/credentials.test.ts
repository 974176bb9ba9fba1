import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../../src/lib/clock.ts';
import { credentialsFrom } from '../../../src/net/credentials/credentials.ts';
import { cache, failure, followedRepo, live, open, repo, server, text } from '../../support/git/followed-repo.ts';
import { startGitServer } from '../../support/git/git-server.ts';

// Each test runs Git many times; a busy machine takes a while for that.
jest.setTimeout(60_000);

followedRepo('edge');

describe('credentials', () => {
  const credentials = { username: 'site', password: 's3cret/p%ss' };

  test('none where some are asked for: said so, after one request', async () => {
    server.options.credentials = credentials;
    const error = await failure(open().poll(live));
    expect(error).toMatchObject({ kind: 'auth' });
    expect(error.message).toBe(
      `${repo.url} cannot be read: it asks for credentials and none are configured (HTTP 401)`,
    );
    expect(server.traffic.length).toBe(1);
  });

  test('wrong ones: refused after one request, and the password is in no error', async () => {
    server.options.credentials = credentials;
    const error = await failure(
      open({ credentials: async () => ({ username: 'site', password: 'wr0ng' }) }).poll(live),
    );
    expect(error).toMatchObject({ kind: 'auth' });
    expect(JSON.stringify([error.message, error.stack, String(error.cause)])).not.toContain('wr0ng');
    expect(server.traffic.length).toBe(1);
  });

  test('right ones are sent at once', async () => {
    server.options.credentials = credentials;
    const commit = await repo.commit({ a: '1' });
    const source = open({ credentials: async () => credentials });
    expect((await source.poll(live)).commit).toBe(commit);
    expect(await text(await source.fetch(commit, live), 'a')).toBe('1');
    expect(server.traffic.length).toBe(3);
  });

  test('a token that was rotated while the agent runs is read again from its file', async () => {
    const file = join(cache, 'token');
    await writeFile(file, 'one\n');
    server.options.credentials = { username: 'x-access-token', password: 'one' };
    await repo.commit({ a: '1' });
    const source = open({ credentials: credentialsFrom({ tokenFile: file }, systemClock) });
    await source.poll(live);
    server.options.credentials = { username: 'x-access-token', password: 'two' };
    await failure(source.poll(live));
    await writeFile(file, 'two\n');
    await source.poll(live);
    expect(server.traffic.length).toBe(3);
  });

  test('one that is rotated between question and answer gets one second attempt', async () => {
    server.options.credentials = credentials;
    await repo.commit({ a: '1' });
    const given = ['old', credentials.password];
    await open({ credentials: async () => ({ username: 'site', password: given.shift() ?? 'spent' }) }).poll(live);
    expect(server.traffic.length).toBe(2);
  });

  test('those in the URL are used, warned of, and appear nowhere', async () => {
    server.options.credentials = credentials;
    const commit = await repo.commit({ a: '1' });
    const url = repo.url.replace('http://', `http://site:${encodeURIComponent(credentials.password)}@`);
    const source = open({ url });
    expect((await source.poll(live)).commit).toBe(commit);
    expect(source.warnings).toHaveLength(1);
    const seen = JSON.stringify([source.warnings, source.origin]);
    await server.stop();
    const error = await failure(source.poll(live));
    expect(seen + error.message).not.toMatch(/s3cret|site:/);
  });

  test('are given to no other host that a redirect leads to', async () => {
    const other = await startGitServer();
    try {
      const target = await other.repo('moved');
      const commit = await target.commit({ a: '1' });
      server.intercept = (request, response) => {
        const path = (request.url ?? '').replace('/edge.git', '/moved.git');
        response.writeHead(307, { Location: `${other.url}${path}` }).end();
        return true;
      };
      expect((await open({ credentials: async () => credentials }).poll(live)).commit).toBe(commit);
      expect(server.traffic[0]?.authorization).toBeDefined();
      expect(other.traffic.map(({ method, authorization }) => [method, authorization])).toEqual([
        ['GET', undefined],
        ['POST', undefined],
      ]);
      other.intercept = (_, response) => {
        response.writeHead(401).end();
        return true;
      };
      const error = await failure(open({ credentials: async () => credentials }).poll(live));
      expect(error).toMatchObject({ kind: 'auth' });
      expect(error.message).toMatch(/redirects to it, and credentials are given to no other server/);
    } finally {
      await other.close();
    }
  });
});
