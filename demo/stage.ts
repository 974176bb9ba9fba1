import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { processesNaming, startDaemon, stopProcesses, tail } from '../scripts/machine/processes.ts';
import { bareRepo, type GitRepo } from '../test/support/git-repo.ts';
import { type AgentProcess, readLog, startAgentProcess } from '../test/support/holdfast-process.ts';
import { containersOf, type Running, removeSite } from '../test/support/site.ts';
import { watch } from './teller.ts';

/** Where the story plays: an engine that is there already, and a Git server and an agent as processes of their own, all below one folder. */
export interface Stage {
  host: string;
  site: string;
  app: string;
  /** The shop's page. */
  page: string;
  repo: GitRepo;
  /** The agent of now; starting one anew puts another here. */
  agent: AgentProcess | undefined;
  logFile: string;
  startGit(): Promise<void>;
  /** Ends the server's process: nothing listens any more. */
  stopGit(): Promise<void>;
  startAgent(): Promise<void>;
  containers(): Promise<Running[]>;
  /** The container of a service, whatever its state. */
  container(service: string): Promise<Running | undefined>;
  /** What the agent said, in its own words: all, or what is new since the last call of `news`. */
  words(): Promise<string[]>;
  news(): Promise<string[]>;
  /** Ends the processes and removes containers, networks, volumes and the folder. */
  clear(): Promise<void>;
}

export interface StageOptions {
  /** Ours alone, absolute; need not exist. */
  dir: string;
  host: string;
  site: string;
  app: string;
  /** Free on 127.0.0.1: for the shop's page, and for the Git server. */
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
  // So that a person can clone it, change it and push.
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

/** It polls each second since people watch; a site asks once a minute. */
const agentArguments = ({ dir, host, site, url }: { dir: string; host: string; site: string; url: string }) => [
  ...['--repo', url, '--revision', BRANCH, '--site', site, '--interval', '1s'],
  ...['--state-dir', join(dir, 'state'), '--files-dir', join(dir, 'files')],
  ...['--docker-host', host, '--log-format', 'json'],
];

/** Whether something that speaks HTTP is there. */
export const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/HEAD`).then(
    (response) => response.ok,
    () => false,
  );

/** Also after a stage whose program was killed: processes are found by the folder they name. Without a host, no engine is there to ask. */
export async function clear(dir: string, host: string | undefined, site: string): Promise<void> {
  const left = await processesNaming(dir);
  if (left.length > 0) await stopProcesses(left, 10_000);
  if (host) await removeSite(host, site);
  await rm(dir, { recursive: true, force: true });
}
