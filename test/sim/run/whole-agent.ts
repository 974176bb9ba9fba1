import { type Agent, startAgent } from '../../../src/agent/agent.ts';
import type { AgentOptions } from '../../../src/agent/agent-options.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import type { SiteHistory } from '../../../src/model/status/history.ts';
import type { SiteStatus } from '../../../src/model/status/site-status.ts';
import type { SyncAnswer } from '../../../src/model/sync-answer.ts';
import { filesOn } from '../../support/site/disk-files.ts';
import { Life } from '../world/agent-life.ts';
import { docker20, type EngineProfile } from '../world/engine/profiles.ts';
import { seededRandom } from '../world/random.ts';
import { SimulatedDisk } from '../world/simulated-disk.ts';
import { SimulatedEngine } from '../world/simulated-engine.ts';
import { SimulatedSource } from '../world/simulated-source.ts';
import { VirtualClock } from '../world/virtual-clock.ts';

const MINUTE = 60_000;

interface Options {
  seed?: number;
  /** The wall clock at the start, in milliseconds since 1970. */
  shows?: number | undefined;
  profile?: EngineProfile;
  /** The images that the engine has. */
  images: readonly string[];
  /** The images that a registry offers, so that the engine has to pull them. */
  offered?: readonly string[];
  intervalMs?: number;
  resyncMs?: number;
  /** The options of an agent that a test changes. It is called at each start of an agent. */
  agent?: (source: AgentOptions['source'], disk: AgentOptions['disk']) => Partial<AgentOptions>;
}

/**
 * A whole agent in virtual time on a machine that outlives it, for a test that tells one course of events. Stories that a seed tells are run
 * by harness.ts.
 */
export function wholeAgent(options: Options) {
  const { seed = 7, shows, profile = docker20, intervalMs = 5 * MINUTE, resyncMs = 30 * MINUTE } = options;
  const random = seededRandom(seed);
  const clock = new VirtualClock(random.fork('clock'), shows);
  const simulated = new SimulatedEngine(clock, random, profile, 'here');
  const { images, containers } = simulated.machine;
  for (const image of options.images) images.put(image, images.make({ Cmd: ['serve'] }));
  for (const image of options.offered ?? []) images.registry.offer(image, images.make({ Cmd: ['serve'] }));
  const repo = new SimulatedSource(clock, random);
  const disk = new SimulatedDisk(clock, random.fork('disk'));
  const log: string[] = [];
  const say = (text: string): void => void log.push(text);
  let running: { agent: Agent; life: Life; close: () => void } | undefined;

  const start = async (diesAfter?: number): Promise<void> => {
    const life = new Life(random.fork('life'));
    if (diesAfter !== undefined) life.diesAt = { effect: diesAfter, moment: 'after' };
    const engine = openEngine(life.api(simulated.api('agent')), { site: 'here', clock: life.clock(clock) });
    const source = repo.open(() => !life.dead);
    const agent = await clock.finish(
      startAgent({
        clock: life.clock(clock),
        disk: life.disk(disk),
        files: filesOn(life.disk(disk)),
        engine,
        source,
        log: { debug() {}, info: say, warn: say, error: say },
        repo: 'https://git.example/fleet.git',
        revision: '',
        site: 'here',
        stateDir: '/state',
        program: 'test',
        compile: async () => ({ filesDir: '/files' }),
        intervalMs,
        resyncMs,
        ...options.agent?.(source, life.disk(disk)),
      }),
    );
    running = { agent, life, close: () => engine.close() };
  };
  const stop = async (): Promise<void> => {
    if (running && !running.life.dead) await clock.finish(running.agent.stop());
    running?.close();
    running = undefined;
  };
  const kill = (): void => running?.life.kill();
  const runningContainers = () => [...containers.values()].filter(({ status }) => status === 'running');
  /** The images that run, sorted. */
  const runs = (): string =>
    runningContainers()
      .map(({ body }) => String(body.Image))
      .sort()
      .join(' ');
  return {
    clock,
    repo,
    disk,
    log,
    simulated,
    machine: simulated.machine,
    /** `diesAfter`: the agent is killed after that many effects on the engine or the disk. */
    start,
    stop,
    /** kill -9. */
    kill,
    /** kill -9, and a start by the supervisor. */
    killAgent: async () => {
      kill();
      await start();
    },
    restart: async () => {
      await stop();
      await start();
    },
    sync: () => running?.agent.sync(),
    syncNow: (app?: string): Promise<SyncAnswer> => {
      if (!running) throw new Error('no agent runs');
      return clock.finish(running.agent.syncNow(app));
    },
    history: (): SiteHistory => {
      if (!running) throw new Error('no agent runs');
      return running.agent.history();
    },
    status: (): SiteStatus => {
      if (!running) throw new Error('no agent runs');
      return running.agent.status();
    },
    runs,
    /** Name and image of each container that runs, sorted. */
    running: (): string[] =>
      runningContainers()
        .map(({ name, body }) => `${name} ${body.Image}`)
        .sort(),
    became: (what: string, within: number) => clock.runUntil(() => runs() === what, within),
  };
}

/** A document of the fleet layer as text. */
export const document = (kind: string, spec: object = {}): string =>
  JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec });
