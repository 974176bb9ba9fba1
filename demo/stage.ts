import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { processesNaming, startDaemon, stopProcesses, tail } from '../scripts/machine/processes.ts';
import { bareRepo, type GitRepo } from '../test/support/git/git-repo.ts';
import { type AgentProcess, readLog, startAgentProcess } from '../test/support/program/holdfast-process.ts';
import { containersOf, type Running, removeSite } from '../test/support/site/site.ts';
import { watch } from './teller.ts';

/** The environment of the story: a running engine, a Git server and an agent in their own processes, and one folder for everything. */
export interface Stage {
  host: string;
  site: string;
  app: string;
  /** The shop's page. */
  page: string;
  repo: GitRepo;
  /** The present agent. Starting an agent again replaces it. */
  agent: AgentProcess | undefined;
  logFile: string;
  startGit(): Promise<void>;
  /** Ends the server's process, so that nothing listens any more. */
  stopGit(): Promise<void>;
  startAgent(): Promise<void>;
  containers(): Promise<Running[]>;
  /** The container of a service, in any state. */
  container(service: string): Promise<Running | undefined>;
  /** The agent's log: all of it, or the part since the last call of `news`. */
  words(): Promise<string[]>;
  news(): Promise<string[]>;
  /** Ends the processes and removes containers, networks, volumes and the folder. */
  clear(): Promise<void>;
}

export interface StageOptions {
  /** An absolute path that only the demo uses. It need not exist. */
  dir: string;
  host: string;
  site: string;
  app: string;
  /** Free ports on 127.0.0.1, for the shop's page and for the Git server. */
  port: number;
  gitPort: number;
}

const BRANCH = 'main';

export async function createStage({ dir, host, site, app, port, gitPort }: StageOptions): Promise<Stage> {
  const root = join(dir, 'git');
  const url = `http://127.0.0.1:${gitPort}/fleet.git`;
  const logFile = join(dir, 'agent.log');
  let told = 0;
  let gitPid: number | undefined;
  const repo = await bareRepo(join(root, 'fleet.git'), () => url);
  // A person can clone the repo, change it and push.
  await repo.git(['config', 'http.receivepack', 'true']);

  const stage: Stage = {
    host,
    site,
    app,
    page: `http://127.0.0.1:${port}/`,
    repo,
    agent: undefined,
    logFile,
    async startGit() {
      const script = join(import.meta.dirname, 'git-server.ts');
      const log = join(dir, 'git.log');
      const server = await startDaemon(process.execPath, [script, root, String(gitPort)], log);
      gitPid = server.pid;
      await watch(`a Git server at ${url}`, async () => {
        if (server.hasExited()) throw new Error(`${await server.exited}\n${await tail(log)}`);
        return (await answers(url)) ? undefined : 'nothing answers there';
      });
    },
    async stopGit() {
      if (gitPid !== undefined) await stopProcesses([gitPid], 3000);
      gitPid = undefined;
    },
    async startAgent() {
      stage.agent = await startAgentProcess({ logFile, args: agentArguments({ dir, host, site, url }) });
    },
    containers: () => containersOf(host, site),
    container: async (service) => (await stage.containers()).find((each) => each.service === service),
    async words() {
      const lines = await readLog(logFile);
      return lines.map(({ message, app: of, service }) => (of ? `${service ?? of}: ${message}` : message));
    },
    async news() {
      const lines = (await stage.words()).slice(told);
      told += lines.length;
      return lines;
    },
    clear: () => clear(dir, host, site),
  };
  return stage;
}

/** The agent polls every second, because people watch; a site asks once a minute. */
const agentArguments = ({ dir, host, site, url }: { dir: string; host: string; site: string; url: string }) => [
  ...['--repo', url, '--revision', BRANCH, '--site', site, '--interval', '1s'],
  ...['--state-dir', join(dir, 'state'), '--files-dir', join(dir, 'files')],
  ...['--docker-host', host, '--log-format', 'json'],
];

/** True when an HTTP server answers. */
export const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/HEAD`).then(
    (response) => response.ok,
    () => false,
  );

/** Also cleans up after a demo that was killed: it finds processes by the folder in their arguments. Without a host, there is no engine to clean. */
export async function clear(dir: string, host: string | undefined, site: string): Promise<void> {
  const left = await processesNaming(dir);
  if (left.length > 0) await stopProcesses(left, 10_000);
  if (host) await removeSite(host, site);
  await rm(dir, { recursive: true, force: true });
}
