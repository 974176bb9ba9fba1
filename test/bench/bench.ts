import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AGENT_FLAGS } from '../../scripts/agent-flags.ts';
import { repoDir } from '../../scripts/engine.ts';
import type { Cleanup } from '../../scripts/machine/cleanup.ts';
import { run } from '../../scripts/machine/processes.ts';
import { removeProject, removeSite } from './projects.ts';

/** What every measurement works with. */
export interface Bench {
  /** The engine, as `unix://…`. */
  host: string;
  /** Docker Compose's program; undefined where it cannot be had. */
  peer: string | undefined;
  /** `node …/holdfast.js`: the bundle as it is shipped. */
  holdfast: readonly [string, string];
  /** An agent with the flags that the image starts it with. */
  agent: readonly [string, ...string[]];
  /** The name of the site, and the start of every other name on the engine. */
  name: string;
  /** Of our own; removed at the end. */
  dir: string;
  isQuick: boolean;
  cleanup: Cleanup;
  signal: AbortSignal;
  say(line: string): void;
}

/** Builds the bundle into a folder of its own, as the image has it, so that another build changes nothing under a running measurement. */
export async function buildAside(dir: string): Promise<Pick<Bench, 'holdfast' | 'agent'>> {
  const bundle = join(dir, 'opt');
  await run(process.execPath, [join(repoDir, 'scripts', 'build.ts'), bundle], { cwd: repoDir });
  const main = join(bundle, 'holdfast.js');
  return { holdfast: [process.execPath, main], agent: [process.execPath, ...AGENT_FLAGS, main, 'agent'] };
}

/** A folder with a Compose file of that many services, and the names that it goes by on each side. */
export async function project(
  bench: Bench,
  services: number,
): Promise<{ folder: string; file: string; peerName: string }> {
  const folder = join(bench.dir, `services-${services}`);
  const file = join(folder, 'compose.yaml');
  await mkdir(folder, { recursive: true });
  await writeFile(file, composeFile(bench.name, services));
  return { folder, file, peerName: `${bench.name}-peer` };
}

/** Services of a kind that edge sites have: some settings, a limit, a restart policy, one network for all. */
export function composeFile(name: string, services: number): string {
  const service = (index: number): string => `  service-${index}:
    image: holdfast-test/busybox:1
    command: ["sh", "-c", "trap 'exit 0' TERM; sleep 2147483647 & wait"]
    environment:
      LOG_LEVEL: info
      INSTANCE: "${index}"
    labels:
      org.example.tier: edge
    mem_limit: 64m
    restart: unless-stopped
    stop_grace_period: 2s
`;
  return `name: ${name}\nservices:\n${Array.from({ length: services }, (_, index) => service(index + 1)).join('')}`;
}

/** Everything of ours on the engine goes, both sides'. */
export async function clear({ host, name }: Pick<Bench, 'host' | 'name'>): Promise<void> {
  await removeSite(host, name);
  await removeProject(host, `${name}-peer`);
}

/** A running `holdfast agent`, its log drained. */
export interface BenchAgent {
  pid: number;
  end(): Promise<void>;
}

/** Starts an agent as a site does, with what it is told as arguments. It is ended with the bench at the latest. */
export function startAgent(bench: Bench, args: readonly string[]): BenchAgent {
  const [command, ...first] = bench.agent;
  const child = spawn(command, [...first, ...args, '--docker-host', bench.host], {
    // In a session of its own: Ctrl-C is for the bench, which ends it.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  let ended = false;
  const exited = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      ended = true;
      if (code === 0 || code === null) resolve();
      else reject(new Error(`the agent ended with ${code}:\n${said}`));
    });
  });
  const end = (): Promise<void> => {
    if (!ended) child.kill('SIGTERM');
    return exited;
  };
  bench.cleanup.add(end);
  return { pid: child.pid ?? 0, end };
}
