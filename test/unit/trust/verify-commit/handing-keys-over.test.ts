import { describe, expect, test } from '@jest/globals';
import { shortRevision } from '../../../../src/lib/text/revision.ts';
import { verifyCommit } from '../../../../src/trust/verify/verify-commit.ts';
import { type Person, person } from '../../../support/git/forge.ts';
import { ada, bob, document, eve, forge, NOW, readTrust, said, signer, trusting } from './people.ts';

describe('trust.yaml in Git', () => {
  const version = (number: number, people: Person[], more: object = {}): Record<string, string> => ({
    'trust.yaml': document(
      { version: number, ...more },
      people.map((one) => signer(one)),
    ),
  });
  const announcing = (number: number): string => `Rotate\n\nHoldfast-Trust: ${number}\n`;
  const carol = person('carol');

  /** ada hands over to bob, and bob to carol, while the site is away. */
  function rotatedTwice() {
    const repo = forge();
    const floor = repo.commit({ by: ada });
    const first = repo.commit({ by: ada, files: version(2, [bob]), parents: [floor], message: announcing(2) });
    const between = repo.commit({ by: bob, files: { ...version(2, [bob]), a: '1' }, parents: [first] });
    const second = repo.commit({ by: bob, files: version(3, [carol]), parents: [between], message: announcing(3) });
    const head = repo.commit({ by: carol, files: version(3, [carol]), parents: [second] });
    return { repo, floor, first, second, head };
  }

  test.each(['head', 'every'])('is followed from one version to the next but one, verifying %s', async (verify) => {
    const { repo, floor, first, second, head } = rotatedTwice();
    const trust = await trusting([ada], { verify });
    const { refusals, trust: next, rotations } = await verifyCommit({ commit: head }, { floor, trust, now: NOW }, repo);
    expect(refusals).toEqual([]);
    expect(rotations).toEqual([first, second]);
    expect(next).toMatchObject({ version: 3, signers: [{ name: 'carol' }] });
  });

  test('is not taken from a signer that the version before does not trust', async () => {
    const { repo, floor } = rotatedTwice();
    const trust = await trusting([ada]);
    const stolen = repo.commit({ by: eve, files: version(2, [eve]), parents: [floor], message: announcing(2) });
    expect(await said(repo, trust, floor, stolen)).toMatch(/^unknownKey/);
    expect(await said(repo, trust, floor, repo.commit({ by: eve, parents: [stolen] }))).toMatch(/^unknownKey/);
  });

  test('is announced by nobody who has no key: what was merged of a stranger holds up no site', async () => {
    const repo = forge();
    const floor = repo.commit({ by: ada });
    const trust = await trusting([ada]);
    for (const by of [eve, undefined]) {
      const merged = repo.commit({ ...(by && { by }), parents: [floor], message: announcing(2) });
      const merge = repo.commit({ by: ada, parents: [floor, merged] });
      const {
        refusals,
        trust: after,
        rotations,
      } = await verifyCommit({ commit: merge }, { floor, trust, now: NOW }, repo);
      expect([refusals, after.version, rotations]).toEqual([[], 1, []]);
    }
  });

  test('no longer accepts a signer that it left out', async () => {
    const { repo, floor, head } = rotatedTwice();
    const trust = await trusting([ada]);
    expect(await said(repo, trust, floor, repo.commit({ by: ada, parents: [head] }))).toMatch(/^unknownKey/);
  });

  test('must hold the version that its commit announces', async () => {
    const repo = forge();
    const floor = repo.commit({ by: ada });
    const trust = await trusting([ada]);
    const wrong = repo.commit({ by: ada, files: version(3, [bob]), parents: [floor], message: announcing(2) });
    expect(await said(repo, trust, floor, wrong)).toMatch(
      /^trustChanged: .* announces trust.yaml version 2, which holds version 3/,
    );
    const absent = repo.commit({ by: ada, parents: [floor], message: announcing(2) });
    expect(await said(repo, trust, floor, absent)).toMatch(/^trustChanged: .* which is not there/);
  });

  test('is not changed by a signer who is limited to paths', async () => {
    const repo = forge();
    const floor = repo.commit({ by: ada });
    const trust = await readTrust(document({ verify: 'every' }, [signer(ada), signer(bob, { paths: ['trust.yaml'] })]));
    const change = repo.commit({ by: bob, files: version(2, [bob]), parents: [floor], message: announcing(2) });
    expect(await said(repo, trust, floor, change)).toMatch(
      /^outsidePaths: .* brings trust.yaml version 2, which bob may not do/,
    );
  });
});

describe('a stricter trust.yaml', () => {
  test('judges each commit from the one on that brings it', async () => {
    const repo = forge();
    const people = [signer(ada), signer(bob, { paths: ['apps/shop'] })];
    const strict = { 'trust.yaml': document({ version: 2, verify: 'every' }, people) };
    const floor = repo.commit({ by: ada });
    const change = { by: ada, files: strict, parents: [floor], message: 'Rotate\n\nHoldfast-Trust: 2\n' };
    const rotation = repo.commit(change);
    const web = { ...strict, 'apps/web/a': '1' };
    const unsigned = repo.commit({ files: web, parents: [rotation] });
    const head = repo.commit({ by: bob, files: { ...web, 'apps/shop/a': '1' }, parents: [unsigned] });
    const trust = await trusting([ada]);
    expect(await said(repo, trust, floor, head)).toMatch(new RegExp(`^unsigned: commit ${shortRevision(unsigned)}`));
    const before = repo.commit({ files: { x: '1' }, parents: [floor] });
    const after = repo.commit({ ...change, files: { ...strict, x: '1' }, parents: [before] });
    expect(await said(repo, trust, floor, after)).toBe('accepted');
  });

  test.each([
    ['nobody signed', undefined],
    ['a signer limited to paths signed', bob],
  ])('is not announced by an empty commit that %s, on top of a full signer', async (_, by) => {
    const repo = forge();
    const trust = await readTrust(document({ verify: 'every' }, [signer(ada), signer(bob, { paths: ['apps/shop'] })]));
    const floor = repo.commit({ by: ada });
    const full = repo.commit({ by: ada, parents: [floor] });
    const empty = repo.commit({ by, parents: [full], message: 'x\n\nHoldfast-Trust: 9\n' });
    const head = repo.commit({ by: ada, files: { a: '1' }, parents: [empty] });
    expect(await said(repo, { ...trust, ...(!by && { verify: 'head' }) }, floor, head)).toBe('accepted');
  });

  test('that takes two signers is taken over once the second announces it, too', async () => {
    const repo = forge();
    const floor = repo.commit({ by: ada });
    const files = { 'trust.yaml': document({ version: 2 }, [signer(eve)]) };
    const announced = { files, message: 'Rotate\n\nHoldfast-Trust: 2\n' };
    const one = repo.commit({ ...announced, by: ada, parents: [floor] });
    const trust = await trusting([ada, bob], { threshold: 2 });
    expect(await said(repo, trust, floor, one)).toMatch(/^threshold/);
    expect(await said(repo, trust, floor, repo.commit({ ...announced, by: bob, parents: [one] }))).toBe('accepted');
  });
});

test('new keys that two people announced on a branch beside are taken over with its merge, whatever a site saw before', async () => {
  const repo = forge();
  const trust = await trusting([ada, bob], { threshold: 2 });
  const floor = repo.commit({ by: ada });
  const files = { 'trust.yaml': document({ version: 2, threshold: 2 }, [signer(ada), signer(bob), signer(eve)]) };
  const announced = { files, message: 'Rotate\n\nHoldfast-Trust: 2\n' };
  const one = repo.commit({ ...announced, by: ada, parents: [floor] });
  const two = repo.commit({ ...announced, by: bob, parents: [one] });
  const main = repo.commit({ by: ada, parents: [floor], message: 'Beside\n' });
  const merge = repo.commit({ by: ada, files, parents: [main, two], message: 'Merge\n' });
  const head = repo.commit({ by: eve, files, parents: [merge], message: 'Approve\n' });
  for (const from of [floor, main]) {
    const found = await verifyCommit({ commit: head }, { floor: from, trust, now: undefined }, repo);
    expect([found.refusals.map(({ message }) => message), found.trust.version]).toEqual([[], 2]);
  }
});
