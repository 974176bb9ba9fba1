import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { repoDir } from './engine.ts';
import { type Cleanup, cleanupAtExit } from './machine/cleanup.ts';
import { endTree } from './machine/process-tree.ts';

/** The flags of Node for ES modules in jest, without a warning at every worker. */
const FLAGS = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];

/** Agents and engines that tests started may clean up for so long when a run is broken off. */
const GRACE_MS = 10_000;

export interface JestOptions {
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  /** Ends jest when the run is broken off, before the engines that its tests use. */
  cleanup?: Cleanup;
}

/**
 * Runs jest with the arguments of its own command line; resolves to the exit code. Jest gets a process group of its own: jest does not end its
 * workers when it is ended, and they would go on and start containers, so the whole tree is ended here.
 */
export function jest(args: string[], options: JestOptions = {}): Promise<number> {
  const program = join(repoDir, 'node_modules', 'jest', 'bin', 'jest.js');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...FLAGS, program, ...args], {
      cwd: repoDir,
      detached: true,
      stdio: 'inherit',
      env: { ...process.env, ...options.env },
    });
    let hasEnded = false;
    const end = async (): Promise<void> => {
      if (!hasEnded && child.pid !== undefined) await endTree(child.pid, GRACE_MS);
    };
    options.cleanup?.add(end);
    const onAbort = (): void => void end().catch(reject);
    options.signal?.addEventListener('abort', onAbort);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      hasEnded = true;
      options.signal?.removeEventListener('abort', onAbort);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** As `jest`, and resolves to what it counted. A suite that does not even load, or a jest that dies, counts as one failure. */
export async function countedJest(...[args, options]: Parameters<typeof jest>): Promise<Count> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-jest-'));
  try {
    const file = join(folder, 'results.json');
    const code = await jest([...args, '--json', `--outputFile=${file}`], options);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) return { passed: 0, failed: 1, skipped: 0 };
    const results = JSON.parse(text) as Record<
      'numPassedTests' | 'numFailedTests' | 'numPendingTests' | 'numTodoTests' | 'numRuntimeErrorTestSuites',
      number
    >;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    return {
      passed: results.numPassedTests,
      failed: code !== 0 && failed === 0 ? 1 : failed,
      skipped: results.numPendingTests + results.numTodoTests,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) process.exitCode = await jest(process.argv.slice(2), { cleanup: cleanupAtExit() });
