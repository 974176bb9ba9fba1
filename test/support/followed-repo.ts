import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import { systemClock } from '../../src/lib/clock.ts';
import { SourceError } from '../../src/lib/errors.ts';
import { type GitSourceOptions, gitSource } from '../../src/source/git-source.ts';
import type { Source } from '../../src/source/source.ts';
import type { GitRepo } from './git-repo.ts';
import { type GitServer, startGitServer } from './git-server.ts';

/** A repo on a real Git server and a folder for what is fetched of it, afresh for each test of a file. */
export interface FollowedRepo {
  server: GitServer;
  repo: GitRepo;
  cache: string;
  /** A source that follows the repo; closed when the test ends. */
  open(options?: Partial<GitSourceOptions>): Source;
}

/** To be called at the top of a test file. */
export function followedRepo(name: string): FollowedRepo {
  const opened: Source[] = [];
  const followed = {
    open(options: Partial<GitSourceOptions> = {}): Source {
      const source = gitSource({ url: followed.repo.url, dir: followed.cache, clock: systemClock, ...options });
      opened.push(source);
      return source;
    },
  } as FollowedRepo;
  beforeEach(async () => {
    followed.server = await startGitServer();
    followed.repo = await followed.server.repo(name);
    followed.cache = await mkdtemp(join(tmpdir(), 'holdfast-cache-'));
  });
  afterEach(async () => {
    for (const source of opened.splice(0)) source.close();
    await followed.server.close();
    await rm(followed.cache, { recursive: true, force: true });
  });
  return followed;
}

/** The SourceError that something ends with. */
export async function failure(promise: Promise<unknown>): Promise<SourceError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SourceError)) throw new Error(`expected a SourceError, got ${String(error)}`);
  return error;
}
