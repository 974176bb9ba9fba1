import { spawn } from 'node:child_process';

export interface ProgramOptions {
  cwd?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  input?: string | Uint8Array | undefined;
  /** Milliseconds after which the program is killed. */
  timeout?: number;
  /** The most bytes on standard output; a program that prints more is killed. */
  mostOutput?: number;
  /** The program is killed when this is aborted. */
  signal?: AbortSignal | undefined;
  /**
   * True for a program whose children are killed with it: a child of a script would outlive it, and hold its output open. Such a program
   * has no terminal, so it cannot ask for a passphrase.
   */
  hasOwnGroup?: boolean;
}

export interface ProgramEnd {
  /** undefined for a program that a signal ended. */
  code: number | undefined;
  endedBy: string | undefined;
  /** The limit that it reached. */
  killedFor: 'timeout' | 'output' | 'abort' | undefined;
  stdout: Buffer;
  /** Its last words, trimmed. */
  stderr: string;
}

/** The most characters that are kept of what it says on standard error. */
const MOST_WORDS = 8_000;

/** Runs a program of this machine to its end, without a shell. Rejects with Node's error where it cannot be started. */
export function runProgram(program: string, args: readonly string[], options: ProgramOptions): Promise<ProgramEnd> {
  const { cwd, env, input = '', timeout, mostOutput = Number.POSITIVE_INFINITY, signal, hasOwnGroup = false } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, detached: hasOwnGroup, stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    let words = '';
    let bytes = 0;
    let killedFor: ProgramEnd['killedFor'];
    const kill = (why: NonNullable<ProgramEnd['killedFor']>): void => {
      killedFor ??= why;
      try {
        if (child.pid !== undefined) process.kill(hasOwnGroup ? -child.pid : child.pid, 'SIGKILL');
      } catch {
        // It ended by itself meanwhile.
      }
    };
    const abort = (): void => kill('abort');
    const timer = timeout === undefined ? undefined : setTimeout(() => kill('timeout'), timeout);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > mostOutput) kill('output');
      else out.push(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = `${words}${text}`.slice(-MOST_WORDS);
    });
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('close', (code, endedBy) => {
      settle();
      resolve({
        code: code ?? undefined,
        endedBy: endedBy ?? undefined,
        killedFor,
        stdout: Buffer.concat(out),
        stderr: words.trim(),
      });
    });
    // A program that ends before it has read says why by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
