import { readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '../../scripts/machine/processes.ts';
import { shortRevision } from '../../src/lib/text/revision.ts';
import { allRun, app, type ChaosSite, chaosSite, describeChaos, fleet, staying } from '../support/site/chaos-site.ts';
import { volumesOf } from '../support/site/site.ts';

/** Every file below a folder, as paths. */
async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

const isWhole = (json: string): boolean => {
  try {
    return typeof JSON.parse(json) === 'object';
  } catch {
    return false;
  }
};

const DAMAGES: Record<string, (path: string) => Promise<void>> = {
  truncated: async (path) =>
    writeFile(path, (await readFile(path)).subarray(0, Math.floor((await stat(path)).size * 0.7))),
  'flipped in one bit': async (path) => {
    const content = await readFile(path);
    const at = Math.floor(content.length / 2);
    content[at] = (content[at] as number) ^ 0x04;
    await writeFile(path, content);
  },
  deleted: (path) => unlink(path),
};

describeChaos('a state directory that decays', () => {
  let site: ChaosSite;
  let ids: string[];

  beforeAll(async () => {
    site = await chaosSite();
    await site.repo.commit({
      ...fleet(site),
      ...app(site, 'a', staying({ web: { volumes: ['data:/data'] }, side: {} }, { volumes: { data: {} } })),
      ...app(
        site,
        'b',
        staying({ web: { configs: [{ source: 'c', target: '/etc/c' }] } }, { configs: { c: { file: './c.txt' } } }),
      ),
      [`apps/${site.app('b')}/c.txt`]: 'hello\n',
    });
    const agent = await site.start();
    await site.becomes('three containers run', allRun(3));
    await site.sees(/^accepted/);
    expect(await agent.end('SIGTERM')).toEqual({ code: 0, signal: null });
    ids = (await site.containers()).map(({ id }) => id);
  }, 60_000);
  afterAll(() => site?.close(), 60_000);

  test.each(Object.keys(DAMAGES))(
    'each file %s: reported, rebuilt, and nothing that runs is touched',
    async (how) => {
      const damage = DAMAGES[how] as (path: string) => Promise<void>;
      const files = (await filesBelow(site.stateDir)).filter((path) => !path.includes('corrupt')).sort();
      expect(files.length).toBeGreaterThan(3);
      for (const path of files) {
        // A life earlier on may have rewritten it under another name.
        if (!(await stat(path).catch(() => undefined))) continue;
        await damage(path);
        const from = (await site.log()).length;
        const agent = await site.start();
        const isMemory = path.endsWith('memory.json');
        // Nothing of it comes from Git again.
        const isHistory = path.endsWith('history.json');
        // The agent proves Git objects when something new builds on them; the enforced state does not.
        // Another ID of the agent is no conflict: a mark that differs is no difference.
        const isQuiet = path.includes('/git/') || path.endsWith('/agent-id');
        if (isQuiet) await site.sees(/^enforcing/, { from });
        else if (how !== 'deleted' || path.includes('blobs')) await site.sees(/damaged|is lost/, { from });
        if (isHistory) await site.sees(/^enforcing/, { from });
        else if (!isMemory && !isQuiet) await site.sees(/^accepted/, { from });
        await until(
          async () => isWhole(await readFile(join(site.stateDir, 'memory.json'), 'utf8').catch(() => '')),
          10_000,
        );
        expect(await agent.end('SIGTERM')).toEqual({ code: 0, signal: null });
        expect((await site.containers()).map(({ id }) => id)).toEqual(ids);

        // One thing was damaged: what earlier lives rebuilt holds.
        const said = (await site.log()).slice(from).map(({ message }) => message);
        expect(said.filter((message) => /damaged|is lost/.test(message) && !message.includes(path))).toEqual([]);
      }
      expect(await volumesOf(site.host, site.name)).toEqual([`${site.app('a')}_data`]);

      const commit = await site.repo.commit({ 'README.md': `${how}\n` });
      const from = (await site.log()).length;
      const agent = await site.start();
      await site.sees(new RegExp(`^accepted ${shortRevision(commit)}`), { from });
      expect(await agent.end('SIGTERM')).toEqual({ code: 0, signal: null });
      expect((await site.containers()).map(({ id }) => id)).toEqual(ids);
    },
    120_000,
  );

  test('damaged while the Git server is away: what runs stays, and is mended when it is back', async () => {
    await site.git.stop();
    // Emptied, as some file systems leave a file after a power cut.
    for (const path of await filesBelow(site.stateDir)) await writeFile(path, '');
    const from = (await site.log()).length;
    const agent = await site.start();
    await site.sees(/damaged/, { from });
    await site.sees(/cannot read/, { from });
    expect((await site.containers()).map(({ id }) => id)).toEqual(ids);
    await site.git.start();
    await site.sees(/^accepted/, { from, ms: 30_000 });
    await agent.end('SIGTERM');
    expect((await site.containers()).map(({ id }) => id)).toEqual(ids);
  }, 60_000);
});
