import { spawn } from 'node:child_process';
import type { Clock } from '../../lib/clock.ts';
import { SourceError } from '../../lib/errors.ts';
import type { Credentials, CredentialsProvider } from './provider.ts';

const TIMEOUT = 30_000;
const MAX_OUTPUT = 64 * 1024;
/** How long credentials of no known end are used before the program is asked again. */
const UNKNOWN_LIFE = 600_000;
/** Credentials are not used in the last moment of their life. */
const MARGIN = 60_000;

/**
 * Credentials that a program prints: a token on a line of its own, or `username=…`, `password=…` and `password_expiry_utc=…` as Git's credential
 * helpers do (source: git-credential(1)). Remembered until they end or are refused. The program is run without a shell, and nothing it prints is
 * ever shown. Throws SourceError `auth`.
 */
export function credentialCommand(
  command: readonly string[],
  ofToken: (token: string, user?: string) => Credentials,
  clock: Clock,
): CredentialsProvider {
  const [program = '', ...args] = command;
  let kept: { credentials: Credentials; until: number } | undefined;
  return async (asked) => {
    if (asked?.refused) kept = undefined;
    if (kept && clock.monotonic() < kept.until) return kept.credentials;
    const output = await run(program, args, asked?.signal);
    const named = (token: string): Credentials => ofToken(token, asked?.username);
    const { credentials, life } = understand(output, program, named, clock.wall().getTime());
    kept = { credentials, until: clock.monotonic() + life };
    return credentials;
  };
}

/** Killed with what it started when it takes too long, or when `signal` says that nobody waits any more. */
function run(program: string, args: readonly string[], signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    let why: string | undefined;
    // In a group of its own: what a script started would outlive it, and hold its output open.
    const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended by itself meanwhile.
      }
    };
    const end = (reason: string): void => {
      why ??= reason;
      kill();
    };
    const stop = (): void => end('was stopped');
    const timer = setTimeout(() => end(`did not end within ${TIMEOUT / 1000} s`), TIMEOUT);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > MAX_OUTPUT) end(`printed more than ${MAX_OUTPUT} bytes`);
    });
    // Nothing that it printed is told, also not on its way to its end.
    child.once('error', ({ code }: NodeJS.ErrnoException) => settle(`cannot be run: ${code}`));
    child.once('close', (code, killed) => settle(why ?? (code === 0 ? undefined : ended(code, killed))));
    function settle(reason: string | undefined): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      if (reason === undefined) resolve(output);
      else reject(new SourceError('auth', `The program ${program} that prints the repo's credentials ${reason}`));
    }
  });
}

const ended = (code: number | null, killed: string | null): string =>
  code === null ? `was ended by ${killed}` : `ended with exit code ${code}`;

function understand(output: string, program: string, ofToken: (token: string) => Credentials, now: number) {
  const lines = output.split(/\r?\n/).filter((line) => line !== '');
  const fields = new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const password = fields.get('password');
  const [only = ''] = lines;
  if (password === undefined && (lines.length !== 1 || /\s/.test(only))) {
    throw new SourceError(
      'auth',
      `The program ${program} printed neither a token on a line of its own nor a line password=…`,
    );
  }
  const username = fields.get('username');
  const credentials =
    password === undefined ? ofToken(only) : username === undefined ? ofToken(password) : { username, password };
  const expiry = Number(fields.get('password_expiry_utc') ?? Number.NaN) * 1000;
  // A site whose clock is wrong would take what is fresh for long gone, so it is used for a moment at least.
  const life = Number.isFinite(expiry) ? Math.max(MARGIN, expiry - now - MARGIN) : UNKNOWN_LIFE;
  return { credentials, life: Math.min(life, 24 * 3_600_000) };
}
