import { join } from 'node:path';
import { createReconciler } from '../../src/agent/reconcile/reconciler.ts';
import { createMemoryStore } from '../../src/agent/state/memory-store.ts';
import { createEffects } from '../../src/apply/effects.ts';
import { createHostFiles } from '../../src/apply/host-files.ts';
import { openSiteEngine } from '../../src/cli/engine/engine.ts';
import { readDesired } from '../../src/cli/repo/desired.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemDisk } from '../../src/lib/disk.ts';
import { emptyMemory } from '../../src/model/memory.ts';
import { agentOptions } from '../../src/plan/facts/policy.ts';
import { ANYWHERE } from '../support/site/disk-files.ts';
import { type Bench, clear, project } from './bench.ts';
import { inTurns, peakMemory, type Sample, sampleOf, timeCommand, timed } from './measure.ts';
import { ms, type Row } from './report.ts';

/** From this many services on, the first apply is measured as well. */
const FIRST_APPLY_FROM = 10;

/** Aims for `diff`, as a share of an `up -d` that has nothing to do. */
const DIFF_AIMS: Readonly<Record<number, number>> = { 1: 2.3, 50: 1.7 };

/** For a plan of 50 services, in MiB. */
const PEAK_AIM = 76;

/** First apply of that many services on each side, and then, while they run, the cost of a pass and of commands with nothing to do. */
export async function measureSize(bench: Bench, services: number): Promise<Row[]> {
  const { folder, fleet, file, peerName } = await project(bench, services);
  const target = ['--site', bench.name, '--docker-host', bench.host] as const;
  const apply = [...bench.holdfast, 'apply', folder, ...target] as const;
  const env = { DOCKER_HOST: bench.host };
  const { peer, signal } = bench;
  const up = peer === undefined ? undefined : ([peer, '-p', peerName, '-f', file, 'up', '-d'] as const);

  const firsts = { ours: [] as number[], theirs: [] as number[] };
  const rounds = services < FIRST_APPLY_FROM ? 1 : bench.isQuick ? 1 : services > 20 ? 3 : 5;
  let pass: Sample | undefined;
  let noOps: NoOps | undefined;
  for (let round = 1; round <= rounds && !signal.aborted; round++) {
    const isLast = round === rounds;
    firsts.ours.push(await timeCommand(apply, { signal }));
    if (isLast) pass = await agentPass(bench, folder);
    // Commands with nothing to do are measured in turns, so then both sides' containers run.
    if (!isLast) await clear(bench);
    if (up) firsts.theirs.push(await timeCommand(up, { env, signal }));
    if (isLast) {
      const diff = (place: string) => [...bench.holdfast, 'diff', place, ...target] as const;
      noOps = await measureNoOps(bench, diff(folder), diff(fleet), up);
    }
    await clear(bench);
  }

  const rows: Row[] = [];
  const label = `${services} service${services === 1 ? '' : 's'}`;
  if (noOps && pass) {
    const { times, peaks } = noOps;
    const share = DIFF_AIMS[services];
    const aim = share === undefined ? undefined : { text: `≤ ${share}`, most: share };
    rows.push(
      beside(`no-op, ${label}: agent pass, beside \`up -d\``, pass, times.up, { text: '≤ 0.20', most: 0.2 }),
      beside(`no-op, ${label}: \`holdfast diff\` of a folder, beside \`up -d\``, times.folder, times.up, aim),
      beside(`no-op, ${label}: \`holdfast diff\` of a fleet repo, beside \`up -d\``, times.fleet, times.up, aim),
      beside(`  the same, without code that an earlier run compiled`, times.first, times.up),
    );
    if (services === 50) rows.push(peakRow(`  most memory of the same, beside \`up -d\``, peaks));
  }
  if (services >= FIRST_APPLY_FROM && firsts.ours.length > 0) {
    const theirs = firsts.theirs.length > 0 ? sampleOf(firsts.theirs) : undefined;
    const aim = services === 50 ? { text: '≤ 1', most: 1 } : undefined;
    rows.push(beside(`first apply, ${label}, beside \`up -d\``, sampleOf(firsts.ours), theirs, aim));
  }
  return rows;
}

type Command = readonly [string, ...string[]];

interface NoOps {
  times: { folder: Sample; fleet: Sample; first: Sample; up: Sample | undefined };
  /** In MiB. */
  peaks: { fleet: Sample; up: Sample | undefined };
}

/** Runs the commands in turns, while there is nothing to do for any of them. */
async function measureNoOps(bench: Bench, folder: Command, fleet: Command, up: Command | undefined): Promise<NoOps> {
  const { signal } = bench;
  const turns = bench.isQuick ? 3 : 15;
  const env = { DOCKER_HOST: bench.host };
  const times = await inTurns(turns, {
    folder: () => timeCommand(folder, { signal }),
    fleet: () => timeCommand(fleet, { signal }),
    first: () => timeCommand(fleet, { signal, env: { HOLDFAST_CODE_CACHE: 'off' } }),
    up: up && (() => timeCommand(up, { env, signal })),
  });
  const peaks = await inTurns(3, {
    fleet: () => peakMemory(fleet, { signal }),
    up: up && (() => peakMemory(up, { env, signal })),
  });
  return { times, peaks };
}

function peakRow(what: string, { fleet, up }: NoOps['peaks']): Row {
  const mib = ({ median }: Sample): string => `${median.toFixed(1)} MiB`;
  return {
    what,
    holdfast: mib(fleet),
    beside: up ? mib(up) : '',
    ...(up && { ratio: fleet.median / up.median }),
    aim: { text: `≤ ${PEAK_AIM} MiB`, isMet: fleet.median <= PEAK_AIM },
  };
}

function beside(what: string, ours: Sample, theirs: Sample | undefined, aim?: { text: string; most: number }): Row {
  const ratio = theirs && ours.median / theirs.median;
  return {
    what,
    holdfast: ms(ours.median),
    beside: theirs ? ms(theirs.median) : '',
    ...(ratio !== undefined && { ratio }),
    ...(aim && ratio !== undefined && { aim: { text: aim.text, isMet: ratio <= aim.most } }),
  };
}

/** The agent's own loop in this process, warm, with its event stream open and its state on disk: from the trigger to the end of the pass. */
async function agentPass(bench: Bench, folder: string): Promise<Sample> {
  const desired = await readDesired(
    folder,
    { site: bench.name, env: false, filesDir: join(bench.dir, 'files') },
    { placeholders: false },
  );
  const engine = await openSiteEngine(bench.name, bench.host);
  const store = createMemoryStore(systemDisk, join(bench.dir, `memory-${desired.apps.length}.json`));
  let passed = (): void => {};
  let operations = -1;
  const reconciler = createReconciler(emptyMemory(), {
    effects: createEffects(engine, createHostFiles(ANYWHERE)),
    clock: systemClock,
    log: { debug() {}, info() {}, warn() {}, error: bench.say },
    store: {
      ...store,
      async save(memory) {
        await store.save(memory);
        passed();
      },
    },
    options: agentOptions,
    onPlan: (plan) => {
      operations = plan.apps.flatMap((app) => app.operations).length;
    },
  });
  const pass = (begin: () => void): Promise<void> =>
    new Promise((resolve) => {
      passed = resolve;
      begin();
    });
  try {
    await new Promise<void>((resolve) => {
      engine.watch(({ what }) => what.startsWith('listening') && resolve());
    });
    await pass(() => reconciler.desire(desired));
    const { trigger } = await inTurns(bench.isQuick ? 50 : 300, {
      trigger: () => timed(() => pass(reconciler.trigger)),
    });
    if (operations !== 0) throw new Error(`the pass that should have nothing to do has ${operations} operations`);
    return trigger;
  } finally {
    passed = () => {};
    await reconciler.stop();
    engine.close();
  }
}
