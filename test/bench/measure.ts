import { spawn } from 'node:child_process';
import { plainEnvironment } from '../support/holdfast-process.ts';

/** The middle of what was measured, and how far it strayed; in whatever unit went in. */
export interface Sample {
  median: number;
  least: number;
  most: number;
  count: number;
}

export function sampleOf(values: readonly number[]): Sample {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
    count: sorted.length,
  };
}

/** Milliseconds that something takes. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await act();
  return performance.now() - since;
}

/**
 * Measures several things in turns, so that what else the machine does meanwhile falls on all alike. The first turn warms caches and does
 * not count.
 */
export async function inTurns<Name extends string>(
  turns: number,
  contenders: Record<Name, () => Promise<number>>,
): Promise<Record<Name, Sample>> {
  const entries = Object.entries(contenders) as [Name, () => Promise<number>][];
  const values = new Map(entries.map(([name]) => [name, [] as number[]]));
  for (let turn = 0; turn <= turns; turn++) {
    for (const [name, act] of entries) {
      const value = await act();
      if (turn > 0) values.get(name)?.push(value);
    }
  }
  return Object.fromEntries(entries.map(([name]) => [name, sampleOf(values.get(name) ?? [])])) as Record<Name, Sample>;
}

/** Runs a command to its end; it must end with `code`. Milliseconds from the fork to the exit. */
export function timeCommand(
  [command, ...args]: readonly [string, ...string[]],
  options: { env?: Record<string, string>; cwd?: string; code?: number; signal?: AbortSignal } = {},
): Promise<number> {
  const { env, cwd, code: expected = 0, signal } = options;
  return new Promise((resolve, reject) => {
    const since = performance.now();
    const child = spawn(command, args, {
      cwd,
      signal,
      env: plainEnvironment(env),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    let took = 0;
    child.on('error', reject);
    child.on('exit', () => {
      took = performance.now() - since;
    });
    child.on('close', (code) => {
      if (code === expected) resolve(took);
      else reject(new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${said.slice(-2000)}`));
    });
  });
}
