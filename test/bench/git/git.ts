import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { AGENT_ENVIRONMENT, AGENT_FLAGS } from '../../../src/cli/start/agent-process.ts';
import type { GitRepo } from '../../support/git/git-repo.ts';
import { type GitServer, startGitServer } from '../../support/git/git-server.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../../support/net/tls-fixture.ts';
import type { Bench } from '../bench.ts';
import { timeCommand } from '../measure.ts';
import { ms, type Row } from '../report.ts';

/** Files and commits of a config repo. Nearly all files are of other sites. */
const SIZES = { S: [100, 50], M: [10_000, 500], L: [50_000, 2_000] } as const;
const SITE = 'r0/s0';
const APPS = 20;
const POLLS_A_DAY = 24 * 60;

interface Measured {
  ms: number;
  grown: number;
  peak: number;
  bytes: number;
}

/** The cost of following a config repo, beside `git fetch --depth 1` of the same repo from the same server. */
export async function measureGit(bench: Bench): Promise<Row[]> {
  const server = await startGitServer();
  bench.cleanup.add(() => server.close());
  const rows: Row[] = [];
  for (const [name, [files, commits]] of Object.entries(SIZES)) {
    if (bench.signal.aborted || (bench.isQuick && name === 'L')) break;
    bench.say(`  repo ${name}: ${files} files, ${commits} commits`);
    const repo = await server.repo(name);
    await generate(repo, files, commits);
    for (const filters of [false, true])
      rows.push(...(await measureRepo(bench, server, repo, { name, files, filters })));
  }
  rows.push(await measureDay(bench, server));
  return rows;
}

async function measureRepo(
  bench: Bench,
  server: GitServer,
  repo: GitRepo,
  { name, files, filters }: { name: string; files: number; filters: boolean },
): Promise<Row[]> {
  await repo.git(['config', 'uploadpack.allowFilter', String(filters)]);
  const dir = join(bench.dir, `git-${name}-${filters}`);
  const theirs = join(dir, 'theirs');
  await mkdir(theirs, { recursive: true });
  await timeCommand(['git', 'init', '-q', '--bare', theirs]);
  const subject = new Subject(server, repo.url, join(dir, 'ours'));
  const git = async (...args: string[]): Promise<{ ms: number; bytes: number }> => {
    const from = server.traffic.length;
    const took = await timeCommand(['git', '-C', theirs, ...args], { signal: bench.signal });
    return { ms: took, bytes: bytesSince(server, from) };
  };
  const fetch = () => git('fetch', '-q', '--depth', '1', repo.url, '+main:refs/heads/main');
  const label = `${name}, ${filters ? 'with' : 'without'} filters`;
  const rows: Row[] = [];
  const row = (what: string, ours: Measured, other: { ms: number; bytes: number }): void => {
    const ratio = ours.bytes / other.bytes;
    // A first fetch of a small repo is all round trips with filters; what has to hold there is that it does not grow.
    const most = filters ? 1 : 1.1;
    const isAim = !(filters && name === 'S');
    rows.push({
      what: `${label}: ${what}, bytes`,
      holdfast: size(ours.bytes),
      beside: size(other.bytes),
      ratio,
      ...(isAim && { aim: { text: `≤ ${most}`, isMet: ratio <= most } }),
    });
    rows.push({
      what: `${label}: ${what}, time`,
      holdfast: ms(ours.ms),
      beside: ms(other.ms),
      ratio: ours.ms / other.ms,
    });
  };
  try {
    const poll = await subject.do('poll');
    row('poll', await subject.do('poll'), await git('ls-remote', repo.url, 'HEAD'));
    const first = await subject.do('fetch');
    row('first fetch', first, await fetch());
    rows.push({
      what: `${label}: agent’s memory after the first fetch, beside before`,
      holdfast: `+${size(Math.max(0, first.grown))}`,
      beside: '',
      aim: { text: '≤ 10 MiB', isMet: first.grown <= 10 * 1024 * 1024 },
    });
    rows.push({
      what: `${label}: its most, child left out`,
      holdfast: size(Math.max(poll.peak, first.peak)),
      beside: '',
    });
    await change(repo, files, 1);
    row('one commit', await subject.do('fetch'), await fetch());
    await change(repo, files, 100);
    row('100 commits', await subject.do('fetch'), await fetch());
  } finally {
    await subject.end();
  }
  return rows;
}

/** A process with the image's flags that does what an agent does. */
class Subject {
  readonly #child: ChildProcess;
  readonly #server: GitServer;
  #told: (line: string) => void = () => {};
  #failed: (error: Error) => void = () => {};

  constructor(server: GitServer, url: string, dir: string, caFile = '') {
    this.#server = server;
    this.#child = spawn(
      process.execPath,
      [...AGENT_FLAGS, '--expose-gc', join(import.meta.dirname, 'git-subject.ts'), url, dir, SITE, caFile],
      { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...AGENT_ENVIRONMENT } },
    );
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#told(text));
    this.#child.on('exit', (code) => this.#failed(new Error(`the process that is measured ended with ${code}`)));
  }

  async do(what: 'poll' | 'fetch'): Promise<Measured> {
    const from = this.#server.traffic.length;
    const answer = new Promise<string>((resolve, reject) => {
      this.#told = resolve;
      this.#failed = reject;
    });
    this.#child.stdin?.write(`${what}\n`);
    const said = JSON.parse(await answer) as Omit<Measured, 'bytes'>;
    return { ...said, bytes: bytesSince(this.#server, from) };
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }
}

const bytesSince = (server: GitServer, from: number): number =>
  server.traffic.slice(from).reduce((sum, { up, down }) => sum + up + down, 0);

/** A day of polls over TLS on one connection, by what twenty of them cost on the socket. */
async function measureDay(bench: Bench, server: GitServer): Promise<Row> {
  const repo = await server.repo('day');
  await repo.commit({ 'compose.yaml': 'services: {}\n' });
  const sockets: Socket[] = [];
  const tls = https.createServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, (request, response) => {
    const { method, headers, url = '' } = request;
    const inner = http.request(`${server.url}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(inner);
  });
  // As servers do for a client that polls once a minute.
  tls.keepAliveTimeout = 75_000;
  tls.on('connection', (socket: Socket) => sockets.push(socket));
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  const caFile = join(bench.dir, 'ca.pem');
  await writeFile(caFile, TEST_CERTIFICATE);
  const url = `https://127.0.0.1:${(tls.address() as AddressInfo).port}/day.git`;
  const subject = new Subject(server, url, join(bench.dir, 'git-day'), caFile);
  const bytes = (): number => sockets.reduce((sum, socket) => sum + socket.bytesRead + socket.bytesWritten, 0);
  try {
    await subject.do('poll');
    const [before, count] = [bytes(), sockets.length];
    for (let i = 0; i < 20; i++) await subject.do('poll');
    const perDay = ((bytes() - before) / 20) * POLLS_A_DAY;
    if (sockets.length !== count) throw new Error('the polls did not share a connection');
    return {
      what: 'a day of polls, one a minute, over TLS on a kept connection',
      holdfast: size(perDay),
      beside: '',
      aim: { text: '≤ 1 MB', isMet: perDay <= 1_000_000 },
    };
  } finally {
    await subject.end();
    tls.closeAllConnections();
    tls.close();
  }
}

function size(bytes: number): string {
  if (bytes < 10_000) return `${Math.round(bytes)} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(2)} MB`;
}

const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
const siteFile = (i: number): string => `sites/r${i % 50}/s${Math.floor(i / 50)}.yaml`;
const siteText = (): string =>
  `apiVersion: holdfast/v1\nkind: Site\nmetadata:\n  labels:\n    serial: "${randomBytes(16).toString('hex')}"\n# ${randomBytes(300).toString('base64')}\n`;

let clock = 1_700_000_000;

async function commits(
  repo: GitRepo,
  changes: Iterable<Record<string, string>>,
  from: string | undefined,
): Promise<void> {
  let stream = '';
  let parent = from;
  for (const files of changes) {
    stream += `commit refs/heads/main\ncommitter T <t@example.org> ${clock++} +0000\n${data('Change')}`;
    if (parent !== undefined) stream += `from ${parent}\n`;
    parent = undefined;
    for (const [path, text] of Object.entries(files)) stream += `M 100644 inline ${path}\n${data(text)}`;
  }
  await repo.git(['fast-import', '--quiet'], stream);
}

async function generate(repo: GitRepo, files: number, count: number): Promise<void> {
  const first: Record<string, string> = { 'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\n' };
  for (let i = 0; i < APPS; i++) {
    const placement = i < 3 ? `[${SITE}]` : `[r1/s${i}]`;
    first[`apps/app${i}/app.yaml`] =
      `apiVersion: holdfast/v1\nkind: Application\nspec:\n  placement: { sites: ${placement} }\n`;
    first[`apps/app${i}/compose.yaml`] = composeText(i, 0);
  }
  for (let i = 0; i < files - 1 - 2 * APPS; i++) first[siteFile(i)] = siteText();
  await commits(repo, [first], undefined);
  await change(repo, files, count - 1);
  await repo.git(['gc', '-q']);
}

const composeText = (app: number, step: number): string =>
  `services:\n  web:\n    image: registry.example.org/app${app}:${step}\n    environment: { STEP: "${step}" }\n`;

/** That many commits: each is of another site, and the last of an app that the measured site runs as well. */
async function change(repo: GitRepo, files: number, count: number): Promise<void> {
  const others = Math.max(1, files - 1 - 2 * APPS - 50);
  const changes = Array.from({ length: count }, (_, i) => ({
    [siteFile(1 + ((clock + i * 7) % others))]: siteText(),
    ...(i === count - 1 && { 'apps/app1/compose.yaml': composeText(1, clock) }),
  }));
  await commits(repo, changes, await repo.git(['rev-parse', 'main']));
}
