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
import { ANYWHERE } from '../support/disk-files.ts';
import { type Bench, clear, project } from './bench.ts';
import { inTurns, type Sample, sampleOf, timeCommand, timed } from './measure.ts';
import { ms, type Row } from './report.ts';

/** From this many services on, the first apply is measured as well. */
const FIRST_APPLY_FROM = 10;

/** First apply of that many services on each side, and then, while they run, what a pass with nothing to do costs. */
export async function measureSize(bench: Bench, services: number): Promise<Row[]> {
  const { folder, file, peerName } = await project(bench, services);
  const apply = [...bench.holdfast, 'apply', folder, '--site', bench.name, '--docker-host', bench.host] as const;
  const diff = [...bench.holdfast, 'diff', folder, '--site', bench.name, '--docker-host', bench.host] as const;
  const env = { DOCKER_HOST: bench.host };
  const { peer, signal } = bench;
  const up = peer && ([peer, '-p', peerName, '-f', file, 'up', '-d'] as const);

  const firsts = { ours: [] as number[], theirs: [] as number[] };
  const rounds = services < FIRST_APPLY_FROM ? 1 : bench.isQuick ? 1 : services > 20 ? 3 : 5;
  let pass: Sample | undefined;
  let calls: Sample | undefined;
  let peerCalls: Sample | undefined;
  const turns = bench.isQuick ? 3 : 9;
  for (let round = 1; round <= rounds && !signal.aborted; round++) {
    firsts.ours.push(await timeCommand(apply, { signal }));
    if (round === rounds) {
      pass = await agentPass(bench, folder);
      calls = (await inTurns(turns, { diff: () => timeCommand(diff, { signal }) })).diff;
    }
    await clear(bench);
    if (!up) continue;
    firsts.theirs.push(await timeCommand(up, { env, signal }));
    if (round === rounds) peerCalls = (await inTurns(turns, { up: () => timeCommand(up, { env, signal }) })).up;
    await clear(bench);
  }

  const rows: Row[] = [];
  const label = `${services} service${services === 1 ? '' : 's'}`;
  if (pass)
    rows.push(beside(`no-op, ${label}: agent pass, beside \`up -d\``, pass, peerCalls, { text: '≤ 0.20', most: 0.2 }));
  if (calls) rows.push(beside(`no-op, ${label}: \`holdfast diff\`, beside \`up -d\``, calls, peerCalls));
  if (services >= FIRST_APPLY_FROM && firsts.ours.length > 0) {
    const theirs = firsts.theirs.length > 0 ? sampleOf(firsts.theirs) : undefined;
    const aim = services === 50 ? { text: '≤ 1', most: 1 } : undefined;
    rows.push(beside(`first apply, ${label}, beside \`up -d\``, sampleOf(firsts.ours), theirs, aim));
  }
  return rows;
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
