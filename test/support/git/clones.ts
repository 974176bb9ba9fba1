import { execFileSync } from 'node:child_process';

/** Identity and dates are fixed, and nothing of the machine's own configuration counts. */
const ENVIRONMENT = {
  ...process.env,
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.org',
  GIT_AUTHOR_DATE: '2024-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.org',
  GIT_COMMITTER_DATE: '2024-01-01T00:00:00Z',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

/** Runs the `git` program in a folder; what it prints, without the last newline. */
export const git = (dir: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd: dir, env: ENVIRONMENT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** The same; undefined where Git fails. */
export function tryGit(dir: string, ...args: string[]): string | undefined {
  try {
    return git(dir, ...args);
  } catch {
    // The caller asks whether Git can.
    return undefined;
  }
}
