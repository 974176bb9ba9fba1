import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { objectId } from '../../../../src/git/objects/git-object.ts';
import { shortRevision } from '../../../../src/lib/text/revision.ts';
import { parseCommit } from '../../../../src/trust/signed-object.ts';
import type { Trust } from '../../../../src/trust/trust.ts';
import type { Person } from '../../../support/git/forge.ts';
import { ada, bob, document, eve, forge, readTrust, said, signer, trusting } from './people.ts';

describe('the newest commit', () => {
  test('is accepted when somebody signed it who is trusted', async () => {
    const repo = forge();
    expect(await said(repo, await trusting([ada]), undefined, repo.commit({ by: ada }))).toBe('accepted');
  });

  test.each([
    ['nobody signed it', undefined, /^unsigned: commit .* is not signed/],
    [
      'a stranger signed it',
      eve,
      /^unknownKey: commit .* is signed with the SSH key SHA256:.*, which trust.yaml does not/,
    ],
  ])('is refused when %s', async (_, by, words) => {
    const repo = forge();
    expect(await said(repo, await trusting([ada]), undefined, repo.commit({ by }))).toMatch(words);
  });

  test('is refused when its signature is that of another commit', async () => {
    const repo = forge();
    const signed = repo.commit({ by: ada, message: 'Mine\n' });
    const content = Buffer.from(repo.commits.get(signed)?.content.toString().replace('Mine', 'Evil') ?? '');
    const forged = objectId({ type: 'commit', content });
    repo.commits.set(forged, { content, files: {}, parents: [] });
    expect(await said(repo, await trusting([ada]), undefined, forged)).toMatch(/^badSignature/);
  });

  test('is refused when the key signed for another purpose', async () => {
    const repo = forge();
    const trust = await readTrust(
      document({}, [{ name: 'ada', ssh: [`ada namespaces="holdfast-beacon" ${ada.line}`] }, signer(bob)]),
    );
    expect(await said(repo, trust, undefined, repo.commit({ by: ada }))).toMatch(/^wrongPurpose/);
  });

  test('is refused with any bit flipped, under its own ID and under the new one', async () => {
    const repo = forge();
    const trust = await trusting([ada]);
    const oid = repo.commit({ by: ada, files: { a: '1' } });
    const content = repo.commits.get(oid)?.content ?? Buffer.alloc(0);
    await fc.assert(
      fc.asyncProperty(fc.nat(content.length - 1), fc.nat(7), fc.boolean(), async (at, bit, rename) => {
        const flipped = Buffer.from(content);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        const name = rename ? objectId({ type: 'commit', content: flipped }) : oid;
        const other = forge();
        other.commits.set(name, { content: flipped, files: {}, parents: [] });
        expect(await said(other, trust, undefined, name)).not.toBe('accepted');
      }),
      { numRuns: 400 },
    );
  });
});

describe('the floor', () => {
  test('lets the site go forward, and asks for the history once', async () => {
    const repo = forge();
    const floor = repo.commit({ by: ada });
    const next = repo.commit({ by: ada, parents: [repo.commit({ by: eve, parents: [floor] })] });
    expect(await said(repo, await trusting([ada]), floor, next)).toBe('accepted');
    expect(repo.asked).toEqual([`history ${next.slice(0, 6)}`]);
  });

  test('refuses an older commit, though it is signed', async () => {
    const repo = forge();
    const old = repo.commit({ by: ada });
    const floor = repo.commit({ by: ada, parents: [old] });
    expect(await said(repo, await trusting([ada]), floor, old)).toMatch(/^rewritten: .* does not descend from/);
  });

  test('refuses a signed commit beside it', async () => {
    const repo = forge();
    const base = repo.commit({ by: ada });
    const floor = repo.commit({ by: ada, parents: [base], message: 'A\n' });
    const beside = repo.commit({ by: ada, parents: [base], message: 'B\n' });
    expect(await said(repo, await trusting([ada]), floor, beside)).toMatch(/^rewritten/);
  });

  test('lets a signed commit that names it take over a rewritten history, and what follows on that', async () => {
    const repo = forge();
    const base = repo.commit({ by: ada });
    const floor = repo.commit({ by: ada, parents: [base], message: 'A\n' });
    const note = `Recover\n\nHoldfast-Recovers: ${floor}\n`;
    const recovery = repo.commit({ by: ada, parents: [base], message: note });
    const trust = await trusting([ada], { verify: 'every' });
    expect(await said(repo, trust, floor, recovery)).toBe('accepted');
    expect(await said(repo, trust, floor, repo.commit({ by: ada, parents: [recovery] }))).toBe('accepted');
    expect(await said(repo, trust, floor, repo.commit({ by: eve, parents: [recovery] }))).toMatch(/^unknownKey/);
    const byEve = repo.commit({ by: eve, parents: [base], message: note });
    expect(await said(repo, trust, floor, byEve)).toMatch(/^unknownKey/);
    expect(await said(repo, trust, floor, repo.commit({ by: ada, parents: [byEve] }))).toMatch(/^unknownKey/);
  });

  test.each(['head', 'every'])(
    'goes on from a twin that differs in its signature alone, verifying %s',
    async (verify) => {
      const repo = forge();
      const trust = await trusting([ada], { verify });
      const base = repo.commit({ by: ada, files: { a: '0' } });
      const unsigned = repo.commit({ files: { a: '1' }, parents: [base] });
      const real = repo.commit({ by: ada, files: { a: '2' }, parents: [unsigned] });
      const text = repo.commits.get(real)?.content.toString() ?? '';
      const twin = (content: string): string => {
        const oid = objectId({ type: 'commit', content: Buffer.from(content) });
        repo.commits.set(oid, { content: Buffer.from(content), files: { a: '2' }, parents: [unsigned] });
        return oid;
      };
      const resigned = twin(text.replace(/gpgsig [\s\S]*END SSH SIGNATURE-----/, 'gpgsig written again'));
      const next = repo.commit({ by: ada, files: { a: '3' }, parents: [real] });
      expect(await said(repo, trust, resigned, next)).toBe('accepted');
      expect(await said(repo, trust, resigned, real)).toBe('accepted');
      expect(await said(repo, trust, resigned, repo.commit({ by: eve, parents: [real] }))).toMatch(/^unknownKey/);
      expect(await said(repo, trust, resigned, unsigned)).toMatch(/^rewritten/);
      const changed = twin(text.replace('Change', 'Chance'));
      expect(await said(repo, trust, changed, next)).toMatch(/^rewritten/);
      expect(await said(repo, trust, real, resigned)).toMatch(/^badSignature/);
    },
  );

  test('refuses another repo before anything was accepted, by the anchor', async () => {
    const repo = forge();
    const anchor = repo.commit({ by: ada, message: 'First\n' });
    const trust = await trusting([ada], { anchor });
    expect(await said(repo, trust, undefined, anchor)).toBe('accepted');
    expect(await said(repo, trust, undefined, repo.commit({ by: ada, parents: [anchor] }))).toBe('accepted');
    expect(await said(repo, trust, undefined, repo.commit({ by: ada, message: 'Other\n' }))).toMatch(
      /^anchor: .* of another repo/,
    );
  });
});

describe('verify: every', () => {
  test('refuses a signed commit on top of one that is not, and names that one', async () => {
    const repo = forge();
    const floor = repo.commit({ by: ada });
    const unsigned = repo.commit({ parents: [floor] });
    const head = repo.commit({ by: ada, parents: [unsigned] });
    expect(await said(repo, await trusting([ada], { verify: 'every' }), floor, head)).toMatch(
      new RegExp(`^unsigned: commit ${shortRevision(unsigned)}`),
    );
  });
});

describe('the paths of a signer', () => {
  const files = { 'apps/shop/compose.yaml': '1', 'apps/till/compose.yaml': '1', 'fleet.yaml': '1' };
  const limited = (): Promise<Trust> =>
    readTrust(document({ verify: 'every' }, [signer(ada), signer(bob, { paths: ['apps/shop'] })]));

  test.each<[string, Record<string, string>, string]>([
    ['inside', { 'apps/shop/compose.yaml': '2', 'apps/shop/new/file': '1' }, 'accepted'],
    [
      'beside it',
      { 'apps/till/compose.yaml': '2' },
      'outsidePaths: .* is signed by bob, who may change apps/shop and not apps/till',
    ],
    ['above it', { 'fleet.yaml': '2' }, 'outsidePaths: .* and not fleet.yaml'],
    ['with a name that begins alike', { 'apps/shop2/compose.yaml': '2' }, 'outsidePaths: .* and not apps/shop2'],
  ])('decide about a change %s', async (_, change, words) => {
    const repo = forge();
    const floor = repo.commit({ by: ada, files });
    const next = repo.commit({ by: bob, files: { ...files, ...change }, parents: [floor] });
    expect(await said(repo, await limited(), floor, next)).toMatch(new RegExp(`^${words}`));
  });

  test('allow no merge of changes outside them', async () => {
    const repo = forge();
    const floor = repo.commit({ by: ada, files });
    const main = repo.commit({ by: ada, files: { ...files, 'fleet.yaml': '2' }, parents: [floor] });
    const merge = repo.commit({ by: bob, files: { ...files, 'fleet.yaml': '2' }, parents: [floor, main] });
    expect(await said(repo, await limited(), floor, merge)).toMatch(/^outsidePaths.*may not merge/);
  });

  test('are checked by reading only the folders on the way', async () => {
    const repo = forge();
    const floor = repo.commit({ by: ada, files });
    const next = repo.commit({ by: bob, files: { ...files, 'apps/shop/compose.yaml': '2' }, parents: [floor] });
    await said(repo, await limited(), floor, next);
    expect(repo.asked.filter((line) => line.startsWith('folder')).map((line) => line.split(' ')[2])).toEqual([
      '',
      '',
      'apps',
      'apps',
    ]);
  });
});

describe('a signer limited to paths', () => {
  test('signs no tag, which stands for all paths', async () => {
    const repo = forge();
    const spec = [signer(ada), signer(bob, { paths: ['apps/shop'] })];
    const trust = await readTrust(document({ verify: 'every' }, spec));
    const floor = repo.commit({ by: ada });
    const commit = repo.commit({ by: ada, files: { 'fleet.yaml': '2' }, parents: [floor] });
    const tagged = (by: Person) => ({ commit, tag: { name: 'v1', oid: repo.tag('v1', commit, by) } });
    expect(await said(repo, trust, floor, tagged(bob))).toMatch(/^outsidePaths: tag v1 is signed by bob, limited to/);
    expect(await said(repo, trust, floor, tagged(ada))).toBe('accepted');
  });
});

describe('a commit object', () => {
  const who = 'A <a@b> 1 +0000';
  const base = `tree ${'1'.repeat(40)}\nauthor ${who}\ncommitter ${who}\n`;
  test.each([
    ['two signatures', `${base}gpgsig a\ngpgsig b\n\nx`],
    ['a signature for another kind of repo', `${base}gpgsig-sha256 a\n\nx`],
    ['two trees', `tree ${'1'.repeat(40)}\n${base}\nx`],
    ['a tree after its committer', `${base}tree ${'2'.repeat(40)}\n\nx`],
    ['a NUL in its head', `${base}x-note a\0b\n\nx`],
    ['no end of its head', base],
    ['text behind its signature', `${base}gpgsig -----BEGIN SSH SIGNATURE-----\ngpgsig x\n\nx`],
    ['no date', base.replaceAll('1 +0000', 'now')],
    ['nothing in it', ''],
  ])('with %s is refused', (_, text) => {
    const content = Buffer.from(text);
    expect(() => parseCommit(objectId({ type: 'commit', content }), content)).toThrow(/cannot be verified/);
  });
});
