import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { install, isDebian, isRoot } from './machine/debian.ts';
import { dockerdsInThisNetwork, startDockerd, stopDockerd } from './machine/dockerd.ts';
import { engineAt } from './machine/engine-http.ts';
import { endKeep, isHeld, takeLease } from './machine/lease.ts';
import { hasCommand } from './machine/processes.ts';

/** A container engine on this machine that the demo, the tests and the benchmarks can use. */
export interface UsableEngine {
  /** `unix://…` */
  host: string;
  /** For people: `Docker 20.10.24 (API 1.41)`. */
  name: string;
  /** Ours from the first byte, and gone after `release`; else somebody's own, where nothing but our containers may be touched. */
  isPrivate: boolean;
  /** Ends a private engine when nobody else uses it. */
  release(): Promise<void>;
  /** A private engine stays after `release`, until `npm run engine -- stop`. */
  keep(): Promise<void>;
}

/** There is no engine, and none can be started here. The message is one sentence for people. */
export class NoEngineError extends Error {}

export const repoDir = dirname(import.meta.dirname);
const privateDir = join(repoDir, '.holdfast', 'engine');

/**
 * An engine to work with: what DOCKER_HOST names, else what listens where Docker usually does, else a private Docker that is started here, and
 * installed first where it is missing (as root, on Debian and its relatives). `privately` skips the first two.
 */
export async function usableEngine(options: {
  log: (line: string) => void;
  privately?: boolean;
  /** Where a private one keeps its images. */
  dir?: string;
  /** Looked at between the steps, each of which ends once begun. */
  signal?: AbortSignal;
}): Promise<UsableEngine> {
  const { log, dir = privateDir, signal } = options;
  const existing = options.privately ? undefined : await existingEngine();
  if (existing) return { ...existing, isPrivate: false, release: async () => {}, keep: async () => {} };

  await installDocker(log, signal);
  signal?.throwIfAborted();
  const others = await dockerdsInThisNetwork(dir);
  if (others.length > 0) {
    log(
      `Another Docker daemon (process ${others[0]}) runs in this network, so the private one makes no firewall rules: its containers have no way out. DOCKER_HOST would name the other one.`,
    );
  }
  const users = join(dir, 'users');
  const lease = await takeLease(users);
  const release = async (): Promise<void> => {
    if (await lease.release()) await stopDockerd(dir);
  };
  try {
    const engine = await startDockerd({ dir, network: others.length > 0 ? 'beside' : 'machine' });
    const name = (await engineAt(engine.host)) ?? 'Docker';
    log(`Private ${name} at ${engine.host}`);
    return { host: engine.host, name, isPrivate: true, release, keep: () => lease.keep() };
  } catch (error) {
    await release();
    throw error;
  }
}

async function existingEngine(): Promise<{ host: string; name: string } | undefined> {
  const named = process.env.DOCKER_HOST;
  if (named) {
    if (!named.startsWith('unix://')) {
      throw new NoEngineError(
        `DOCKER_HOST is ${named}, and this needs an engine on this machine, as containers bind files from its disk: unset DOCKER_HOST, or set it to a unix:// socket.`,
      );
    }
    const name = await engineAt(named);
    if (!name) throw new NoEngineError(`DOCKER_HOST is ${named}, but no container engine answers there.`);
    return { host: named, name };
  }
  const usual = ['/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')];
  const runtime = process.env.XDG_RUNTIME_DIR;
  if (runtime) usual.push(join(runtime, 'docker.sock'));
  for (const socket of usual) {
    const host = `unix://${socket}`;
    const name = await engineAt(host);
    if (name) return { host, name };
  }
  return undefined;
}

/** Ends the private engine where nobody uses it and nobody, or only we, asked to keep it. */
export async function endPrivateEngine(options: { weKeptIt: boolean }): Promise<void> {
  const users = join(privateDir, 'users');
  if (options.weKeptIt) await endKeep(users);
  const lease = await takeLease(users);
  if (await lease.release()) await stopDockerd(privateDir);
}

async function installDocker(log: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const missing: string[] = [];
  for (const [command, name] of [
    ['dockerd', 'docker.io'],
    ['iptables', 'iptables'],
    ['ip', 'iproute2'],
  ] as const) {
    if (!(await hasCommand(command))) missing.push(name);
  }
  if (process.platform !== 'linux' || !isRoot() || (missing.length > 0 && !(await isDebian()))) {
    throw new NoEngineError(
      'No container engine answers (DOCKER_HOST, /var/run/docker.sock), and only as root on Debian or a relative can one be installed and started here: start Docker or name one with DOCKER_HOST.',
    );
  }
  if (missing.length === 0) return;
  log(`Installing ${missing.join(', ')} (apt-get) …`);
  await install(missing, signal);
}

if (import.meta.main) {
  const [command = 'start'] = process.argv.slice(2);
  if (command === 'stop') {
    const users = join(privateDir, 'users');
    await endKeep(users);
    if (await isHeld(users)) console.error('A run that goes on still uses it, and will stop it when it ends.');
    else await stopDockerd(privateDir);
  } else if (command === 'start') {
    try {
      const engine = await usableEngine({ log: (line) => console.error(line) });
      await engine.keep();
      await engine.release();
      console.log(`export DOCKER_HOST=${engine.host}`);
    } catch (error) {
      if (!(error instanceof NoEngineError)) throw error;
      console.error(error.message);
      process.exitCode = 2;
    }
  } else {
    console.error('usage: npm run engine -- [start | stop]');
    process.exitCode = 2;
  }
}
