import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, engineAt, mustAsk } from '../../../scripts/machine/engine-http.ts';
import {
  isAlive,
  processesNaming,
  startDaemon,
  stopProcesses,
  tail,
  until,
} from '../../../scripts/machine/processes.ts';

/** A Docker daemon that a test stops, kills and starts again; its containers are what such a daemon leaves of them. */
export interface RestartableEngine {
  /** `unix://…` */
  host: string;
  start(): Promise<void>;
  /** Ends the daemon alone, and waits until it is gone. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Ends all that runs, and removes all that was kept. */
  remove(): Promise<void>;
}

/** Its namespaces outlive it, held by a process of their own, as a machine's outlive its daemon. */
export async function startRestartable(): Promise<RestartableEngine> {
  // The paths of its sockets must stay short.
  const dir = await mkdtemp(join(tmpdir(), 'hfr-'));
  const log = join(dir, 'engine.log');
  const host = `unix://${dir}/docker.sock`;
  const config = join(dir, 'daemon.json');
  const settings = {
    hosts: [host],
    pidfile: join(dir, 'docker.pid'),
    'data-root': join(dir, 'data'),
    'exec-root': join(dir, 'exec'),
    group: 'root',
    'log-level': 'warn',
    'shutdown-timeout': 5,
  };
  await mkdir(join(dir, 'data'), { recursive: true });
  await writeFile(config, JSON.stringify(settings));
  const holder = await startDaemon('unshare', ['-m', '-n', 'sh', '-c', 'ip link set lo up && exec sleep 86400'], log);
  let daemon = 0;

  const engine: RestartableEngine = {
    host,
    async start() {
      // A machine that starts would have lost them; a daemon that was killed leaves them, and zombies answer to them.
      for (const pidFile of ['docker.pid', 'exec/containerd/containerd.pid'])
        await rm(join(dir, pidFile), { force: true });
      const command = ['-t', `${holder.pid}`, '-m', '-n', 'dockerd', '--config-file', config];
      const started = await startDaemon('nsenter', command, log);
      daemon = started.pid;
      const isUp = await until(async () => started.hasExited() || (await engineAt(host)) !== undefined, 60_000);
      if (!isUp || started.hasExited()) throw new Error(`dockerd did not come up:\n${await tail(log)}`);
    },
    async stop(signal) {
      process.kill(daemon, signal);
      if (!(await until(async () => !(await isAlive(daemon)), 30_000))) throw new Error('dockerd does not end');
    },
    async remove() {
      if (await engineAt(host)) {
        const left = JSON.parse(await mustAsk(host, 'GET', '/containers/json?all=1')) as { Id: string }[];
        for (const { Id } of left) await ask(host, 'DELETE', `/containers/${Id}?force=1&v=1`);
      }
      if (daemon && (await isAlive(daemon))) await stopProcesses([daemon], 15_000);
      const ours = await processesNaming(dir);
      // A killed daemon's containers outlive their shims.
      await stopProcesses(await childrenOf(ours), 0);
      await stopProcesses(await processesNaming(dir), 2000);
      await stopProcesses([holder.pid], 1000);
      await rm(dir, { recursive: true, force: true });
    },
  };
  try {
    await until(async () => (await isAlive(holder.pid)) && !holder.hasExited(), 1000);
    await engine.start();
  } catch (error) {
    await engine.remove();
    throw error;
  }
  return engine;
}

async function childrenOf(parents: number[]): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    const stat = /^\d+$/.test(entry) ? await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '') : '';
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (parents.includes(parent) && !parents.includes(Number(entry))) found.push(Number(entry));
  }
  return found;
}
