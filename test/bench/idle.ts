import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../scripts/machine/processes.ts';
import { startGitServer } from '../support/git/git-server.ts';
import { type Bench, clear, composeFile, startAgent } from './bench.ts';
import { sampleOf } from './measure.ts';
import { countRunning } from './projects.ts';
import { ms, type Row } from './report.ts';

const SERVICES = 50;
const MIB = 1024;
/** In MiB. */
const MEMORY_AIM = 63;

/** The cost of an agent with 50 containers and nothing to do: memory, processor, disk, network. */
export async function measureIdle(bench: Bench): Promise<Row[]> {
  const idleMs = bench.isQuick ? 10_000 : 60_000;
  const intervalMs = idleMs / 10;
  const server = await startGitServer();
  bench.cleanup.add(() => server.close());
  const repo = await server.repo('idle');
  await repo.commit({ 'compose.yaml': composeFile(bench.name, SERVICES) });
  const stateDir = join(bench.dir, 'idle');
  const args = [
    ...['--repo', repo.url, '--site', bench.name, '--state-dir', stateDir, '--interval', `${intervalMs / 1000}s`],
    ...['--files-dir', `${bench.dir}/idle-files`],
  ];
  let agent = startAgent(bench, args);
  try {
    const isUp = await until(async () => (await countRunning(bench.host, bench.name)) === SERVICES, 300_000);
    if (!isUp) throw new Error(`the agent did not start ${SERVICES} services in five minutes`);
    // The agent now writes down its last start. After that, nothing changes.
    let seen = '';
    await until(async () => {
      const before = seen;
      await delay(1000);
      seen = await stamps(stateDir);
      return seen === before;
    }, 30_000);

    const polls = server.traffic.length;
    const [written, cpu] = [await bytesWritten(agent.pid), await processorMs(agent.pid)];
    await delay(idleMs, undefined, { signal: bench.signal });
    const writes = (await bytesWritten(agent.pid)) - written;
    const changed = (await stamps(stateDir)) !== seen;
    const cpuPerHour = ((await processorMs(agent.pid)) - cpu) * (3_600_000 / idleMs);
    const rss = await residentKiB(agent.pid);
    const poll = server.traffic.slice(polls).map(({ up, down }) => up + down);
    const wire = sampleOf(poll);
    await agent.end();
    agent = startAgent(bench, args, 'package');
    await delay(idleMs, undefined, { signal: bench.signal });
    const packaged = await residentKiB(agent.pid);
    return [
      memoryRow(`idle agent, ${SERVICES} containers, after ${idleMs / 1000} s, as in the image`, rss),
      memoryRow('  the same, of the npm package with plain node', packaged),
      {
        what: `  bytes written to disk in ${idleMs / 1000} s`,
        holdfast: `${writes}${changed ? ', and the state folder changed' : ''}`,
        beside: '',
        aim: { text: '0', isMet: writes === 0 && !changed },
      },
      {
        what: `  bytes on the wire per poll, both ways (${poll.length} polls)`,
        holdfast: `${wire.median.toFixed(0)}`,
        beside: '',
        aim: { text: '< 1024', isMet: wire.most < 1024 },
      },
      {
        what: `  processor time per hour, polling every ${intervalMs / 1000} s`,
        holdfast: ms(cpuPerHour),
        beside: '',
      },
    ];
  } finally {
    await agent.end();
    await server.close();
    await clear(bench);
  }
}

const memoryRow = (what: string, rss: Resident): Row => ({
  what: `${what}: resident memory (of it file pages)`,
  holdfast: `${(rss.all / MIB).toFixed(1)} MiB (${(rss.file / MIB).toFixed(1)})`,
  beside: '',
  aim: { text: `≤ ${MEMORY_AIM} MiB`, isMet: rss.all <= MEMORY_AIM * MIB },
});

/** Every file and folder below, with size and the nanosecond of its last change. */
async function stamps(folder: string): Promise<string> {
  const paths = ['.', ...(await readdir(folder, { recursive: true }))].sort();
  const lines = paths.map(async (path) => {
    const { mtimeNs, ctimeNs, size } = await stat(join(folder, path), { bigint: true });
    return `${path} ${size} ${mtimeNs} ${ctimeNs}`;
  });
  return (await Promise.all(lines)).join('\n');
}

async function bytesWritten(pid: number): Promise<number> {
  const io = await readFile(`/proc/${pid}/io`, 'utf8');
  return Number(/^write_bytes: (\d+)/m.exec(io)?.[1]);
}

interface Resident {
  all: number;
  file: number;
}

async function residentKiB(pid: number): Promise<Resident> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return { all: of('VmRSS'), file: of('RssFile') };
}

/** User and system time. Linux counts it in hundredths of a second everywhere that Node runs. */
async function processorMs(pid: number): Promise<number> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
