import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { schemaProblems } from '../../../src/fleet/schema.ts';
import { objectId } from '../../../src/git/objects/git-object.ts';
import { shortRevision } from '../../../src/lib/text/revision.ts';
import { fingerprintOf } from '../../../src/trust/signature/ssh-key.ts';
import { sshPublicBlob } from '../../../src/trust/signature/ssh-sign.ts';
import { parseCommit } from '../../../src/trust/signed-object.ts';
import type { Trust } from '../../../src/trust/trust.ts';
import { parseTrust } from '../../../src/trust/trust-file.ts';
import type { Candidate } from '../../../src/trust/verify/verification.ts';
import { verifyCommit } from '../../../src/trust/verify/verify-commit.ts';
import { Forge, type Person, person } from '../../support/forge.ts';

const ada = person('ada');
const bob = person('bob');
const eve = person('eve');

const document = (spec: object, signers: object[]): string =>
  JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Trust', spec: { ...spec, signers } });
const signer = ({ name, line }: Person, more: object = {}): object => ({ name, ssh: [line], ...more });
const readTrust = (text: string): Promise<Trust> =>
  parseTrust(text, 'trust.yaml', (root) => schemaProblems(root, 'Trust'));
const trusting = (people: Person[], spec: object = {}): Promise<Trust> =>
  readTrust(
    document(
      spec,
      people.map((one) => signer(one)),
    ),
  );

const NOW = Date.UTC(2026, 5, 1);

function forge(): Forge {
  const made = new Forge();
  made.readTrust = readTrust;
  return made;
}

async function said(
  repo: Forge,
  trust: Trust,
  floor: string | undefined,
  candidate: string | Candidate,
  now: number | undefined = NOW,
): Promise<string> {
  const wanted = typeof candidate === 'string' ? { commit: candidate } : candidate;
  const { refusals } = await verifyCommit(wanted, { floor, trust, now }, repo);
  return refusals[0] ? `${refusals[0].kind}: ${refusals[0].message}` : 'accepted';
}

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
      const resigned = twin(text.replace(/gpgsig [\s\S]*END SSH SIGNATURE-----/, 'gpgsig written anew'));
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

describe('paths', () => {
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
  ])('of a signer: a change %s', async (_, change, words) => {
    const repo = forge();
    const floor = repo.commit({ by: ada, files });
    const next = repo.commit({ by: bob, files: { ...files, ...change }, parents: [floor] });
    expect(await said(repo, await limited(), floor, next)).toMatch(new RegExp(`^${words}`));
  });

  test('of a signer: what merges more than that is refused', async () => {
    const repo = forge();
    const floor = repo.commit({ by: ada, files });
    const main = repo.commit({ by: ada, files: { ...files, 'fleet.yaml': '2' }, parents: [floor] });
    const merge = repo.commit({ by: bob, files: { ...files, 'fleet.yaml': '2' }, parents: [floor, main] });
    expect(await said(repo, await limited(), floor, merge)).toMatch(/^outsidePaths.*may not merge/);
  });

  test('of a signer: only the folders on the way are read', async () => {
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

  test('is judged link by link: nobody limited stands behind what somebody else changed before', async () => {
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
    expect(await said(repo, trust, undefined, at(repo.tag('v0', commit, ada)))).toMatch(/^tag: the repo shows the tag "v0" as tag v1/);
    expect(await said(repo, trust, undefined, at(repo.tag('v1', repo.commit({ by: ada }), ada)))).toMatch(/^tag: /);
    expect(await said(repo, trust, undefined, at(undefined))).toMatch(/^tag: .* lightweight/);
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

  test('is not taken from whom the version before does not trust', async () => {
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

  test('no longer lets in whom it left out', async () => {
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

  describe('of a signer limited to paths', () => {
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
