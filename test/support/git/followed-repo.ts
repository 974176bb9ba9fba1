import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import { systemClock } from '../../../src/lib/clock.ts';
import { SourceError } from '../../../src/lib/errors.ts';
import { type GitSourceOptions, gitSource } from '../../../src/source/git-source.ts';
import type { FetchedSnapshot, Source } from '../../../src/source/source.ts';
import type { GitRepo } from './git-repo.ts';
import { type GitServer, startGitServer } from './git-server.ts';

/** The Git server, its repo and the folder for what is fetched of it: new ones for each test. */
export let server: GitServer;
export let repo: GitRepo;
export let cache: string;

/** Never aborted. */
export const live = new AbortController().signal;

const opened: Source[] = [];

/** To be called at the top of a test file. */
export function followedRepo(name: string): void {
  beforeEach(async () => {
    server = await startGitServer();
    repo = await server.repo(name);
    cache = await mkdtemp(join(tmpdir(), 'holdfast-cache-'));
  });
  afterEach(async () => {
    for (const source of opened.splice(0)) source.close();
    await server.close();
    await rm(cache, { recursive: true, force: true });
  });
}

/** A source that follows the repo; closed when the test ends. */
export function open(options: Partial<GitSourceOptions> = {}): Source {
  const source = gitSource({ url: repo.url, dir: cache, clock: systemClock, ...options });
  opened.push(source);
  return source;
}

/** A file as text. */
export async function text(snapshot: FetchedSnapshot, path: string): Promise<string | undefined> {
  const file = await snapshot.read(path);
  return file && Buffer.from(file.content).toString();
}

/** Files that a fetch began and did not end. */
export const unfinished = async (): Promise<string[]> => (await readdir(cache)).filter((name) => name.endsWith('.tmp'));

/** The SourceError that something ends with. */
export async function failure(promise: Promise<unknown>): Promise<SourceError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SourceError)) throw new Error(`expected a SourceError, got ${String(error)}`);
  return error;
}
