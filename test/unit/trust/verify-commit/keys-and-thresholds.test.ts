import { describe, expect, test } from '@jest/globals';
import { fingerprintOf } from '../../../../src/trust/signature/ssh-key.ts';
import { sshPublicBlob } from '../../../../src/trust/signature/ssh-sign.ts';
import type { Trust } from '../../../../src/trust/trust.ts';
import { verifyCommit } from '../../../../src/trust/verify/verify-commit.ts';
import { person } from '../../../support/git/forge.ts';
import { ada, bob, document, eve, forge, readTrust, said, signer, trusting } from './people.ts';

describe('a threshold of two', () => {
  const two = (): Promise<Trust> => trusting([ada, bob], { threshold: 2 });

  test('is met by a signed commit that changes nothing, on top of a signed change', async () => {
    const repo = forge();
    const floor = repo.commit({ by: ada });
    const change = repo.commit({ by: ada, files: { a: '1' }, parents: [floor] });
    expect(await said(repo, await two(), floor, change)).toMatch(/^threshold: .* takes 2 signers: only ada/);
    const same = repo.commit({ by: ada, files: { a: '1' }, parents: [change] });
    expect(await said(repo, await two(), floor, same)).toMatch(/^threshold/);
    const approved = repo.commit({ by: bob, files: { a: '1' }, parents: [change] });
    expect(await said(repo, await two(), floor, approved)).toBe('accepted');
    expect(await said(repo, await two(), undefined, approved)).toBe('accepted');
  });

  test('is not met by another having signed the same files long ago, in what was left behind', async () => {
    const repo = forge();
    const base = repo.commit({ by: ada });
    const old = repo.commit({ by: bob, files: { a: 'old' }, parents: [base] });
    const floor = repo.commit({ by: ada, files: { a: 'new' }, parents: [base] });
    const merge = repo.commit({ by: ada, files: { a: 'old' }, parents: [floor, old] });
    expect(await said(repo, await two(), floor, merge)).toMatch(/^threshold/);
    const note = { message: `x\n\nHoldfast-Recovers: ${floor}\n` };
    const back = repo.commit({ by: ada, files: { a: 'old' }, parents: [old], ...note });
    expect(await said(repo, await two(), floor, back)).toMatch(/^threshold/);
    const agreed = repo.commit({ by: bob, files: { a: 'old' }, parents: [back], ...note });
    expect(await said(repo, await two(), floor, agreed)).toBe('accepted');
  });

  test('is judged link by link: a limited signer does not approve what somebody else changed before', async () => {
    const repo = forge();
    const carol = person('carol');
    const people = [signer(ada), signer(carol), signer(bob, { paths: ['apps/shop'] })];
    const trust = await readTrust(document({ verify: 'every', threshold: 2 }, people));
    const floor = repo.commit({ by: ada });
    const web = repo.commit({ by: ada, files: { 'apps/web/a': '1' }, parents: [floor] });
    const files = { 'apps/web/a': '1', 'apps/shop/a': '1' };
    const shop = repo.commit({ by: bob, files, parents: [web] });
    const empty = repo.commit({ by: ada, files, parents: [shop] });
    expect(await said(repo, trust, floor, empty)).toMatch(/^threshold/);
    const agreed = repo.commit({ by: carol, files: { 'apps/web/a': '1' }, parents: [web] });
    const next = repo.commit({ by: bob, files, parents: [agreed] });
    expect(await said(repo, trust, floor, next)).toMatch(/^threshold/);
    expect(await said(repo, trust, floor, repo.commit({ by: ada, files, parents: [next] }))).toBe('accepted');
  });

  test('counts what was accepted for the commits on top that change nothing', async () => {
    const repo = forge();
    const first = repo.commit({ by: ada });
    const change = repo.commit({ by: ada, files: { a: '1' }, parents: [first] });
    const floor = repo.commit({ by: bob, files: { a: '1' }, parents: [change] });
    const head = repo.commit({ by: ada, files: { a: '1' }, parents: [floor] });
    for (const from of [first, floor]) expect(await said(repo, await two(), from, head)).toBe('accepted');
  });
});

describe('a tag', () => {
  test('that is followed must be signed, of that name, and for that commit', async () => {
    const repo = forge();
    const trust = await trusting([ada]);
    const commit = repo.commit();
    const at = (oid: string | undefined) => ({ commit, tag: { name: 'v1', oid } });
    expect(await said(repo, trust, undefined, at(repo.tag('v1', commit, ada)))).toBe('accepted');
    expect(await said(repo, trust, undefined, at(repo.tag('v1', commit)))).toMatch(/^unsigned: tag v1/);
    expect(await said(repo, trust, undefined, at(repo.tag('v1', commit, eve)))).toMatch(/^unknownKey: tag v1/);
    expect(await said(repo, trust, undefined, at(repo.tag('v0', commit, ada)))).toMatch(
      /^tag: the repo shows the tag "v0" as tag v1/,
    );
    expect(await said(repo, trust, undefined, at(repo.tag('v1', repo.commit({ by: ada }), ada)))).toMatch(/^tag: /);
    expect(await said(repo, trust, undefined, at(undefined))).toMatch(/^tag: .* lightweight/);
  });
});

describe('a key', () => {
  const until = (date: string): Promise<Trust> =>
    readTrust(document({ verify: 'every' }, [signer(ada, { validBefore: date })]));
  const made = (year: number): number => Date.UTC(year, 0, 1) / 1000;

  test('that has expired signs nothing new, whatever date the commit bears', async () => {
    const repo = forge();
    const head = repo.commit({ by: ada, time: made(2024) });
    expect(await said(repo, await until('2025-01-01'), undefined, head)).toMatch(
      /^expired: .* signed by ada, whose key expired at 2025/,
    );
    expect(await said(repo, await until('2027-01-01'), undefined, head)).toBe('accepted');
  });

  test('is judged by the date of the commit alone where the site does not know the time', async () => {
    const repo = forge();
    const trust = await until('2025-01-01');
    const judged = (time: number) =>
      verifyCommit({ commit: repo.commit({ by: ada, time }) }, { floor: undefined, trust, now: undefined }, repo);
    expect((await judged(made(2024))).refusals).toEqual([]);
    expect((await judged(made(2026))).refusals[0]?.kind).toBe('expired');
  });

  test('that expired meanwhile still carries the way to what a valid one signed', async () => {
    const repo = forge();
    const trust = await readTrust(
      document({ verify: 'every' }, [signer(ada, { validBefore: '2026-02-01' }), signer(bob)]),
    );
    const floor = repo.commit({ by: ada, time: made(2026) });
    const between = repo.commit({ by: ada, parents: [floor], time: made(2026) });
    expect(await said(repo, trust, floor, between)).toMatch(/^expired/);
    expect(await said(repo, trust, floor, repo.commit({ by: bob, parents: [between] }))).toBe('accepted');
  });

  test('that has expired approves of nothing new, on whichever commit', async () => {
    const repo = forge();
    const trust = await readTrust(
      document({ threshold: 2 }, [signer(ada), signer(bob, { validBefore: '2026-02-01' })]),
    );
    const floor = repo.commit({ by: ada });
    const change = repo.commit({ by: bob, files: { a: '1' }, parents: [floor], time: made(2026) });
    const head = repo.commit({ by: ada, files: { a: '1' }, parents: [change] });
    expect(await said(repo, trust, floor, head)).toMatch(/^threshold: .* only ada/);
    expect(await said(repo, trust, floor, head, Date.UTC(2026, 0, 15))).toBe('accepted');
  });

  test('may have several lines, of which any will do', async () => {
    const repo = forge();
    const lines = [`ada valid-before="20260101Z" ${ada.line}`, `ada valid-after="20260101Z" ${ada.line}`];
    const trust = await readTrust(document({}, [{ name: 'ada', ssh: lines }]));
    expect(await said(repo, trust, undefined, repo.commit({ by: ada, time: made(2026) }))).toBe('accepted');
    expect(await said(repo, trust, undefined, repo.commit({ by: ada, time: made(2026) - 1 }))).toMatch(/^expired/);
  });

  test('is valid from the first moment of its time, and no longer at the last', async () => {
    const repo = forge();
    const trust = await readTrust(document({}, [signer(ada, { validAfter: '2026-01-01', validBefore: '2026-07-01' })]));
    const at = async (time: number): Promise<string> => {
      const commit = repo.commit({ by: ada, time });
      const { refusals } = await verifyCommit({ commit }, { floor: undefined, trust, now: undefined }, repo);
      return refusals[0]?.kind ?? 'accepted';
    };
    const second = (date: string): number => Date.parse(date) / 1000;
    expect(await at(second('2026-01-01T00:00:00Z'))).toBe('accepted');
    expect(await at(second('2025-12-31T23:59:59Z'))).toMatch(/^notYetValid/);
    expect(await at(second('2026-06-30T23:59:59Z'))).toMatch(/accepted/);
    expect(await at(second('2026-07-01T00:00:00Z'))).toMatch(/^expired/);
  });

  test('belongs to one signer', async () => {
    await expect(readTrust(document({ threshold: 2 }, [signer(ada), { ...signer(ada), name: 'bob' }]))).rejects.toThrow(
      /bob has the key SHA256:.*, which is ada's/,
    );
  });

  test('that is revoked signs nothing, not even what was accepted', async () => {
    const repo = forge();
    const head = repo.commit({ by: ada });
    const revoked = [fingerprintOf(sshPublicBlob(ada.key))];
    const trust = await readTrust(document({ revoked }, [signer(ada), signer(bob)]));
    expect(await said(repo, trust, head, head)).toMatch(/^revoked: .* by ada with the revoked key SHA256:/);
  });
});
