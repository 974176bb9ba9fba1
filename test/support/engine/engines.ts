import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDir, install, isDebian, isRoot, mirror } from '../../../scripts/machine/debian.ts';
import { startDockerd, stopDockerd } from '../../../scripts/machine/dockerd.ts';
import { engineAt } from '../../../scripts/machine/engine-http.ts';
import { isHeld, takeLease } from '../../../scripts/machine/lease.ts';
import {
  hasCommand,
  processesNaming,
  run,
  startDaemon,
  stopProcesses,
  tail,
  until,
} from '../../../scripts/machine/processes.ts';

/** An engine of our own for tests, in a network namespace of its own: its published ports are not on this machine's 127.0.0.1. */
export interface TestEngine {
  /** `unix://…` */
  host: string;
  /** The daemon's process, for tests that kill it. */
  pid: number;
  /** Ends it and removes everything it kept. */
  stop(): Promise<void>;
}

/** Not the temporary folder: an engine treats a bind of a folder that holds its own data as no other. */
const HOME = '/var/tmp';
/** Says below an engine's folder which run it belongs to. */
const USERS = 'users';

/** This machine's Docker once more, apart from the one that the other tests share: for tests that stop and kill the engine. */
export async function startDocker(): Promise<TestEngine> {
  await need({ dockerd: 'docker.io', iptables: 'iptables', ip: 'iproute2' });
  const dir = await ownDir('docker');
  const engine = await startDockerd({ dir, network: 'own' });
  return { ...engine, stop: () => engine.stop().then(() => rm(dir, { recursive: true, force: true })) };
}

/** Podman's service, which speaks Docker's API. */
export async function startPodman(): Promise<TestEngine> {
  await need({ podman: 'podman', iptables: 'iptables', ip: 'iproute2', runc: 'runc' });
  const dir = await ownDir('podman');
  const configuration = join(dir, 'containers.conf');
  await writeFile(configuration, await containersConf());
  const networks = join(dir, 'networks');
  await mkdir(networks);
  const host = `unix://${dir}/podman.sock`;
  const places = ['--root', join(dir, 'root'), '--runroot', join(dir, 'run'), '--tmpdir', join(dir, 'tmp')];
  const options = [
    ...places,
    '--network-config-dir',
    networks,
    '--cgroup-manager',
    'cgroupfs',
    '--events-backend',
    'file',
  ];
  const service = ['podman', ...options, 'system', 'service', '--time=0', host];
  // CNI keeps its leases below /var/lib/cni, whatever Podman is told.
  const prepare = 'ip link set lo up && mkdir -p /var/lib/cni && mount -t tmpfs tmpfs /var/lib/cni && exec "$@"';
  return bringUp({
    host,
    dir,
    command: ['unshare', '-m', '-n', 'sh', '-c', prepare, 'sh', ...service],
    env: { CONTAINERS_CONF: configuration },
  });
}

/** runc takes every layout of control groups, and limits above what this machine grants would fail every start. */
async function containersConf(): Promise<string> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const hard = (name: string, most: number): number => {
    const value = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(limits)?.[1];
    return value === undefined || value === 'unlimited' ? most : Math.min(Number(value), most);
  };
  const ulimits = [`nofile=${hard('Max open files', 20_000)}`, `nproc=${hard('Max processes', 32_768)}`];
  const pairs = ulimits.map((text) => `"${text}:${text.split('=')[1]}"`);
  return `[containers]\ndefault_ulimits=[${pairs.join(', ')}]\n[engine]\nruntime="runc"\n`;
}

/**
 * A newer Docker than the machine's: Debian's package from a later release, in a root of its own, which is built once and cached. It sees this
 * machine's temporary folder at the same path, so that its containers can bind files of tests.
 */
export async function startNewerDocker(): Promise<TestEngine> {
  const root = await newerRoot();
  const dir = await ownDir('newer');
  const host = `unix://${dir}/docker.sock`;
  // The root is shared by all that run from it and is not written to: what differs is below `dir`.
  const places = ['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '-p', join(dir, 'docker.pid')];
  const dockerd = ['dockerd', '-H', host, '-G', 'root', '--log-level', 'warn', '--shutdown-timeout', '5', ...places];
  const enter = `
    set -e
    ip link set lo up
    mount --bind "$0" "$0"
    mount -t proc proc "$0/proc"
    mount --rbind /sys "$0/sys"
    mount --rbind /dev "$0/dev"
    mount -t tmpfs tmpfs "$0/run"
    mount -t tmpfs tmpfs "$0/var/tmp"
    for shared in "$1" "$2"; do
      mkdir -p "$0$shared"
      mount --rbind "$shared" "$0$shared"
    done
    shift 2
    cd "$0"
    pivot_root . mnt
    umount -l /mnt
    exec chroot . "$@"`;
  return bringUp({ host, dir, command: ['unshare', '-m', '-n', 'sh', '-c', enter, root, tmpdir(), dir, ...dockerd] });
}

async function newerRoot(): Promise<string> {
  const root = join(cacheDir(), 'newer-docker');
  if (existsSync(join(root, 'usr/sbin/dockerd'))) return root;
  await need({ debootstrap: 'debootstrap', ip: 'iproute2' });
  const uri = await mirror();
  await mkdir(cacheDir(), { recursive: true });
  // `sid` has the newest; it is also what is broken now and then.
  let problem: unknown;
  for (const suite of ['sid', 'trixie']) {
    const work = await mkdtemp(join(cacheDir(), '.newer-docker-'));
    await chmod(work, 0o755);
    try {
      const packages = '--include=docker.io,iptables,iproute2,ca-certificates';
      await run('debootstrap', ['--variant=minbase', packages, suite, work, uri]);
      await run('rm', ['-rf', join(work, 'var/cache/apt'), join(work, 'var/lib/apt/lists')]);
      if (!existsSync(root)) await rename(work, root);
      return root;
    } catch (error) {
      problem = error;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  throw problem;
}

/** A folder for one engine. Those of runs that were killed go first, with the engines that still run in them. */
async function ownDir(kind: 'docker' | 'podman' | 'newer'): Promise<string> {
  for (const name of await readdir(HOME)) {
    const dir = join(HOME, name);
    if (!/^hf-(docker|podman|newer)-/.test(name) || !existsSync(join(dir, USERS)) || (await isHeld(join(dir, USERS))))
      continue;
    if (name.startsWith('hf-docker-')) await stopDockerd(dir);
    else await stopProcesses(await processesNaming(dir), 5000);
    await rm(dir, { recursive: true, force: true });
  }
  const dir = await mkdtemp(join(HOME, `hf-${kind}-`));
  await takeLease(join(dir, USERS));
  return dir;
}

/** Installs what is missing, by the name of the command that it brings. */
async function need(packages: Record<string, string>): Promise<void> {
  const missing: string[] = [];
  for (const [command, name] of Object.entries(packages)) if (!(await hasCommand(command))) missing.push(name);
  if (!isRoot()) throw new Error('an engine for tests can only be started as root');
  if (missing.length === 0) return;
  if (!(await isDebian())) throw new Error(`${missing.join(', ')} is missing, and there is no apt-get to install it`);
  await install(missing);
}

async function bringUp(options: {
  host: string;
  dir: string;
  command: [string, ...string[]];
  env?: NodeJS.ProcessEnv;
}): Promise<TestEngine> {
  const { host, dir } = options;
  const [command, ...args] = options.command;
  const log = join(dir, 'engine.log');
  const daemon = await startDaemon(command, args, log, options.env);
  const stop = async (): Promise<void> => {
    // The daemon last: containers would be restarted by it. They live in its namespaces, but not in its session.
    const others = (await processesNaming(dir)).filter((pid) => pid !== daemon.pid);
    await stopProcesses([daemon.pid], 15_000);
    await stopProcesses([...others, ...(await processesNaming(dir))], 2000);
    await rm(dir, { recursive: true, force: true });
  };
  const isUp = await until(async () => daemon.hasExited() || (await engineAt(host)) !== undefined, 60_000);
  if (isUp && !daemon.hasExited()) return { host, pid: daemon.pid, stop };
  const words = await tail(log);
  await stop();
  throw new Error(`${args.find((word) => /^(podman|dockerd)$/.test(word))} did not come up:\n${words}`);
}
