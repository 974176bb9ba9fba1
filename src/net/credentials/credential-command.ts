import type { Clock } from '../../lib/clock.ts';
import { SourceError } from '../../lib/errors.ts';
import { runProgram } from '../../lib/program.ts';
import type { Credentials, CredentialsProvider } from './provider.ts';

const TIMEOUT = 30_000;
const MAX_OUTPUT = 64 * 1024;
/** The time for which credentials of no known end are used before the program is asked again. */
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

/** Throws SourceError `auth`. Nothing that the program printed is ever in its text. */
async function run(program: string, args: readonly string[], signal: AbortSignal | undefined): Promise<string> {
  const failed = (why: string): SourceError =>
    new SourceError('auth', `The program ${program} that prints the repo's credentials ${why}`);
  const options = { timeout: TIMEOUT, mostOutput: MAX_OUTPUT, signal, hasOwnGroup: true };
  const end = await runProgram(program, args, options).catch(({ code }: NodeJS.ErrnoException) => {
    throw failed(`cannot be run: ${code}`);
  });
  if (end.killedFor !== undefined) throw failed(KILLED_FOR[end.killedFor]);
  if (end.code === undefined) throw failed(`was ended by ${end.endedBy}`);
  if (end.code !== 0) throw failed(`ended with exit code ${end.code}`);
  return end.stdout.toString('utf8');
}

const KILLED_FOR = {
  timeout: `did not end within ${TIMEOUT / 1000} s`,
  output: `printed more than ${MAX_OUTPUT} bytes`,
  abort: 'was stopped',
};

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
