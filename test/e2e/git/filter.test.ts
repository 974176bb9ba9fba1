import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { compileSite } from '../../../src/compose/compile-site.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { recordSnapshot } from '../../../src/source/recording.ts';
import type { Source } from '../../../src/source/source.ts';
import { commitAll } from '../../support/git/commit-all.ts';
import { cache, followedRepo, live, open, repo, server, text } from '../../support/git/followed-repo.ts';

jest.setTimeout(60_000);

followedRepo('fleet');

const withFilters = (): Promise<string> => repo.git(['config', 'uploadpack.allowFilter', 'true']);

/** Text that cannot be packed any smaller. */
const noise = (bytes: number): string => randomBytes(bytes).toString('base64').slice(0, bytes);

/** A fleet of that many sites, each beside others in its region, and apps that run on one of them each. */
function fleet(sites: number): Record<string, string> {
  const files: Record<string, string> = { 'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\n' };
  for (let i = 0; i < sites; i++) {
    files[`sites/r${i % 10}/s${i}.yaml`] =
      `apiVersion: holdfast/v1\nkind: Site\nmetadata:\n  labels: { n: s${i} }\n# ${noise(500)}\n`;
  }
  for (let i = 0; i < 5; i++) {
    files[`apps/a${i}/app.yaml`] =
      `apiVersion: holdfast/v1\nkind: Application\nspec:\n  placement: { sites: [r0/s${i * 10}] }\n`;
    files[`apps/a${i}/compose.yaml`] = `services: { web: { image: x } }\n# ${noise(500)}\n`;
    files[`apps/a${i}/config/large.bin`] = noise(200_000);
  }
  return files;
}

/** Reads what a site reads; what went over the wire for it, and in how many requests. */
async function site(source: Source, name: string): Promise<{ bytes: number; requests: number; apps: string[] }> {
  const from = server.traffic.length;
  const { commit } = await source.poll(live);
  const snapshot = await source.fetch(commit, live);
  const placed = await placeSite(snapshot, { site: name });
  for (const app of placed.apps) for (const file of app.compose) await snapshot.read(file);
  await snapshot.dispose();
  const traffic = server.traffic.slice(from);
  return {
    bytes: traffic.reduce((sum, { up, down }) => sum + up + down, 0),
    requests: traffic.length,
    apps: placed.apps.map((app) => app.name),
  };
}

/** Bytes on the site's disk. */
async function kept(): Promise<number> {
  const sizes = (await readdir(cache)).map(async (name) => (await stat(join(cache, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

describe('a server that allows filters', () => {
  beforeEach(withFilters);

  test('sends a site what it reads, and little more however large the fleet is', async () => {
    await commitAll(repo, fleet(30));
    const small = await site(open(), 'r0/s10');
    expect(small.apps).toEqual(['a1']);
    await commitAll(repo, fleet(600));
    const large = await site(open({ dir: join(cache, 'large') }), 'r0/s10');
    expect(large.apps).toEqual(['a1']);
    // A folder's names are one object: those beside the site's own are paid for, what they hold is not.
    expect(large.bytes - small.bytes).toBeLessThan(57 * 60);
    expect(large.bytes).toBeLessThan(16_000);
    expect(large.requests).toBeLessThanOrEqual(10);
  });

  test('sends a folder that an app binds from elsewhere in the repo in few requests', async () => {
    const shared = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`shared/d${index % 6}/${index}.conf`, noise(100)]),
    );
    const compose = 'services: { web: { image: x, volumes: ["../../shared:/shared"] } }\n';
    await commitAll(repo, { ...fleet(30), ...shared, 'apps/a1/compose.yaml': compose });
    const source = open();
    const from = server.traffic.length;
    const { commit } = await source.poll(live);
    const snapshot = await source.fetch(commit, live);
    const placed = await placeSite(snapshot, { site: 'r0/s10' });
    const { apps } = await compileSite(placed, recordSnapshot(snapshot).snapshot, { filesDir: '/files' });
    expect(apps[0]?.files).toHaveLength(60);
    expect(server.traffic.length - from).toBeLessThanOrEqual(13);
    await snapshot.dispose();
  });

  test('sends a commit that concerns others for less than git pays', async () => {
    await commitAll(repo, fleet(600));
    const source = open();
    await site(source, 'r0/s10');
    await commitAll(repo, { 'sites/r3/s13.yaml': `# ${noise(300)}\n`, 'apps/a4/config/large.bin': noise(200_000) });
    const { bytes, requests } = await site(source, 'r0/s10');
    expect(requests).toBe(2);
    expect(bytes).toBeLessThan(3_000);
  });

  test('sends a commit that concerns the site in two requests more at most', async () => {
    await commitAll(repo, fleet(600));
    const source = open();
    await site(source, 'r0/s10');
    const large = `services: { web: { image: y } }\n# ${noise(20_000)}\n`;
    await commitAll(repo, { 'apps/a1/compose.yaml': large });
    const { bytes, requests } = await site(source, 'r0/s10');
    expect(requests).toBe(3);
    expect(bytes).toBeLessThan(20_000);
    const { commit } = await source.poll(live);
    expect(await text(await source.fetch(commit, live), 'apps/a1/compose.yaml')).toBe(large);
  });

  test('sends nothing of what others changed, however much that is', async () => {
    await commitAll(repo, fleet(100));
    const source = open();
    await site(source, 'r0/s10');
    const changes: Record<string, string> = {};
    for (let i = 0; i < 100; i++) if (i !== 10) changes[`sites/r${i % 10}/s${i}.yaml`] = `# ${noise(1_500)}\n`;
    await commitAll(repo, changes);
    const before = await kept();
    expect((await site(source, 'r0/s10')).apps).toEqual(['a1']);
    expect((await kept()) - before).toBeLessThan(10_000);
  });

  test('is asked again only for what had not arrived when the link broke', async () => {
    const commit = await commitAll(repo, fleet(30));
    const source = open();
    let requests = 0;
    for (let attempt = 0; attempt < 20; attempt++) {
      const left = attempt;
      let sent = 0;
      server.intercept = (_request, response) => {
        sent++;
        requests++;
        if (sent <= 2 || sent > left + 30) return false;
        response.destroy();
        return true;
      };
      const done = await site(source, 'r0/s10').then(
        () => true,
        () => false,
      );
      if (done) break;
    }
    server.intercept = undefined;
    expect(requests).toBeLessThan(60);
    expect((await site(source, 'r0/s10')).apps).toEqual(['a1']);
    expect(commit).toHaveLength(40);
  });

  test('sends folders as changes also where the history was asked for first', async () => {
    const known = await commitAll(repo, fleet(600));
    const source = open();
    await site(source, 'r0/s10');
    const tip = await commitAll(repo, { 'sites/r0/s20.yaml': '# changed\n' });
    await source.history(tip, [known], live);
    const { bytes, requests } = await site(source, 'r0/s10');
    expect(requests).toBe(2);
    expect(bytes).toBeLessThan(2_500);
  });

  test.each([
    ['tree.allow', 'false'],
    ['tree.maxDepth', '0'],
    ['blob:none.allow', 'false'],
  ])('but refuses those that are needed (%s %s) is one without', async (key, value) => {
    await commitAll(repo, fleet(30));
    await repo.git(['config', `uploadpackfilter.${key}`, value]);
    const source = open();
    expect((await site(source, 'r0/s10')).apps).toEqual(['a1']);
    const known = await repo.git(['rev-parse', 'main']);
    const tip = await commitAll(repo, { 'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\n# new\n' });
    expect((await source.history(tip, [known], live)).map(({ oid }) => oid)).toEqual([tip]);
    expect((await site(source, 'r0/s10')).apps).toEqual(['a1']);
  });

  test('and that rewrote its history is followed', async () => {
    await commitAll(repo, fleet(30));
    const source = open();
    await site(source, 'r0/s10');
    await commitAll(
      repo,
      { ...fleet(20), 'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\n# new\n' },
      { from: null },
    );
    await repo.git(['reflog', 'expire', '--expire=now', '--all']);
    await repo.git(['gc', '-q', '--prune=now']);
    expect((await site(source, 'r0/s10')).apps).toEqual(['a1']);
  });
});

describe('a server without filters', () => {
  test('sends what changed since the commit before, and nothing else', async () => {
    await commitAll(repo, fleet(600));
    const source = open();
    await site(source, 'r0/s10');
    await commitAll(repo, { 'sites/r3/s13.yaml': `# ${noise(300)}\n` });
    const { bytes, requests } = await site(source, 'r0/s10');
    expect(requests).toBe(2);
    expect(bytes).toBeLessThan(3_000);
    const again = await site(open(), 'r0/s10');
    expect(again.apps).toEqual(['a1']);
    expect(again.requests).toBe(2);
  });

  test('follows a hundred commits that were missed at the price of what they changed', async () => {
    await commitAll(repo, fleet(100));
    const source = open();
    await site(source, 'r0/s10');
    for (let i = 0; i < 20; i++)
      await commitAll(repo, { 'fleet.yaml': `apiVersion: holdfast/v1\nkind: Fleet\n# ${i}\n` });
    const { bytes } = await site(source, 'r0/s10');
    expect(bytes).toBeLessThan(3_000);
  });
});
