import { execFileSync } from 'node:child_process';
import { ENVIRONMENT } from './git-repo.ts';

/** Also with what the process has, such as its PATH. */
const environment = { ...process.env, ...ENVIRONMENT };

/** Runs the `git` program in a folder; what it prints, without the last newline. */
export const git = (dir: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd: dir, env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** The same; undefined where Git fails. */
export function tryGit(dir: string, ...args: string[]): string | undefined {
  try {
    return git(dir, ...args);
  } catch {
    // The caller asks whether Git can.
    return undefined;
  }
}
