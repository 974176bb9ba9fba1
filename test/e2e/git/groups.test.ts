import { join } from 'node:path';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { compileSite } from '../../../src/compose/compile-site.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import type { Identity } from '../../../src/secrets/crypt/identity.ts';
import { type SiteSecrets, siteSecrets } from '../../../src/secrets/site-secrets.ts';
import { recordSnapshot } from '../../../src/source/recording.ts';
import type { Source } from '../../../src/source/source.ts';
import { commitAll } from '../../support/git/commit-all.ts';
import { cache, followedRepo, live, open, repo, server } from '../../support/git/followed-repo.ts';
import { addSite, encryptFor, groupFleet, removeSite } from '../../support/secrets/group-fleet.ts';

jest.setTimeout(180_000);

followedRepo('groups');

const SITE = 'r0/s7';
/** Sites in folders of fifty, as regions are. */
const names = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `r${Math.floor(index / 50)}/s${index}`);

/** Gathers what a site needs, and decrypts it; what went over the wire for it, and the secret. */
async function gather(source: Source, secrets: SiteSecrets): Promise<{ sent: number[]; secret: string }> {
  const from = server.traffic.length;
  const { commit } = await source.poll(live);
  const snapshot = await source.fetch(commit, live);
  const placed = await placeSite(snapshot, { site: SITE });
  const recorder = recordSnapshot(snapshot);
  const { apps, broken } = await compileSite(placed, recorder.snapshot, { filesDir: '/files', secrets });
  expect(broken).toEqual([]);
  expect(Object.keys(recorder.recorded().files).filter((path) => path.startsWith('keys/'))).toEqual([
    `keys/shops/${SITE}.age`,
  ]);
  await snapshot.dispose();
  const traffic = server.traffic.slice(from);
  return {
    sent: traffic.map(({ up, down }) => up + down),
    secret: Buffer.from(apps[0]?.files[0]?.content ?? '').toString(),
  };
}

/** The bytes of each request of a site in a fleet of so many sites: at first, and then for one commit each. */
async function requests(count: number): Promise<Record<'first' | 'secret' | 'comes' | 'leaves', number[]>> {
  const fleet = await groupFleet(names(count), 'password: weasel\n');
  await repo.git(['update-ref', '-d', 'refs/heads/main']);
  await commitAll(repo, fleet.files, { from: null });
  const source = open({ dir: join(cache, String(count)) });
  const secrets = siteSecrets({ site: [fleet.sites.get(SITE) as Identity], apps: new Map() }, Buffer.alloc(32, 7));
  const gathered = async (expected: string): Promise<number[]> => {
    const { secret, sent } = await gather(source, secrets);
    expect(secret).toBe(`password: ${expected}\n`);
    return sent;
  };
  const after = async (change: () => Promise<void>, secret: string): Promise<number[]> => {
    const before = { ...fleet.files };
    await change();
    const changed = Object.entries(fleet.files).filter(([path, text]) => before[path] !== text);
    const gone = Object.keys(before).filter((path) => fleet.files[path] === undefined);
    await commitAll(repo, Object.fromEntries(changed), { remove: gone });
    return gathered(secret);
  };
  return {
    first: await gathered('weasel'),
    secret: await after(() => encryptFor(fleet, 'password: marten\n'), 'marten'),
    comes: await after(() => addSite(fleet, 'new/s1'), 'marten'),
    leaves: await after(async () => {
      await removeSite(fleet, 'r0/s3');
      await encryptFor(fleet, 'password: badger\n');
    }, 'badger'),
  };
}

const sum = (sent: readonly number[]): number => sent.reduce((all, bytes) => all + bytes, 0);
/** 99 folders more have their names in two places. */
const NAMES = 2 * 99 * 30;

describe('a site of a recipient group', () => {
  beforeEach(() => repo.git(['config', 'uploadpack.allowFilter', 'true']));

  test('downloads the same in a fleet of 50 and of 5,000 sites', async () => {
    const [small, large] = [await requests(50), await requests(5_000)];
    expect(large.first.length).toBe(small.first.length);
    expect(sum(large.first)).toBeLessThan(sum(small.first) + NAMES);
    for (const what of ['secret', 'comes'] as const) {
      expect(large[what].length).toBe(small[what].length);
      expect(sum(large[what])).toBeLessThan(sum(small[what]) + 500);
    }
    // With a new key, all key files change. The site breaks off the answer with the names in all folders, and asks for its own folders whole, not for their changes.
    const [, ...others] = large.leaves.toSorted((a, b) => b - a);
    expect(sum(others)).toBeLessThan(2 * sum(small.leaves) + NAMES);
  });
});
