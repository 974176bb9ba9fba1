import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, jest, test } from '@jest/globals';
import { bareRepo, type GitRepo } from '../../support/git/git-repo.ts';
import type { FollowedHistory } from '../../support/hostile/hostile-history.ts';
import { inAgentHeap } from '../../support/program/agent-heap.ts';

jest.setTimeout(120_000);

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';

/** Commits on top of what is on main, as `git fast-import` takes them. */
function stream(commits: readonly { message: string; files?: Record<string, string> }[], isFirst = false): string {
  const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const texts = commits.map(({ message, files = {} }, index) => {
    const changes = Object.entries(files).map(([path, text]) => `M 644 inline ${path}\n${data(text)}`);
    const from = index === 0 && !isFirst ? 'from refs/heads/main^0\n' : '';
    const head = `commit refs/heads/main\ncommitter A <a@example.org> 1767225600 +0000\n`;
    return `${head}${data(message)}${from}${changes.join('')}\n`;
  });
  return texts.join('');
}

const hasGit = spawnSync('git', ['--version']).status === 0;

/** Makes a repo, adds something hostile on top of its first commit, and lets an agent that accepted the first commit look at it. */
async function followed(spoil: (repo: GitRepo) => Promise<void>): Promise<FollowedHistory> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-history-'));
  try {
    const repo = await bareRepo(join(dir, 'repo'), () => join(dir, 'repo'));
    await repo.git(['config', 'uploadpack.allowFilter', 'true']);
    await repo.git(['config', 'uploadpack.allowAnySHA1InWant', 'true']);
    const files = { 'compose.yaml': 'services: {s: {image: x}}\n' };
    await repo.git(['fast-import', '--quiet'], stream([{ message: 'first', files }], true));
    const floor = await repo.git(['rev-parse', 'main']);
    await spoil(repo);
    const spec = { version: 1, verify: 'every', signers: [{ name: 'ada', ssh: [KEY] }] };
    const trust = JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Trust', spec });
    const program = fileURLToPath(new URL('../../support/hostile/hostile-history.ts', import.meta.url));
    const ran = await inAgentHeap(program, [repo.dir, floor, join(dir, 'state'), trust]);
    if (ran.code !== 0) throw new Error(`the process ended with ${ran.code}: ${ran.stderr}`);
    return JSON.parse(ran.stdout) as FollowedHistory;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const importing =
  (...commits: { message: string; files?: Record<string, string> }[]) =>
  async (repo: GitRepo): Promise<void> => {
    await repo.git(['fast-import', '--quiet'], stream(commits));
  };

(hasGit ? describe : describe.skip)("histories that are larger than the agent's heap", () => {
  test('thousands of commits with long messages are judged one after the other', async () => {
    const found = await followed(async (repo) => {
      for (let batch = 0; batch < 10; batch++) {
        const message = (index: number): string => `${batch} ${index} ${String(index).repeat(20_000)}`.slice(0, 60_000);
        await importing(...Array.from({ length: 300 }, (_, index) => ({ message: message(index) })))(repo);
      }
    });
    expect(found).toMatchObject({ judged: 3000, refusal: expect.stringMatching(/is not signed$/), read: 'repo' });
    // Else nothing would be healed meanwhile.
    expect(found.turns).toBeGreaterThan(20);
  });

  test('one commit of 60 MB is refused', async () => {
    const found = await followed(importing({ message: 'x'.repeat(60_000_000) }));
    expect(found.refusal).toContain('a commit or tag of more than the 1048576 bytes that one may have');
    expect(found.read).toContain('a commit or tag of more than the 1048576 bytes that one may have');
  });

  test('a folder of 400,000 names is refused, and the commit is judged', async () => {
    const found = await followed(async ({ git }) => {
      const blob = await git(['hash-object', '-w', '--stdin'], 'x');
      const names = Array.from({ length: 400_000 }, (_, i) => `100644 blob ${blob}\tf${String(i).padStart(6, '0')}\n`);
      const tree = await git(['mktree'], names.join(''));
      const second = await git(['commit-tree', tree, '-p', 'main', '-m', 'wide']);
      await git(['update-ref', 'refs/heads/main', second]);
    });
    expect(found.refusal).toMatch(/is not signed$/);
    expect(found.read).toContain('a folder whose names take more than the 4194304 bytes that they may take');
  });

  test('a few KB that unpack to 300 MB are unpacked elsewhere', async () => {
    const zeros = '\0'.repeat(30_000_000);
    const files = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`zeros/${i}`, `${zeros}${i}`]));
    const found = await followed(importing({ message: 'zeros', files }));
    expect(found.read).toBe('repo');
  });
});
