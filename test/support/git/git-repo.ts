import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';

/** Content of files by path; null removes one. `executable` and `symlink` by prefix of the value's form. */
export type Change = Record<string, string | Uint8Array | null | { symlink: string } | { executable: string }>;

/** A bare repo, written with plumbing alone: no work tree, no index on disk. */
export interface GitRepo {
  dir: string;
  /** Where a server serves it. */
  readonly url: string;
  git(args: string[], input?: string | Uint8Array): Promise<string>;
  /** Commits changes on top of a branch (default `main`) and moves it there; the commit's ID. */
  commit(change: Change, options?: { branch?: string; message?: string; from?: string | null }): Promise<string>;
}

/** Identity and dates are fixed, so that commit IDs are the same at each run, and nothing of the machine's own configuration counts. */
export const ENVIRONMENT = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.org',
  GIT_AUTHOR_DATE: '2024-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.org',
  GIT_COMMITTER_DATE: '2024-01-01T00:00:00Z',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

export async function bareRepo(dir: string, url: () => string): Promise<GitRepo> {
  await mkdir(dir, { recursive: true });
  const git = (args: string[], input?: string | Uint8Array, env: Record<string, string> = {}): Promise<string> =>
    execute(dir, args, input, env);
  await git(['init', '--quiet', '--bare', '--initial-branch=main', '.']);
  let indexes = 0;

  return {
    dir,
    get url() {
      return url();
    },
    git: (args, input) => git(args, input),
    async commit(change, { branch = 'main', message = 'Change', from } = {}) {
      const parent =
        from === undefined
          ? await git(['rev-parse', '-q', '--verify', `refs/heads/${branch}`]).catch(() => null)
          : from;
      const index = { GIT_INDEX_FILE: `${dir}/test-index-${++indexes}` };
      if (parent) await git(['read-tree', parent], undefined, index);
      for (const [path, content] of Object.entries(change)) {
        if (content === null) {
          await git(['update-index', '--index-info'], `0 ${'0'.repeat(40)}\t${path}\n`, index);
          continue;
        }
        const [mode, data] = modeOf(content);
        const blob = await git(['hash-object', '-w', '--stdin'], data);
        await git(['update-index', '--add', '--cacheinfo', `${mode},${blob},${path}`], undefined, index);
      }
      const tree = await git(['write-tree'], undefined, index);
      const commit = await git(['commit-tree', tree, ...(parent ? ['-p', parent] : []), '-m', message]);
      await git(['update-ref', `refs/heads/${branch}`, commit]);
      return commit;
    },
  };
}

function modeOf(content: Exclude<Change[string], null>): [mode: string, data: string | Uint8Array] {
  if (typeof content === 'string' || content instanceof Uint8Array) return ['100644', content];
  return 'symlink' in content ? ['120000', content.symlink] : ['100755', content.executable];
}

function execute(
  dir: string,
  args: string[],
  input: string | Uint8Array | undefined,
  env: Record<string, string>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, {
      cwd: dir,
      env: { PATH: process.env.PATH, HOME: dir, ...ENVIRONMENT, ...env },
      // No pipe where nothing goes in: a git that ends before it has read would break it.
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString('utf8').trim());
      else reject(new Error(`git ${args.join(' ')}: ${Buffer.concat(err)}`));
    });
    // A git that ends before it has read says why by its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
