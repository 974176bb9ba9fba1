import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { NoEngineError, usableEngine } from '../../scripts/engine.ts';
import { cleanupAtExit } from '../../scripts/machine/cleanup.ts';
import { engineAt } from '../../scripts/machine/engine-http.ts';
import { run } from '../../scripts/machine/processes.ts';
import { importTestImages } from '../support/engine/images.ts';
import { composePeer } from '../support/engine/peer.ts';
import { type Bench, buildAside, clear } from './bench.ts';
import { measureFleet } from './fleet.ts';
import { measureGit } from './git/git.ts';
import { simulateHerd } from './git/herd.ts';
import { measureHeal } from './heal.ts';
import { measureIdle } from './idle.ts';
import { measureLoad } from './load.ts';
import { type Row, renderTable } from './report.ts';
import { measureSize } from './sizes.ts';
import { measureStartUp } from './start-up.ts';

/**
 * `npm run bench [-- [--quick] [PART…]]`: what Holdfast costs, beside Docker Compose on the same engine in the same run. It measures, prints what it
 * finds, whatever it is, and removes all that it made.
 */
const PARTS: Record<string, (bench: Bench) => Promise<Row[]>> = {
  'start-up': measureStartUp,
  1: (bench) => measureSize(bench, 1),
  10: (bench) => measureSize(bench, 10),
  50: (bench) => measureSize(bench, 50),
  heal: measureHeal,
  idle: measureIdle,
  load: measureLoad,
  git: measureGit,
};

/** Parts that need no engine. */
const WITHOUT_ENGINE: Record<string, (isQuick: boolean) => Promise<Row[]>> = {
  fleet: measureFleet,
  herd: () => simulateHerd(10_000),
};

async function main(parts: string[], isQuick: boolean): Promise<void> {
  const abort = new AbortController();
  const cleanup = cleanupAtExit(() => abort.abort());
  const say = (line: string): void => console.error(line);
  const rows: Row[] = [];
  try {
    const engine = await usableEngine({ log: say, signal: abort.signal });
    cleanup.add(() => engine.release());
    const { host } = engine;
    await importTestImages(host);
    const peer = await findPeer(say);
    const dir = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
    cleanup.add(() => rm(dir, { recursive: true, force: true }));
    // Here commands keep what they compiled, as on a laptop in ~/.cache.
    process.env.XDG_CACHE_HOME = dir;
    const name = `hfbench-${process.pid}`;
    cleanup.add(() => clear({ host, name }));
    const bundle = await buildAside(dir);
    const bench: Bench = { ...bundle, host, peer, name, dir, isQuick, cleanup, signal: abort.signal, say };

    say(
      `${await engineAt(host)}, ${peer ? `Docker Compose ${(await run(peer, ['version', '--short'])).trim()}` : 'no Docker Compose'}, node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'processor'}`,
    );
    for (const part of parts) {
      if (abort.signal.aborted) return;
      say(
        `Measuring ${/^\d/.test(part) ? `${part} service${part === '1' ? '' : 's'}` : part} (load ${loadavg()[0]?.toFixed(1)}) …`,
      );
      rows.push(...((await PARTS[part]?.(bench)) ?? []));
    }
  } catch (error) {
    if (abort.signal.aborted) return;
    process.exitCode = error instanceof NoEngineError ? 2 : 1;
    console.error(error instanceof NoEngineError ? error.message : error);
  } finally {
    await cleanup.run();
  }
  if (rows.length > 0 && !abort.signal.aborted) console.log(`\n${renderTable(rows)}`);
}

/** Without Docker Compose there is nothing to compare with, and the rest is still measured. */
async function findPeer(say: (line: string) => void): Promise<string | undefined> {
  if (process.env.COMPOSE_PEER) return process.env.COMPOSE_PEER;
  try {
    return await composePeer();
  } catch (error) {
    say(`Without Docker Compose: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

const words = process.argv.slice(2);
const named = words.filter((word) => !word.startsWith('-'));
const unknown = [
  ...named.filter((part) => !Object.hasOwn(PARTS, part) && !Object.hasOwn(WITHOUT_ENGINE, part)),
  ...words.filter((word) => /^-(?!-quick$)/.test(word)),
];
if (unknown.length > 0) {
  console.error(
    `npm run bench -- [--quick] [PART…]: it knows no ${unknown.join(', ')}; parts are ${[...Object.keys(PARTS), ...Object.keys(WITHOUT_ENGINE)].join(', ')}`,
  );
  process.exitCode = 2;
} else {
  const measured = named.filter((part) => Object.hasOwn(PARTS, part));
  for (const [part, measure] of Object.entries(WITHOUT_ENGINE))
    if (named.includes(part)) console.log(renderTable(await measure(words.includes('--quick'))));
  if (named.length === 0 || measured.length > 0) {
    await main(
      named.length > 0 ? measured : ['start-up', '1', '10', '50', 'heal', 'idle', 'load'],
      words.includes('--quick'),
    );
  }
}
