import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { importTestImages } from '../test/support/engine/images.ts';
import { repoDir } from './engine.ts';
import { type Count, countedJest } from './jest.ts';
import { joinLent, type Lent, lendEngines, lendPeers, lendProgram } from './lend.ts';
import { cleanupAtExit } from './machine/cleanup.ts';

/** By itself jest leaves one core to itself. */
const BOTH_CORES = ['--maxWorkers=2'];
/** Mostly these wait for engines, which they share: what they make has names of its own. */
const WAITING = ['--maxWorkers=5', '--testTimeout=180000'];

/**
 * `npm test [STAGE…] [-- JEST ARGUMENTS]`: everything that says whether this tree is good, in the order of what fails fastest, and at the end one
 * line of counts. Stages are named below; none named means all. A stage that fails does not keep the later ones from running. Engines and
 * the programs to compare with that a stage needs are brought up here; what cannot be had on this machine is said at the end, and its tests are skipped.
 */
const STAGES = {
  check: { needs: 'nothing' },
  unit: { needs: 'nothing', folders: ['test/unit', 'test/property'], jest: BOTH_CORES },
  sim: { needs: 'nothing', folders: ['test/sim'], jest: BOTH_CORES },
  conformance: { needs: 'engines', folders: ['test/conformance'], jest: WAITING },
  e2e: { needs: 'engines', folders: ['test/e2e', 'test/chaos'], jest: WAITING },
  // Each needs an engine that nobody else uses. There is one file for each engine.
  alone: { needs: 'engines', folders: ['test/alone'], jest: ['--maxWorkers=3', '--testTimeout=120000'] },
} as const satisfies Record<string, Stage>;

interface Stage {
  needs: 'nothing' | 'engines';
  folders?: readonly string[];
  jest?: readonly string[];
}

/** A jest that hangs is ended, and counts as a failure. The long run of the simulation sets no limit. */
const LONGEST_STAGE_MS = (process.env.HOLDFAST_SIM_RUNS ? 24 * 60 : 30) * 60_000;

const CHECKS = [
  ['Biome', 'node_modules/.bin/biome', 'check', '.'],
  ['TypeScript', 'node_modules/.bin/tsc', '--noEmit'],
  ['arrows', process.execPath, 'scripts/check-arrows.ts'],
  ['pages of the keys', process.execPath, 'scripts/pages/compose-support.ts', '--check'],
  ['pages of the commands', process.execPath, 'scripts/pages/cli-pages.ts', '--check'],
] as const;

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const say = (line: string): void => console.error(line);

function isOk(command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: repoDir, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code === 0));
  });
}

async function checks(): Promise<Count> {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, command, ...args] of CHECKS) {
    const ok = await isOk(command, args);
    count[ok ? 'passed' : 'failed'] += 1;
    if (!ok) say(`${name}: failed`);
  }
  return count;
}

/** Runs the stages, and prints what came of them. Undoes what it started even when it fails itself. */
async function main(stages: [string, Stage][], jestArgs: string[]): Promise<void> {
  const abort = new AbortController();
  const cleanup = cleanupAtExit(() => abort.abort());
  const started = performance.now();
  const needs = new Set(stages.map(([, stage]) => stage.needs));

  // Engines come up while the tests that need none run.
  const nothing: Promise<Lent> = Promise.resolve({ env: {}, missing: [] });
  const peers = needs.has('engines') ? lendPeers() : nothing;
  const engines = needs.has('engines')
    ? peers.then(() => lendEngines({ say, cleanup, signal: abort.signal, prepare: importTestImages }))
    : nothing;
  const program = needs.has('engines') ? lendProgram(cleanup) : nothing;
  const lent = { nothing, engines: Promise.all([peers, engines, program]).then(joinLent) };
  // A program that cannot be built fails the stage that waits for it, not those before.
  lent.engines.catch(() => undefined);
  // An engine that is just coming up can be ended once it is up.
  cleanup.add(async () => void (await Promise.allSettled([engines, program])));

  const sum: Count = { passed: 0, failed: 0, skipped: 0 };
  const lines: string[] = [];
  try {
    for (const [name, stage] of joined(stages)) {
      const { env } = await lent[stage.needs];
      if (abort.signal.aborted) return;
      say(`\n— ${name} —`);
      const since = performance.now();
      const count = stage.folders
        ? await tests(stage, jestArgs, { env, cleanup, signal: AbortSignal.timeout(LONGEST_STAGE_MS) })
        : await checks();
      for (const key of ['passed', 'failed', 'skipped'] as const) sum[key] += count[key];
      lines.push(
        `${name}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped in ${seconds(since)}`,
      );
    }
  } finally {
    await cleanup.run();
  }
  if (abort.signal.aborted) return;

  say(['', ...lines, ...(await lent.engines).missing, `All in ${seconds(started)}.`].join('\n'));
  console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
  if (sum.failed > 0) process.exitCode = 1;
}

/** Stages in a row that give jest the same options are one: those of `e2e` begin while the last of `conformance` wait. */
function joined(stages: [string, Stage][]): [string, Stage][] {
  const all: [string, Stage][] = [];
  for (const [name, stage] of stages) {
    const [last, before] = all.at(-1) ?? [];
    if (before?.folders && stage.folders && before.jest === stage.jest && before.needs === stage.needs)
      all.splice(-1, 1, [`${last}, ${name}`, { ...before, folders: [...before.folders, ...stage.folders] }]);
    else all.push([name, stage]);
  }
  return all;
}

/** Jest on a stage's folders, or on those paths below test/ that its own arguments name. */
function tests(stage: Stage, jestArgs: string[], options: Parameters<typeof countedJest>[1]): Promise<Count> {
  const existing = (stage.folders ?? []).filter((folder) => existsSync(join(repoDir, folder)));
  const folders = jestArgs.some((word) => word.startsWith('test/')) ? [] : existing;
  return countedJest([...folders, '--passWithNoTests', ...(stage.jest ?? []), ...jestArgs], options);
}

const words = process.argv.slice(2);
const dashes = words.indexOf('--');
const names = dashes < 0 ? words : words.slice(0, dashes);
const unknown = names.filter((name) => !Object.hasOwn(STAGES, name));
if (unknown.length > 0) {
  say(`npm test knows no stage ${unknown.join(', ')}; it knows ${Object.keys(STAGES).join(', ')}`);
  process.exitCode = 2;
} else {
  const stages = Object.entries<Stage>(STAGES).filter(([name]) => names.length === 0 || names.includes(name));
  await main(stages, dashes < 0 ? [] : words.slice(dashes + 1));
}
