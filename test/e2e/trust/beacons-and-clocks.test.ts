import { describe, expect, test } from '@jest/globals';
import { signedCommit } from '../../support/git/signed-repo.ts';
import { ada, beacon, begun, bob, compose, eve, repo, trusting, trustingRepo } from './trusting-repo.ts';

trustingRepo();

describe('update security', () => {
  test('5. an old beacon is not believed', async () => {
    const { site, first } = await begun();
    await beacon(first, { sequence: 7 });
    await site.poll();
    await beacon(first, { sequence: 6 });
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/beacon 6 where 7 was seen before/)]);
    await site.restart();
    site.lines();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/beacon 6 where 7 was seen before/)]);
    await beacon(first, { sequence: 8, by: eve });
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/the beacon is not believed: .* does not name/)]);
    await beacon(first, { sequence: 8, revision: 'other' });
    await repo.git(['update-ref', 'refs/holdfast/beacon/main', 'refs/holdfast/beacon/other']);
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/that of "holdfast-beacon\/other" and not of main/)]);
  });

  test('5b. new keys begin the numbers of beacons again, and count from the commit on that brings them', async () => {
    const { site, first } = await begun(trusting({ ada }, { beacon: 'binding', mode: 'warn' }));
    await beacon(first, { sequence: 1_700_000_000 });
    await site.poll();
    site.trust = trusting({ ada });
    const rotation = await signedCommit(
      repo,
      { 'trust.yaml': trusting({ ada, bob }, { version: 2 }) },
      { by: ada, message: 'Rotate\n\nHoldfast-Trust: 2' },
    );
    await site.poll();
    expect(site.enforced()).toBe(rotation);
    site.lines();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/the beacon is not believed: .* does not follow/)]);
    await beacon(rotation, { sequence: 1, by: bob });
    await site.poll();
    await beacon(rotation, { sequence: 1, by: ada });
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/beacon 1 where 1 was seen before/)]);
  });

  test('6. a frozen server is noticed, said once, and stops nothing', async () => {
    const { site, first } = await begun(trusting({ ada }, { beacon: 'required' }));
    await beacon(first);
    await site.restart();
    await site.poll();
    expect(site.lines().join()).not.toMatch(/Stale/);
    site.wall = new Date('2026-06-02T00:00:00Z');
    await site.poll();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/^error Stale: the newest beacon, number 1 .* expired at/)]);
    expect(site.enforced()).toBe(first);
    await beacon(first, { sequence: 2, issued: Date.UTC(2026, 5, 1, 23) });
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/^info a fresh beacon was seen/)]);
  });

  test('7. with a clock of 1970 or of 2099 the site goes on, and is well again when the clock is', async () => {
    const until2030 = trusting(
      { ada },
      { beacon: 'required' },
      { validBefore: '2030-01-01', validAfter: '2020-01-01' },
    );
    const { site, first } = await begun(until2030);
    await beacon(first);
    await site.poll();
    let version = 2;
    for (const wall of ['1970-01-01T00:00:05Z', '2099-01-01T00:00:00Z', '2026-06-01T00:00:00Z']) {
      site.wall = new Date(wall);
      await site.restart();
      const next = await signedCommit(repo, compose(version++), { by: ada });
      await site.poll();
      expect(site.enforced()).toBe(next);
      expect(await site.floor()).toBe(next);
    }
    site.wall = new Date('1970-01-01T00:00:05Z');
    site.lines();
    await site.poll();
    expect(site.lines().join()).not.toMatch(/Stale/);
    site.later(24 * 3_600_000);
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/^error Stale: .* was to hold for 24 h, and none followed/)]);
  });
});
