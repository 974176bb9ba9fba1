import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { until } from '../../../scripts/machine/processes.ts';
import type { SshSettings } from '../../../src/git/transport/ssh-transport.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { type GitSourceOptions, gitSource } from '../../../src/source/git-source.ts';
import type { Source } from '../../../src/source/source.ts';
import { failure } from '../../support/git/followed-repo.ts';
import type { GitRepo } from '../../support/git/git-repo.ts';
import { type GitSshServer, startGitSshServer } from '../../support/git/git-ssh-server.ts';
import { canStartSshServer } from '../../support/net/ssh-server.ts';

jest.setTimeout(60_000);

const live = new AbortController().signal;
const describeSsh = (await canStartSshServer()) ? describe : describe.skip;

const read = async (source: Source, commit: string, path: string): Promise<string | undefined> => {
  const snapshot = await source.fetch(commit, live);
  try {
    const file = await snapshot.read(path);
    return file && Buffer.from(file.content).toString();
  } finally {
    await snapshot.dispose();
  }
};

describeSsh.each([{ acceptEnv: true }, { acceptEnv: false }])('a repo behind OpenSSH, with %j', ({ acceptEnv }) => {
  let server: GitSshServer;
  let repo: GitRepo;
  let base: string;
  let dir: string;
  let known: string;
  const opened: Source[] = [];

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'holdfast-git-ssh-'));
    server = await startGitSshServer(base, { acceptEnv });
  });
  afterAll(async () => {
    await server.stop();
    await rm(base, { recursive: true, force: true });
  });
  beforeEach(async () => {
    dir = await mkdtemp(join(base, 'site-'));
    known = join(dir, 'known_hosts');
    await writeFile(known, server.hostKeys.ed25519);
    repo = await server.repo(dir.slice(-6));
  });
  afterEach(() => {
    for (const source of opened.splice(0)) source.close();
  });

  function open(ssh: Partial<SshSettings> = {}, options: Partial<GitSourceOptions> = {}): Source {
    const settings = { keyFile: server.keyFile, knownHostsFiles: [known], ...ssh };
    const source = gitSource({ url: repo.url, dir: join(dir, 'git'), clock: systemClock, ssh: settings, ...options });
    opened.push(source);
    return source;
  }

  test('is polled and fetched, and followed to its next commit on the same connection', async () => {
    const first = await repo.commit({ a: '1', 'sub/b': '2' });
    const source = open();
    expect(await source.poll(live)).toMatchObject({ commit: first });
    expect(await read(source, first, 'sub/b')).toBe('2');
    const second = await repo.commit({ a: '3' });
    expect(await source.poll(live)).toMatchObject({ commit: second });
    expect(await read(source, second, 'a')).toBe('3');
    expect((await source.history(second, [first], live)).map(({ oid }) => oid)).toEqual([second]);
  });

  test('annotated tags are told from their commits', async () => {
    const commit = await repo.commit({ a: '1' });
    await repo.git(['tag', '-a', '-m', 'One', 'v1', commit]);
    const tag = (await repo.git(['rev-parse', 'v1'])).trim();
    const source = open({}, { revision: 'v1' });
    expect(await source.poll(live)).toMatchObject({ commit, tag });
    expect(await read(source, commit, 'a')).toBe('1');
    expect((await failure(open({}, { revision: 'v2' }).poll(live))).kind).toBe('notFound');
  });

  test('a server that restarts between two polls is reached again', async () => {
    const commit = await repo.commit({ a: '1' });
    const source = open();
    await source.poll(live);
    await server.stop();
    expect(await failure(source.poll(live))).toMatchObject({ kind: 'unreachable' });
    await server.start();
    expect(await source.poll(live)).toMatchObject({ commit });
  });

  test('a key behind a passphrase is opened with the one in its file', async () => {
    const commit = await repo.commit({ a: '1' });
    const passphraseFile = join(dir, 'passphrase');
    await writeFile(passphraseFile, 'open sesame\n');
    expect(await open({ keyFile: server.lockedKeyFile, passphraseFile }).poll(live)).toMatchObject({ commit });
    await writeFile(passphraseFile, 'open barley\n');
    const error = await failure(open({ keyFile: server.lockedKeyFile, passphraseFile }).poll(live));
    expect(error).toMatchObject({ kind: 'auth' });
    expect(error.message + error.stack).not.toContain('barley');
  });

  test('a key that an agent holds is used, and an agent that is gone is said', async () => {
    const commit = await repo.commit({ a: '1' });
    const socket = join(dir, 'agent');
    const holder = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    try {
      await until(() => existsSync(socket), 60_000);
      await promisify(execFile)('ssh-add', ['-q', server.keyFile], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      expect(await open({ keyFile: undefined, agent: socket }).poll(live)).toMatchObject({ commit });
    } finally {
      holder.kill();
      await once(holder, 'close');
    }
    await rm(socket, { force: true });
    const error = await failure(open({ keyFile: undefined, agent: socket }).poll(live));
    expect(error).toMatchObject({ kind: 'auth' });
    expect(error.message).toMatch(/agent/);
  });

  test('a key that the server does not know gets nowhere, nor does none', async () => {
    expect(await failure(open({ keyFile: server.strangerKeyFile }).poll(live))).toMatchObject({ kind: 'auth' });
    expect((await failure(open({ keyFile: undefined }).poll(live))).message).toMatch(
      /does not let \S+ in without an SSH key$/,
    );
    expect(await failure(open({ keyFile: join(dir, 'none') }).poll(live))).toMatchObject({ kind: 'auth' });
  });

  test.each(['ed25519', 'ecdsa', 'rsa'] as const)(
    'a host of which only its %s key is known shows that one',
    async (type) => {
      const commit = await repo.commit({ a: '1' });
      await writeFile(known, server.hostKeys[type]);
      expect(await open().poll(live)).toMatchObject({ commit });
    },
  );

  test('a host of which no key is known is not believed, and nothing is written', async () => {
    await writeFile(known, '');
    const error = await failure(open().poll(live));
    expect(error).toMatchObject({ kind: 'hostKey' });
    expect(error.message).toMatch(
      /^No key of 127\.0\.0\.1:\d+ is known, .* It shows the \S+ key SHA256:\S{43}: .*`ssh-keyscan -p \d+ 127\.0\.0\.1`/,
    );
    expect(await readFile(known, 'utf8')).toBe('');
    expect(await failure(open({ knownHostsFiles: [join(dir, 'none')] }).poll(live))).toMatchObject({ kind: 'hostKey' });
  });

  test('where that is asked for it is believed once, and another key never after', async () => {
    const commit = await repo.commit({ a: '1' });
    const fresh = join(dir, 'fresh');
    const settings = { knownHostsFiles: [fresh], acceptNew: true };
    expect(await open(settings).poll(live)).toMatchObject({ commit });
    expect(Object.values(server.hostKeys)).toContain(await readFile(fresh, 'utf8'));
    expect(await open({ knownHostsFiles: [fresh] }).poll(live)).toMatchObject({ commit });
    const [name = ''] = server.hostKeys.rsa.split(' ');
    await writeFile(fresh, `${name} ${(await readFile(`${server.strangerKeyFile}.pub`, 'utf8')).slice(0, 80)}\n`);
    expect(await failure(open(settings).poll(live))).toMatchObject({ kind: 'hostKey' });
  });

  test('a changed and a revoked key are refused, each in its words', async () => {
    const [name = ''] = server.hostKeys.ed25519.split(' ');
    const stranger = (await readFile(`${server.strangerKeyFile}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ');
    await writeFile(known, `${name} ${stranger}\n`);
    expect((await failure(open().poll(live))).message).toMatch(/is not the one that is known of it/);
    await writeFile(known, server.hostKeys.ed25519);
    await appendFile(known, `@revoked * ${await server.publicKey('ed25519')}\n`);
    expect((await failure(open().poll(live))).message).toMatch(/was revoked$/);
  });

  test('no such repo is not found, in the words of the server', async () => {
    const error = await failure(open({}, { url: `${repo.url}-gone` }).poll(live));
    expect(error).toMatchObject({ kind: 'notFound' });
    expect(error.message).toMatch(/does not give out .*-gone: .*does not appear to be a git repository/);
  });

  test('a path cannot break out of the command', async () => {
    const url = `${repo.url}'; touch ${join(dir, 'broken-out')}; '`;
    expect(await failure(open({}, { url: url.replaceAll(' ', '%20') }).poll(live))).toMatchObject({ kind: 'notFound' });
    await expect(readFile(join(dir, 'broken-out'))).rejects.toThrow('ENOENT');
  });

  test('an abort ends a poll at once', async () => {
    await repo.commit({ a: '1' });
    const controller = new AbortController();
    const pending = failure(open().poll(controller.signal));
    setImmediate(() => controller.abort());
    expect(await pending).toMatchObject({ kind: 'aborted' });
  });
});
