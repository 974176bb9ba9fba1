import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { acceptedStore } from '../../src/agent/state/accepted.ts';
import { systemDisk } from '../../src/lib/disk.ts';
import { shortRevision } from '../../src/lib/text/revision.ts';
import { allRun, app, type ChaosSite, chaosSite, describeChaos, fleet, staying } from '../support/site/chaos-site.ts';
import { killByHand, type Running } from '../support/site/site.ts';

const isRoot = process.getuid?.() === 0;

/** A small disk of its own, mounted there. */
function mountSmall(path: string, options: string): () => void {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
  return () => execFileSync('umount', ['-l', path]);
}

/** Takes all space that is left. */
async function fill(path: string): Promise<void> {
  await writeFile(join(path, 'ballast'), Buffer.alloc(64 << 20)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOSPC') throw error;
  });
}

describeChaos('a disk that is full', () => {
  let site: ChaosSite;
  const unmount: (() => void)[] = [];

  beforeAll(async () => {
    site = await chaosSite();
    if (!isRoot) return;
    unmount.push(mountSmall(site.stateDir, 'size=1m'), mountSmall(site.filesDir, 'size=256k'));
    await site.repo.commit({
      ...fleet(site),
      ...app(site, 'a', staying({ web: {}, db: {} })),
      ...app(
        site,
        'b',
        staying({ web: { configs: [{ source: 'c', target: '/etc/c' }] } }, { configs: { c: { file: './c.txt' } } }),
      ),
      [`apps/${site.app('b')}/c.txt`]: 'first\n',
    });
    await site.start();
    await site.becomes('three containers run', allRun(3));
  }, 60_000);
  afterAll(async () => {
    for (const undo of unmount) undo();
    await site?.close();
  }, 60_000);

  (isRoot ? test : test.skip)(
    'under the state: enforced and healed all the same, said once, whole, and on when there is space',
    async () => {
      const from = (await site.log()).length;
      const before = await site.repo.git(['rev-parse', 'main']);
      const db = (found: Running[]): Running | undefined => found.find(({ name }) => name === `${site.app('a')}-db-1`);
      const old = db(await site.containers())?.id;
      await fill(site.stateDir);
      await killByHand(site.host, `${site.app('a')}-web-1`);
      const commit = await site.repo.commit(app(site, 'a', staying({ web: {}, db: { environment: { ROUND: '2' } } })));
      await site.becomes('healed', allRun(3));
      const complaint = /no space left/;
      await site.sees(complaint, { from });
      // Several polls later it has not been said again.
      const polls = site.git.traffic.length;
      await site.becomes('polled again', () => site.git.traffic.length > polls + 1, 20_000);
      const about = (await site.log()).slice(from).filter(({ message }) => complaint.test(message));
      expect(about.filter(({ message }) => /state directory/.test(message)).length).toBeLessThan(2);
      expect(about.filter(({ message }) => !/state directory/.test(message)).length).toBeLessThan(2);
      for (const { message } of about) expect(message).toMatch(/cannot (write the state directory|store the state)/);

      const { accepted, problems } = await acceptedStore(systemDisk, join(site.stateDir, 'accepted'), 'test').load();
      expect([accepted?.commit, problems]).toEqual([before, []]);

      await rm(join(site.stateDir, 'ballast'));
      await site.sees(new RegExp(`^accepted ${shortRevision(commit)}`), { from, ms: 30_000 });
      await site.becomes('db has changed', (found) => allRun(3)(found) && db(found)?.id !== old, 30_000);
    },
  );

  (isRoot ? test : test.skip)('at a restart: what was accepted is enforced', async () => {
    const agent = await site.start({ args: ['--interval', '1h'] });
    await agent.end('SIGKILL');
    await fill(site.stateDir);
    const from = (await site.log()).length;
    await killByHand(site.host, `${site.app('a')}-db-1`);
    const next = await site.start();
    await site.sees(/^enforcing/, { from });
    await site.becomes('healed', allRun(3));
    expect(await next.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await rm(join(site.stateDir, 'ballast'));
  });

  (isRoot ? test : test.skip)(
    'under the files of one app: said of that app, which runs on; others change',
    async () => {
      const from = (await site.log()).length;
      await fill(site.filesDir);
      const ids = (await site.containers()).map(({ id }) => id);
      await site.repo.commit({
        [`apps/${site.app('b')}/c.txt`]: 'x'.repeat(50_000),
        ...app(site, 'a', staying({ web: { environment: { ROUND: '3' } }, db: { environment: { ROUND: '2' } } })),
      });
      const line = await site.sees(/no space left/, { from });
      expect(line).toMatchObject({ app: site.app('b') });
      expect(line.message).toMatch(/c\.txt/);
      await site.becomes('a has changed, b runs on', (found) => {
        const isNew = found.filter(({ id }) => !ids.includes(id));
        return allRun(3)(found) && isNew.length === 1 && isNew[0]?.app === site.app('a');
      });
      await rm(join(site.filesDir, 'ballast'));
      await site.becomes(
        'b is new as well',
        (found) => allRun(3)(found) && found.filter(({ id }) => !ids.includes(id)).length === 2,
        30_000,
      );
    },
  );
});
