import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { plainEnvironment } from '../support/program/holdfast-process.ts';

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

type Act = () => Promise<number>;

/**
 * Measures several things in turns, so that whatever else the machine does falls on all alike. The first turn warms caches and does not count. A thing
 * that cannot be measured here is undefined, and has no sample.
 */
export async function inTurns<Contenders extends Record<string, Act | undefined>>(
  turns: number,
  contenders: Contenders,
): Promise<{ [Name in keyof Contenders]: undefined extends Contenders[Name] ? Sample | undefined : Sample }> {
  const entries = Object.entries(contenders).flatMap(([name, act]) =>
    act ? [{ name, act, values: [] as number[] }] : [],
  );
  for (let turn = 0; turn <= turns; turn++) {
    for (const { act, values } of entries) {
      const value = await act();
      if (turn > 0) values.push(value);
    }
  }
  return Object.fromEntries(entries.map(({ name, values }) => [name, sampleOf(values)])) as Awaited<
    ReturnType<typeof inTurns<Contenders>>
  >;
}

/** A command and its arguments. */
type Words = readonly [string, ...string[]];

interface CommandOptions {
  env?: Record<string, string>;
  cwd?: string;
  code?: number;
  signal?: AbortSignal;
  onStart?: (pid: number) => void;
}

/** The most memory that a command has resident until shortly before it ends, in MiB. */
export const peakMemory = async (words: Words, options: CommandOptions = {}): Promise<number> =>
  (await costOfCommand(words, options)).mib;

/**
 * The time, the processor time and the most memory of a command. The kernel counts them; they are read each `every` milliseconds. `mainMs`: the processor time of the
 * main thread alone, which is about the time that a machine takes that does nothing else.
 */
export async function costOfCommand(
  words: Words,
  options: CommandOptions = {},
  every = 1,
): Promise<{ ms: number; cpuMs: number; mainMs: number; mib: number }> {
  let most = 0;
  let cpuMs = 0;
  let mainMs = 0;
  let timer: NodeJS.Timeout | undefined;
  const onStart = (pid: number): void => {
    timer = setInterval(() => {
      try {
        cpuMs = processorTime(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? cpuMs;
        mainMs = processorTime(readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8')) ?? mainMs;
        most = Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? most);
      } catch {
        // It has ended.
      }
    }, every);
  };
  const took = await timeCommand(words, { ...options, onStart }).finally(() => clearInterval(timer));
  return { ms: took, cpuMs, mainMs, mib: most / 1024 };
}

/** Milliseconds in user and system mode, of a thread or a whole process. Source: proc(5), fields 14 and 15 of `stat`, in hundredths of a second. */
function processorTime(stat: string): number | undefined {
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return user === undefined || system === undefined ? undefined : (user + system) * 10;
}

/** Runs a command to its end; it must end with `code`. Milliseconds from the fork to the exit. */
export function timeCommand([command, ...args]: Words, options: CommandOptions = {}): Promise<number> {
  const { env, cwd, code: expected = 0, signal, onStart } = options;
  return new Promise((resolve, reject) => {
    const since = performance.now();
    const child = spawn(command, args, {
      cwd,
      signal,
      env: plainEnvironment(env),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (child.pid !== undefined) onStart?.(child.pid);
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
