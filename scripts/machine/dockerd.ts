import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ask, engineAt, mustAsk } from './engine-http.ts';
import { rememberFirewall, restoreFirewall } from './firewall.ts';
import { isAlive, processesNaming, run, startDaemon, stopProcesses, tail, until } from './processes.ts';

/** A Docker daemon of our own: its data, its socket and its processes are apart from any other's. */
export interface PrivateDocker {
  /** `unix://…` */
  host: string;
  pid: number;
  /** Where it keeps images and containers. */
  dir: string;
  /** Removes its containers, ends it with all that it started, and leaves the images for the next time. */
  stop(): Promise<void>;
}

export interface DockerdOptions {
  /** Where images stay. Its runtime files go to `runDir`. */
  dir: string;
  network?: EngineNetwork;
}

/**
 * `machine` (unless told): this machine's network, as Docker usually has it. `beside`: the same next to another daemon, whose firewall rules a
 * second one would break: it makes no rules, so containers have no way out; ports that they publish are there. `own`: a
 * network namespace of its own, without a way in or out.
 */
export type EngineNetwork = 'machine' | 'beside' | 'own';

/** The longest path that the engine puts a socket at has some 60 characters below the folder, of the 107 that Linux takes. */
const LONGEST_RUN_DIR = 45;

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** Sockets and pid files: below `dir` where their paths may be that long, else in a folder of /run that only root can enter. */
export function runDir(dir: string): string {
  const near = join(dir, 'run');
  if (near.length <= LONGEST_RUN_DIR) return near;
  return `/run/holdfast-${shortHash(dir)}`;
}

const firewallFile = (dir: string): string => join(dir, 'firewall-before.json');

export const hostOf = (dir: string): string => `unix://${join(runDir(dir), 'docker.sock')}`;

/** Starts the daemon, or takes over one that an earlier run left behind in the same folder. Needs root. */
export async function startDockerd(options: DockerdOptions): Promise<PrivateDocker> {
  const { dir, network = 'machine' } = options;
  const runtime = runDir(dir);
  const host = hostOf(dir);
  const started = { host, dir, stop: () => stopDockerd(dir) };
  const left = await livingPid(runtime);
  if (left !== undefined && (await engineAt(host))) return { ...started, pid: left };
  await stopDockerd(dir);

  await mkdir(dir, { recursive: true });
  await mkdir(runtime, { recursive: true });
  await chmod(runtime, 0o700);
  const config = join(runtime, 'daemon.json');
  await writeFile(config, JSON.stringify(settings(dir, runtime, network), null, 2));
  if (network === 'machine') await rememberFirewall(firewallFile(dir));
  if (network === 'beside') await makeBridge(dir);
  const log = join(dir, 'engine.log');
  await rm(log, { force: true });
  const names = `holdfast-${shortHash(dir)}`;
  // A containerd that the machine runs is used where there is one, so things get names of our own in it.
  const args = [
    '--config-file',
    config,
    '--containerd-namespace',
    names,
    '--containerd-plugins-namespace',
    `${names}-plugins`,
  ];
  const daemon =
    network === 'own'
      ? await startDaemon(
          'unshare',
          ['-m', '-n', 'sh', '-c', 'ip link set lo up && exec dockerd "$@"', 'sh', ...args],
          log,
        )
      : await startDaemon('dockerd', args, log);
  const isReady = await until(async () => daemon.hasExited() || (await engineAt(host)) !== undefined, 60_000);
  if (!isReady || daemon.hasExited()) {
    const how = daemon.hasExited() ? await daemon.exited : 'it did not answer within a minute';
    await stopDockerd(dir);
    throw new Error(`dockerd did not come up: ${how}. The end of ${log}:\n${await tail(log)}`);
  }
  return { ...started, pid: daemon.pid };
}

/** Everything is said in a file of ours, so that the machine's /etc/docker/daemon.json is not read. */
const settings = (dir: string, runtime: string, network: EngineNetwork): object => ({
  ...(network === 'beside' ? { bridge: bridgeOf(dir), iptables: false, ip6tables: false } : {}),
  hosts: [`unix://${join(runtime, 'docker.sock')}`],
  pidfile: join(runtime, 'docker.pid'),
  'data-root': join(dir, 'data'),
  'exec-root': join(runtime, 'exec'),
  group: 'root',
  'log-level': 'warn',
  'shutdown-timeout': 5,
});

/** The default bridge of a daemon beside another, whose docker0 is taken. */
const bridgeOf = (dir: string): string => `hf-${shortHash(dir)}`;

async function makeBridge(dir: string): Promise<void> {
  const name = bridgeOf(dir);
  await run('ip', ['link', 'add', name, 'type', 'bridge']);
  const third = Number.parseInt(shortHash(dir).slice(0, 2), 16);
  await run('ip', ['address', 'add', `10.213.${third}.1/24`, 'dev', name]);
  await run('ip', ['link', 'set', name, 'up']);
}

/** The daemon that the pid file names, if it still lives and is the one: pid files outlive a power cut or a SIGKILL. */
async function livingPid(runtime: string): Promise<number | undefined> {
  const pid = Number(await readFile(join(runtime, 'docker.pid'), 'utf8').catch(() => ''));
  if (!pid || !(await isAlive(pid))) return undefined;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes(`${runtime}/`) ? pid : undefined;
}

/** Ends all processes that run in the folder, as far as possible: a dead daemon leaves its containerd and its containers. */
export async function stopDockerd(dir: string): Promise<void> {
  const runtime = runDir(dir);
  const host = hostOf(dir);
  // Before the daemon ends: it would give each container ten seconds to end on its own.
  if (await engineAt(host)) await removeContainers(host);
  const pid = await livingPid(runtime);
  if (pid !== undefined) await stopProcesses([pid], 20_000);
  const others = [...(await processesNaming(runtime)), ...(await processesNaming(dir))];
  if (others.length > 0) await stopProcesses(others, 2000);
  if (existsSync(`/sys/class/net/${bridgeOf(dir)}`)) await run('ip', ['link', 'delete', bridgeOf(dir)]);
  await restoreFirewall(firewallFile(dir));
  await rm(firewallFile(dir), { force: true });
  await unmountBelow([runtime, join(dir, 'data')]);
  await rm(runtime, { recursive: true, force: true });
}

async function removeContainers(host: string): Promise<void> {
  const containers = JSON.parse(await mustAsk(host, 'GET', '/containers/json?all=1')) as { Id: string }[];
  // A few at a time: many at once have left a network of Docker 20.10 with endpoints that never went.
  const removers = Array.from({ length: 4 }, async () => {
    for (let next = containers.pop(); next; next = containers.pop()) {
      await ask(host, 'DELETE', `/containers/${next.Id}?force=1&v=1`, { timeoutMs: 30_000 });
    }
  });
  // A container that cannot be removed ends with the daemon.
  await Promise.allSettled(removers);
  await ask(host, 'POST', '/networks/prune').catch(() => undefined);
}

async function unmountBelow(folders: string[]): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts.reverse()) {
    if (folders.some((folder) => mount === folder || mount.startsWith(`${folder}/`)))
      await run('umount', ['-l', mount]);
  }
}

/** Docker daemons in our own network, other than ours: they and ours would spoil each other's firewall rules. */
export async function dockerdsInThisNetwork(except: string): Promise<number[]> {
  const here = await readlink('/proc/self/ns/net');
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const name = await readFile(`/proc/${entry}/comm`, 'utf8').catch(() => '');
    if (name.trim() !== 'dockerd') continue;
    const there = await readlink(`/proc/${entry}/ns/net`).catch(() => '');
    if (there === here) found.push(Number(entry));
  }
  const ours = await livingPid(runDir(except));
  return found.filter((pid) => pid !== ours);
}
