import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { ask } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { shortRevision } from '../../../src/lib/text/revision.ts';
import { busyboxTree, importImage } from '../engine/images.ts';
import type { Change, GitRepo } from '../git/git-repo.ts';
import { type GitServer, startGitServer } from '../git/git-server.ts';
import { type AgentProcess, type LogLine, readLog, startAgentProcess } from '../program/holdfast-process.ts';
import { containersOf, type Running, removeSite } from './site.ts';

/** The engine that the test run lends; unset, its tests are skipped. */
export const LENT = process.env.HOLDFAST_TEST_DOCKER;
export const HOST = LENT ?? '';
export const describeChaos = LENT ? describe : describe.skip;

/** One program in two versions; an engine that others use may hold other images under the names of the other tests. */
export const IMAGE = 'holdfast-chaos/stay:1';
export const IMAGE_2 = 'holdfast-chaos/stay:2';

export async function importChaosImages(host: string): Promise<void> {
  for (const name of [IMAGE, IMAGE_2]) {
    if ((await ask(host, 'GET', `/images/${name}/json`)).status === 200) continue;
    const version = name.slice(-1);
    await importImage(host, name, await busyboxTree(version), [
      'CMD ["stay"]',
      'ENV PATH=/bin',
      `ENV VERSION=${version}`,
    ]);
  }
}

/** The limit of a wait for something that must come. Only a defect reaches it, also on a busy machine. */
export const PATIENCE_MS = 60_000;

interface StartOptions {
  args?: string[];
  env?: Record<string, string>;
  home?: string;
  /** The command that is run as `holdfast`; default: this work tree. */
  command?: readonly string[];
}

/** A site of its own on a real engine: config repo, Git server, folders, and as many lives of an agent as a test wants. */
export interface ChaosSite {
  name: string;
  host: string;
  dir: string;
  stateDir: string;
  filesDir: string;
  logFile: string;
  git: GitServer;
  repo: GitRepo;
  /** Where its agents find the repo. */
  url: string;
  /** The name of one of its apps: unique on the engine, since networks are named by it. */
  app(short: string): string;
  /** The agent's arguments; later ones win over earlier ones. */
  args(...more: string[]): string[];
  start(options?: StartOptions): Promise<AgentProcess>;
  log(): Promise<LogLine[]>;
  /** Waits for a line of the log; throws with the end of the log when none comes. `from` skips so many lines. */
  sees(words: RegExp, options?: { ms?: number; from?: number }): Promise<LogLine>;
  /** Waits until the agent says that every app is as a commit says; nothing is being replaced then. */
  isAs(commit: string, options?: { ms?: number; from?: number }): Promise<LogLine>;
  containers(): Promise<Running[]>;
  /** Waits for a state of the containers; throws with what there is instead. */
  becomes(what: string, holds: (found: Running[]) => boolean, ms?: number): Promise<Running[]>;
  /** Ends its agents and removes all it made. */
  close(): Promise<void>;
}

export async function chaosSite(options: { host?: string; credentials?: { username: string; password: string } } = {}) {
  const { host = HOST, credentials } = options;
  await importChaosImages(host);
  const name = `chaos-${randomBytes(4).toString('hex')}`;
  const dir = await mkdtemp(join(tmpdir(), 'hf-chaos-'));
  const git = await startGitServer(credentials ? { credentials } : {});
  const repo = await git.repo('fleet');
  const lives: AgentProcess[] = [];
  const logFile = join(dir, 'agent.log');

  const site: ChaosSite = {
    name,
    host,
    dir,
    stateDir: join(dir, 'state'),
    filesDir: join(dir, 'files'),
    logFile,
    git,
    repo,
    url: repo.url,
    app: (short) => `${name}-${short}`,
    args: (...more) => {
      const given = ['--repo', site.url, '--site', name, '--interval', '1s', '--log-format', 'json'];
      return [
        ...given,
        '--state-dir',
        site.stateDir,
        '--files-dir',
        site.filesDir,
        '--docker-host',
        site.host,
        ...more,
      ];
    },
    async start({ args = [], env = {}, home = dir, command } = {}) {
      const life = await startAgentProcess({
        args: site.args(...args),
        logFile,
        env: { HOME: home, ...env },
        ...(command && { command }),
      });
      lives.push(life);
      return life;
    },
    log: () => readLog(logFile),
    async sees(words, { ms = PATIENCE_MS, from = 0 } = {}) {
      let found: LogLine | undefined;
      const look = async (): Promise<boolean> => {
        found = (await site.log()).slice(from).find(({ message }) => words.test(message));
        return found !== undefined;
      };
      await until(look, ms);
      if (found) return found;
      const said = (await site.log()).slice(from).map(({ level, message }) => `${level} ${message}`);
      throw new Error(`no line says ${words} within ${ms} ms:\n${said.slice(-40).join('\n')}`);
    },
    isAs: (commit, options) => site.sees(new RegExp(`^all as ${shortRevision(commit)} says$`), options),
    containers: () => containersOf(site.host, name),
    async becomes(what, holds, ms = PATIENCE_MS) {
      let found: Running[] = [];
      const look = async (): Promise<boolean> => {
        found = await site.containers();
        return holds(found);
      };
      if (await until(look, ms)) return found;
      const there = found.map((one) => `${one.name} ${one.image} ${one.state}`);
      const said = (await site.log()).slice(-25).map(({ level, message }) => `${level} ${message}`);
      throw new Error(`it did not become so within ${ms} ms: ${what}\n${there.join('\n')}\n--\n${said.join('\n')}`);
    },
    async close() {
      for (const life of lives) await life.end('SIGKILL');
      await git.close();
      await removeSite(site.host, name);
      await rm(dir, { recursive: true, force: true });
    },
  };
  return site;
}

/** The repo's first documents: a fleet that prunes and heals, and this site. */
export const fleet = (site: ChaosSite, values: Record<string, string> = {}): Change => ({
  'fleet.yaml': `apiVersion: holdfast/v1
kind: Fleet
metadata: { name: chaos }
spec:
  pruneThreshold: 100
  syncPolicy: { automated: { prune: true, selfHeal: true } }
`,
  [`sites/${site.name}.yaml`]: `apiVersion: holdfast/v1\nkind: Site\nspec: ${JSON.stringify({ values })}\n`,
});

/** One app of the site, by its Compose text. */
export const app = (site: ChaosSite, short: string, compose: string): Change => ({
  [`apps/${site.app(short)}/app.yaml`]: `apiVersion: holdfast/v1
kind: Application
spec:
  placement: { sites: [${site.name}] }
`,
  [`apps/${site.app(short)}/compose.yaml`]: compose,
});

/** A Compose file of services that stay, each with one more line or two. */
export const staying = (services: Record<string, object>, top: object = {}): string =>
  JSON.stringify({
    services: Object.fromEntries(
      Object.entries(services).map(([name, more]) => [
        name,
        { image: IMAGE, command: ['stay'], restart: 'unless-stopped', stop_grace_period: '2s', ...more },
      ]),
    ),
    ...top,
  });

/** `APP-SERVICE-1=IMAGE state`, sorted: what a test compares a whole site with. */
export const summary = (found: Running[]): string[] => found.map(({ name, state }) => `${name} ${state}`).sort();

export const allRun =
  (count: number) =>
  (found: Running[]): boolean =>
    found.length === count && found.every(({ state }) => state === 'running');

/** A file that only its owner reads. */
export const secretFile = async (path: string, content: string): Promise<string> => {
  await writeFile(path, content, { mode: 0o600 });
  return path;
};
