import { describe, expect, test } from '@jest/globals';
import type { Trust } from '../../../../src/trust/trust.ts';
import { verifyCommit } from '../../../../src/trust/verify/verify-commit.ts';
import { type Forge, person } from '../../../support/git/forge.ts';
import { ada, bob, document, forge, readTrust, signer } from './people.ts';

describe('the dates that count', () => {
  const at = (date: string): number => Date.parse(date) / 1000;
  const ends = (): Promise<Trust> =>
    readTrust(
      document({ verify: 'every' }, [
        signer(ada),
        signer(bob, { validBefore: '2026-02-01' }),
        signer(carol, { paths: ['apps/shop'] }),
      ]),
    );
  const carol = person('carol');
  const judged = async (repo: Forge, floor: string | undefined, commit: string, now?: number) => {
    const { refusals, dates } = await verifyCommit({ commit }, { floor, trust: await ends(), now }, repo);
    return { kind: refusals[0]?.kind ?? 'accepted', dates };
  };

  test('are those of the ancestors: an ended key changes nothing by an older date below a head of somebody else', async () => {
    const repo = forge();
    const floor = repo.commit({ by: ada, time: at('2026-01-01') });
    const newer = repo.commit({ by: ada, parents: [floor], time: at('2026-03-01') });
    const back = repo.commit({ by: bob, files: { a: '1' }, parents: [newer], time: at('2026-01-02') });
    const head = repo.commit({ by: ada, files: { a: '1' }, parents: [back], time: at('2026-03-02') });
    for (const from of [floor, newer]) expect((await judged(repo, from, head)).kind).toBe('expired');
    const early = repo.commit({ by: bob, files: { a: '1' }, parents: [floor], time: at('2026-01-02') });
    expect((await judged(repo, floor, early)).kind).toBe('accepted');
  });

  describe('where a signer is limited to paths', () => {
    const today = at('2026-01-03') * 1000;
    const history = () => {
      const repo = forge();
      const floor = repo.commit({ by: ada, time: at('2026-01-01') });
      const files = { 'apps/shop/a': '1' };
      const far = repo.commit({ by: carol, files, parents: [floor], time: at('2099-01-01') });
      const next = repo.commit({ by: bob, files, parents: [far], time: at('2026-01-02') });
      return { repo, floor, files, far, next };
    };

    test('end no key but its own, at a site without a clock', async () => {
      const { repo, floor, far, next } = history();
      for (const from of [floor, far]) expect((await judged(repo, from, next)).kind).toBe('accepted');
      const { dates } = await judged(repo, floor, far);
      expect((await judged(repo, far, next)).dates).toEqual(dates && { ...dates, full: at('2026-01-02') * 1000 });
    });

    test('end no key at a site with a clock: the commit is refused until its day, and with it what is on top of it', async () => {
      const { repo, floor, files, far, next } = history();
      const kinds = async (commits: readonly string[], now: number) =>
        Promise.all(commits.map(async (commit) => (await judged(repo, floor, commit, now)).kind));
      expect(await kinds([far, next], today)).toEqual(['notYetValid', 'notYetValid']);
      expect(await kinds([far], at('2099-01-01') * 1000)).toEqual(['accepted']);
      const dropped = repo.commit({ by: bob, files, parents: [floor], time: at('2026-01-02') });
      expect(await kinds([dropped], today)).toEqual(['accepted']);
    });

    test('are left behind by a branch without the commit, which sites without a clock follow by a recovery', async () => {
      const { repo, floor, files, far } = history();
      const message = `Drop a wrong date\n\nHoldfast-Recovers: ${far}\n`;
      const mended = repo.commit({ by: ada, files, parents: [floor], time: at('2026-01-02'), message });
      expect((await judged(repo, floor, mended, today)).kind).toBe('accepted');
      const after = repo.commit({ by: bob, files, parents: [mended], time: at('2026-01-03') });
      for (const commit of [mended, after]) expect((await judged(repo, far, commit)).kind).toBe('accepted');
    });
  });

  test('begin again with a recovery that full signers signed', async () => {
    const repo = forge();
    const floor = repo.commit({ by: ada, time: at('2026-01-01') });
    const far = repo.commit({ by: ada, parents: [floor], time: at('2050-01-01') });
    const ended = repo.commit({ by: bob, parents: [far], time: at('2026-01-02') });
    expect((await judged(repo, floor, ended)).kind).toBe('expired');
    const note = { message: `Count again\n\nHoldfast-Recovers: ${far}\n`, parents: [far], time: at('2026-01-02') };
    for (const [by, kind] of [
      [ada, 'accepted'],
      [bob, 'expired'],
      [carol, 'expired'],
    ] as const) {
      const recovery = repo.commit({ ...note, by });
      const again = repo.commit({ by: bob, parents: [recovery], time: at('2026-01-03') });
      expect((await judged(repo, floor, again)).kind).toBe(kind);
    }
  });
});
