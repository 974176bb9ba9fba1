import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { repoDir } from '../../scripts/engine.ts';
import type { Cleanup } from '../../scripts/machine/cleanup.ts';
import { run } from '../../scripts/machine/processes.ts';
import { AGENT_ENVIRONMENT, AGENT_FLAGS } from '../../src/cli/start/agent-process.ts';
import { plainEnvironment } from '../support/program/holdfast-process.ts';
import { removeProject, removeSite } from './projects.ts';

/** The things that every measurement works with. */
export interface Bench {
  /** The engine, as `unix://…`. */
  host: string;
  /** Docker Compose's program; undefined where it cannot be had. */
  peer: string | undefined;
  /** `node …/holdfast.js`: the bundle as it is shipped. */
  holdfast: readonly [string, string];
  /** The name of the site, and the start of every other name on the engine. */
  name: string;
  /** A folder for this run, which is removed at the end. */
  dir: string;
  isQuick: boolean;
  cleanup: Cleanup;
  signal: AbortSignal;
  say(line: string): void;
}

/** Builds the bundle into a folder of its own, as the image has it, so that another build changes nothing under a running measurement. */
export async function buildAside(dir: string): Promise<Pick<Bench, 'holdfast'>> {
  const bundle = join(dir, 'opt');
  await run(process.execPath, [join(repoDir, 'scripts', 'build.ts'), bundle], { cwd: repoDir });
  return { holdfast: [process.execPath, join(bundle, 'holdfast.js')] };
}

/** A folder with a Compose file of that many services, a config repo that has the same in an Application, and the peer's name for it. */
export async function project(
  bench: Bench,
  services: number,
): Promise<{ folder: string; fleet: string; file: string; peerName: string }> {
  const folder = join(bench.dir, `services-${services}`);
  const fleet = join(bench.dir, `fleet-${services}`);
  const text = composeFile(bench.name, services);
  const document = (kind: string, spec: string): string => `apiVersion: holdfast/v1\nkind: ${kind}\nspec: ${spec}\n`;
  const files = {
    [join(folder, 'compose.yaml')]: text,
    [join(fleet, 'fleet.yaml')]: document('Fleet', '{ syncPolicy: { automated: { prune: true, selfHeal: true } } }'),
    [join(fleet, 'sites', `${bench.name}.yaml`)]: document('Site', '{}'),
    [join(fleet, 'apps', bench.name, 'app.yaml')]: document('Application', '{}'),
    [join(fleet, 'apps', bench.name, 'compose.yaml')]: text,
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return { folder, fleet, file: join(folder, 'compose.yaml'), peerName: `${bench.name}-peer` };
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

/** As the image starts an agent, or as the package of npm does, with plain node. */
export type AgentForm = 'image' | 'package';

/** Starts an agent as a site does, with what it is told as arguments. It is ended with the bench at the latest. */
export function startAgent(bench: Bench, args: readonly string[], form: AgentForm = 'image'): BenchAgent {
  const [node, main] = bench.holdfast;
  const flags = form === 'image' ? AGENT_FLAGS : [];
  const child = spawn(node, [...flags, main, 'agent', ...args, '--docker-host', bench.host], {
    env: plainEnvironment(form === 'image' ? AGENT_ENVIRONMENT : {}),
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
