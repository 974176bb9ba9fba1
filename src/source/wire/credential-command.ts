import { execFile } from 'node:child_process';
import type { Clock } from '../../lib/clock.ts';
import { SourceError } from '../../lib/errors.ts';
import type { Credentials, CredentialsProvider } from '../remote.ts';

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
  ofToken: (token: string) => Credentials,
  clock: Clock,
): CredentialsProvider {
  const [program = '', ...args] = command;
  let kept: { credentials: Credentials; until: number } | undefined;
  return async (asked) => {
    if (asked?.refused) kept = undefined;
    if (kept && clock.monotonic() < kept.until) return kept.credentials;
    const output = await run(program, args);
    const { credentials, life } = understand(output, program, ofToken, clock.wall().getTime());
    kept = { credentials, until: clock.monotonic() + life };
    return credentials;
  };
}

function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT, maxBuffer: MAX_OUTPUT, killSignal: 'SIGKILL' as const };
    const child = execFile(program, [...args], options, (error, stdout) => {
      if (!error) return resolve(stdout);
      // Neither its message nor the error itself as the cause: both can hold what the program printed.
      const why = error.killed
        ? `did not end within ${TIMEOUT / 1000} s`
        : typeof error.code === 'number'
          ? `ended with exit code ${error.code}`
          : `cannot be run: ${error.code ?? 'it was killed'}`;
      reject(new SourceError('auth', `The program ${program} that prints the repo's credentials ${why}`));
    });
    child.stdin?.on('error', () => {
      // It need not read what it is not told.
    });
    child.stdin?.end();
  });
}

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
