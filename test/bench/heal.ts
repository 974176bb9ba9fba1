import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { mustAsk, socketOf } from '../../scripts/machine/engine-http.ts';
import { until } from '../../scripts/machine/processes.ts';
import { startGitServer } from '../support/git/git-server.ts';
import { type Bench, clear, composeFile, startAgent } from './bench.ts';
import { sampleOf } from './measure.ts';
import { countRunning } from './projects.ts';
import { ms, type Row } from './report.ts';

/**
 * The time from a container's death to its start by the agent, beside the time that the engine takes for the bare start of an equal one, from the
 * request on. Moments are those of the engine's own events.
 */
export async function measureHeal(bench: Bench): Promise<Row[]> {
  // One kill each: a second within ten minutes would wait for the backoff.
  const services = bench.isQuick ? 4 : 10;
  const server = await startGitServer();
  bench.cleanup.add(() => server.close());
  const repo = await server.repo('heal');
  await repo.commit({ 'compose.yaml': composeFile(bench.name, services) });
  const agent = startAgent(bench, [
    ...['--repo', repo.url, '--site', bench.name, '--state-dir', `${bench.dir}/heal`],
    ...['--files-dir', `${bench.dir}/heal-files`],
  ]);
  const events = await watchEngine(bench.host);
  try {
    const isUp = await until(async () => (await countRunning(bench.host, bench.name)) === services, 120_000);
    if (!isUp) throw new Error(`the agent did not start ${services} services in two minutes`);
    const heals: number[] = [];
    const starts: number[] = [];
    for (let index = 1; index <= services && !bench.signal.aborted; index++) {
      const name = `${bench.name}-service-${index}-1`;
      const died = events.next(name, 'die');
      const healed = events.next(name, 'start');
      await mustAsk(bench.host, 'POST', `/containers/${name}/kill`);
      heals.push((await healed) - (await died));
      starts.push(await bareStart(bench, events, name));
    }
    const ours = sampleOf(heals);
    const bare = sampleOf(starts);
    const ratio = ours.median / bare.median;
    return [
      {
        what: 'from a kill to the start that heals it, beside the bare start of an equal container',
        holdfast: ms(ours.median),
        beside: ms(bare.median),
        ratio,
        aim: { text: '≤ 1.5', isMet: ratio <= 1.5 },
      },
    ];
  } finally {
    events.close();
    await agent.end();
    await server.close();
    await clear(bench);
  }
}

/** Kills and starts, by hand, a container that is made like the named one and that no agent looks after. */
async function bareStart(bench: Bench, events: EngineEvents, like: string): Promise<number> {
  const { Config, HostConfig } = JSON.parse(await mustAsk(bench.host, 'GET', `/containers/${like}/json`)) as {
    Config: Record<string, unknown>;
    HostConfig: object;
  };
  const { Hostname: _own, ...config } = Config;
  const name = `${like}-bare`;
  const body = { ...config, HostConfig, Labels: { 'com.docker.compose.project': `${bench.name}-peer` } };
  await mustAsk(bench.host, 'POST', `/containers/create?name=${name}`, { body });
  try {
    await mustAsk(bench.host, 'POST', `/containers/${name}/start`);
    const died = events.next(name, 'die');
    await mustAsk(bench.host, 'POST', `/containers/${name}/kill`);
    await died;
    const started = events.next(name, 'start');
    const since = Date.now();
    await mustAsk(bench.host, 'POST', `/containers/${name}/start`);
    return (await started) - since;
  } finally {
    await mustAsk(bench.host, 'DELETE', `/containers/${name}?force=1`);
  }
}

interface EngineEvents {
  /** The moment, in milliseconds of the engine's clock, of the next such event from now on. */
  next(container: string, action: string): Promise<number>;
  close(): void;
}

/** No start takes that long, even on a busy machine. */
const EVENT_DEADLINE_MS = 60_000;

async function watchEngine(host: string): Promise<EngineEvents> {
  const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['die', 'start'] }));
  const outgoing = request({ socketPath: socketOf(host), path: `/events?filters=${filters}`, agent: false });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const waiting = new Map<string, (at: number) => void>();
  let rest = '';
  incoming.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line) as { Action: string; timeNano: number; Actor: { Attributes: { name: string } } };
      const key = `${event.Actor.Attributes.name} ${event.Action}`;
      waiting.get(key)?.(event.timeNano / 1e6);
      waiting.delete(key);
    }
  });
  // It ends when it is closed here; if it ever ends before, those who wait find out by the clock.
  incoming.on('error', () => waiting.clear());
  return {
    next: (container, action) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`no ${action} of ${container} in a minute`)), EVENT_DEADLINE_MS);
        waiting.set(`${container} ${action}`, (at) => {
          clearTimeout(late);
          resolve(at);
        });
      }),
    close: () => outgoing.destroy(),
  };
}
