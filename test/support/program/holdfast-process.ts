import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { repoDir } from '../../../scripts/engine.ts';

const built = process.env.HOLDFAST_TEST_PROGRAM;

/** `holdfast` of this work tree, as a process of its own: the bundle that the test run has built, which starts three times as fast; else the sources. */
export const HOLDFAST = [
  process.execPath,
  built ? join(built, 'holdfast.js') : join(repoDir, 'src', 'cli', 'main.ts'),
] as const;

/** The environment without what would tell a `holdfast` anything: each run is told all it knows. */
export function plainEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(HOLDFAST_|DOCKER_|NO_COLOR$|FORCE_COLOR$|COMPOSE_|NODE_OPTIONS$)/.test(name),
  );
  return { ...Object.fromEntries(kept), ...more };
}

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs one command to its end. */
export async function holdfast(
  args: string[],
  options: { env?: Record<string, string>; cwd?: string; onStart?: (child: ChildProcess) => void } = {},
): Promise<Ran> {
  const [node, ...main] = HOLDFAST;
  const child = spawn(node, [...main, ...args], {
    cwd: options.cwd,
    env: plainEnvironment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  options.onStart?.(child);
  const ran: Ran = { code: null, stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      ran[stream] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...ran, code }));
  });
}

/** One line of the agent's JSON log. */
export interface LogLine {
  level: string;
  message: string;
  app?: string;
  service?: string;
}

/** A `holdfast agent` that lives on its own: Ctrl-C in a terminal does not reach it. */
export interface AgentProcess {
  pid: number;
  hasExited(): boolean;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Sends the signal and waits until the process is gone. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** The lines of its log file, those of earlier agents included. */
  log(): Promise<LogLine[]>;
}

/** Starts an agent that logs to a file, which is appended to. */
export async function startAgentProcess(options: {
  args: string[];
  logFile: string;
  env?: Record<string, string>;
  /** The command that is run as `holdfast`; default: this work tree. */
  command?: readonly string[];
}): Promise<AgentProcess> {
  await mkdir(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a', 0o600);
  const [program = '', ...main] = options.command ?? HOLDFAST;
  const child = spawn(program, [...main, 'agent', ...options.args], {
    detached: true,
    stdio: ['ignore', log, log],
    env: plainEnvironment(options.env),
  });
  closeSync(log);
  let ended = false;
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      ended = true;
      resolve({ code, signal });
    });
  });
  child.unref();
  return {
    pid: child.pid ?? 0,
    hasExited: () => ended,
    exited,
    end(signal) {
      if (!ended) child.kill(signal);
      child.ref();
      return exited;
    },
    log: () => readLog(options.logFile),
  };
}

export async function readLog(file: string): Promise<LogLine[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  // A line that is being written has no end yet.
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('{') ? (JSON.parse(line) as LogLine) : { level: 'error', message: line }));
}
