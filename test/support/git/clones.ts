import { execFileSync } from 'node:child_process';
import { ENVIRONMENT } from './git-repo.ts';

/** Also with what the process has, such as its PATH. */
const environment = { ...process.env, ...ENVIRONMENT };

/** Runs the `git` program in a folder; what it prints, without the last newline. */
export const git = (dir: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd: dir, env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** The same at another time, in milliseconds since 1970: a commit gets it as its committer's date. */
export const gitAt = (dir: string, time: number, ...args: string[]): string =>
  execFileSync('git', args, {
    cwd: dir,
    env: { ...environment, GIT_COMMITTER_DATE: `${Math.floor(time / 1000)} +0000` },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();

/** The same as `git`; undefined where Git fails. */
export function tryGit(dir: string, ...args: string[]): string | undefined {
  try {
    return git(dir, ...args);
  } catch {
    // The caller asks whether Git can.
    return undefined;
  }
}
