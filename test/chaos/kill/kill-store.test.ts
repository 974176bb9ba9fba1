import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../../../scripts/machine/processes.ts';
import { acceptedStore } from '../../../src/agent/state/accepted.ts';
import { systemDisk } from '../../../src/lib/disk.ts';
import { seededRandom } from '../../sim/world/random.ts';
import type { GitRepo } from '../../support/git/git-repo.ts';
import { type GitServer, startGitServer } from '../../support/git/git-server.ts';

/** On each kind of server; `HOLDFAST_KILLS=100` is the long run. */
const KILLS = Number(process.env.HOLDFAST_KILLS ?? 10);
const COMMITS = KILLS * 12;
const LIFE = join(import.meta.dirname, '..', '..', 'support', 'site', 'store-life.ts');

describe.each([true, false])('a site that is killed while it fetches, accepts and merges (filters: %s)', (filters) => {
  let server: GitServer;
  let repo: GitRepo;
  let dir: string;
  let commits: string[];
  let head = 0;
  const { next } = seededRandom(`kill ${filters}`);

  beforeAll(async () => {
    server = await startGitServer();
    repo = await server.repo('fleet');
    dir = await mkdtemp(join(tmpdir(), 'holdfast-kill-'));
    await repo.git(['config', 'uploadpack.allowFilter', String(filters)]);
    await repo.git(['fast-import', '--quiet'], stream());
    commits = (await repo.git(['rev-list', '--reverse', 'main'])).split('\n');
    await move();
  }, 60_000);
  afterAll(async () => {
    await server.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** A history in which each commit changes what the site reads, and what it does not. */
  function stream(): string {
    const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
    const base = randomBytes(15_000).toString('hex');
    let text = '';
    for (let step = 0; step < COMMITS; step++) {
      text += `commit refs/heads/main\ncommitter T <t@example.org> ${1_700_000_000 + step} +0000\n${data('Step')}`;
      const files = {
        'apps/web/compose.yaml': 'services: {}\n',
        'apps/web/step.txt': `step ${step}\n`,
        'apps/web/data.txt': `${base}${step}\n`,
        [`sites/s${step % 50}.yaml`]: randomBytes(300).toString('hex'),
      };
      for (const [path, content] of Object.entries(files)) text += `M 100644 inline ${path}\n${data(content)}`;
      text += '\n';
    }
    return text;
  }

  const move = (): Promise<string> => repo.git(['update-ref', 'refs/heads/main', commits[head] ?? '']);

  /** One life; what it said that it accepted. The branch goes on while it lives. */
  async function live(isOver: (said: string[]) => boolean, ms: number): Promise<string[]> {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', LIFE, repo.url, dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      text += data;
    });
    const said = (): string[] => text.split('\n').slice(1, -1);
    await until(async () => text !== '', 20_000);
    const patience = performance.now() + ms;
    while (performance.now() < patience && !isOver(said())) {
      // The last one is kept for the end.
      if (head < commits.length - 2) head++;
      await move();
    }
    child.kill('SIGKILL');
    await once(child, 'close');
    return said();
  }

  /** The accepted state is whole, and no older than the last one that the process reported. */
  async function isWhole(atLeast: string | undefined): Promise<number> {
    const { accepted, problems } = await acceptedStore(systemDisk, join(dir, 'accepted'), 'test').load();
    expect(problems).toEqual([]);
    if (!accepted) {
      expect(atLeast).toBeUndefined();
      return -1;
    }
    const step = commits.indexOf(accepted.commit);
    const files = accepted.apps.web?.recorded.files ?? {};
    expect(Buffer.from(files['apps/web/step.txt']?.content ?? []).toString()).toBe(`step ${step}\n`);
    expect(Buffer.from(files['apps/web/data.txt']?.content ?? []).toString()).toMatch(
      new RegExp(`[0-9a-f]{30000}${step}\n$`),
    );
    if (atLeast !== undefined) expect(step).toBeGreaterThanOrEqual(commits.indexOf(atLeast));
    return step;
  }

  test(
    `${KILLS} times: what it accepted last is whole each time, and the next life goes on from it`,
    async () => {
      let last: string | undefined;
      let lives = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        // Some die while they start, and some in the middle of their twentieth commit.
        const [wanted, ms] = [Math.floor(next() * 8), 400 + next() * 1_200];
        // The first one has the time to accept something on a slow machine too.
        const said = await (kill === 0
          ? live((all) => all.length > 0, 20_000)
          : live((all) => all.length >= wanted, ms));
        if (said.length > 0) lives++;
        last = said.at(-1) ?? last;
        await isWhole(last);
      }
      expect(lives).toBeGreaterThan(0);
      head = commits.length - 1;
      await move();
      await live((all) => all.at(-1) === commits.at(-1), 30_000);
      expect(await isWhole(undefined)).toBe(commits.length - 1);
      const left = async (): Promise<string[]> =>
        (await readdir(join(dir, 'git'))).filter((name) => name.endsWith('.pack'));
      expect((await left()).length).toBeLessThanOrEqual(8);
      expect(
        await until(
          async () => (await readdir(join(dir, 'git'))).filter((name) => name.endsWith('.tmp')).length <= 2,
          1,
        ),
      ).toBe(true);
    },
    Math.max(120_000, KILLS * 4_000),
  );
});
