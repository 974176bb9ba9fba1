import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Runs a command (of root's too) to its end and resolves to what it printed; an error carries the command and the end of its own words. */
export function run(
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...(options.env ?? process.env), PATH: pathWithSbin() };
    execFile(command, args, { ...options, env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const said = (stderr || stdout).trim().split('\n').slice(-15).join('\n');
      reject(new Error(`${[command, ...args].join(' ')}\n${said || error.message}`, { cause: error }));
    });
  });
}

/** True when a command is on the PATH, or in one of Debian's folders for root's commands. */
export async function hasCommand(name: string): Promise<boolean> {
  const found = await run('sh', ['-c', 'command -v -- "$0"', name]).catch(() => '');
  return found !== '';
}

/** A root shell's PATH may lack the folders that daemons live in. */
export const pathWithSbin = (): string => `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;

/**
 * Starts a process that lives on its own: in a session of its own, so that Ctrl-C in a terminal does not reach it, with its output in a file.
 * `exited` resolves, in words, when it ends.
 */
export async function startDaemon(
  command: string,
  args: string[],
  logFile: string,
  env: NodeJS.ProcessEnv = {},
): Promise<{ pid: number; exited: Promise<string>; hasExited: () => boolean }> {
  await mkdir(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, PATH: pathWithSbin(), ...env },
  });
  closeSync(log);
  let ended = false;
  const exited = new Promise<string>((resolve) => {
    const end = (how: string): void => {
      ended = true;
      resolve(how);
    };
    child.on('error', (error) => end(`${command} could not be started: ${error.message}`));
    child.on('exit', (code, signal) => end(`${command} ended with ${signal ?? `exit code ${code}`}`));
  });
  child.unref();
  return { pid: child.pid ?? 0, exited, hasExited: () => ended };
}

export const isAlive = async (pid: number): Promise<boolean> => {
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // A zombie has ended; its parent just has not looked yet.
  return state !== '' && state.slice(state.lastIndexOf(')') + 2, state.lastIndexOf(')') + 3) !== 'Z';
};

/** When the process started, in ticks since boot: with the process ID it names a process for ever, as IDs are used again. */
export async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** Processes whose command line names something below a folder, this one left out. */
export async function processesNaming(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const commandLine = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (commandLine.includes(`${folder}/`)) found.push(Number(entry));
  }
  return found;
}

/** Asks processes to end, and makes those end that have not within the grace period. Resolves when all are gone. */
export async function stopProcesses(pids: number[], graceMs: number): Promise<void> {
  signalAll(pids, 'SIGTERM');
  const gone = async (): Promise<boolean> => !(await Promise.all(pids.map(isAlive))).includes(true);
  if (await until(gone, graceMs)) return;
  signalAll(pids, 'SIGKILL');
  if (!(await until(gone, 10_000))) throw new Error(`processes ${pids.join(', ')} do not end, even when killed`);
}

/** Sends a signal to processes, or by a negative number to a process group. Those that have ended are no error. */
export function signalAll(pids: number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Asks until the condition holds, at first after 20 ms, then ever less often, down to every 150 ms; false when the time is up first. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (let pause = 20; !(await condition()); pause = Math.min(pause * 1.5, 150)) {
    if (performance.now() > deadline) return false;
    await delay(pause);
  }
  return true;
}

/** The last lines of a log, for an error message. */
export async function tail(file: string, lines = 15): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
