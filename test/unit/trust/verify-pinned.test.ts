import { describe, expect, test } from '@jest/globals';
import { schemaProblems } from '../../../src/fleet/schema/schema.ts';
import { SourceError } from '../../../src/lib/errors.ts';
import { fingerprintOf } from '../../../src/trust/signature/ssh-key.ts';
import { sshPublicBlob } from '../../../src/trust/signature/ssh-sign.ts';
import type { Trust } from '../../../src/trust/trust.ts';
import { parseTrust } from '../../../src/trust/trust-file.ts';
import { type PinStanding, verifyPinned } from '../../../src/trust/verify/verify-pinned.ts';
import { Forge, type Person, person } from '../../support/git/forge.ts';

const ada = person('ada');
const bob = person('bob');
const eve = person('eve');

const trusting = (signers: (Person & { paths?: string[] })[], spec: object = {}): Promise<Trust> =>
  parseTrust(
    JSON.stringify({
      apiVersion: 'holdfast/v1',
      kind: 'Trust',
      spec: {
        ...spec,
        signers: signers.map(({ name, line, paths }) => ({ name, ssh: [line], ...(paths && { paths }) })),
      },
    }),
    'trust.yaml',
    (root) => schemaProblems(root, 'Trust'),
  );

async function said(
  repo: Forge,
  commit: string,
  standing: Pick<PinStanding, 'followed' | 'trust'> & Partial<PinStanding>,
  tag?: { name: string; oid: string | undefined },
): Promise<string> {
  const verdict = await verifyPinned(
    { commit, ...(tag && { tag }) },
    { before: undefined, now: Date.UTC(2026, 5, 1), ...standing },
    repo,
  );
  return 'proof' in verdict ? verdict.proof : `${verdict.refusal.kind}: ${verdict.refusal.message}`;
}

/** A history of three, of which only the last is signed, and a commit beside it. */
function story(by?: Person) {
  const repo = new Forge();
  const first = repo.commit({ files: { a: '1' } });
  const second = repo.commit({ files: { a: '2' }, parents: [first] });
  const followed = repo.commit({ files: { a: '3' }, parents: [second], by: ada });
  const beside = repo.commit({ files: { a: 'beside' }, parents: [first], by });
  return { repo, first, second, followed, beside };
}

describe('a pinned commit', () => {
  test('in the history of what is followed needs no signature, and neither does the followed one', async () => {
    const { repo, first, second, followed } = story();
    const trust = await trusting([ada]);
    for (const pinned of [first, second, followed])
      expect(await said(repo, pinned, { followed, trust })).toBe('ancestor');
  });

  test('that is newer than what is followed, or beside it, needs one of its own', async () => {
    const { repo, followed, beside } = story();
    const trust = await trusting([ada]);
    const newer = repo.commit({ parents: [followed] });
    for (const pinned of [newer, beside]) {
      expect(await said(repo, pinned, { followed, trust })).toMatch(
        /^unsigned: [0-9a-f]{12} is not in the history of [0-9a-f]{12}.*, and not trusted by itself: commit .* is not signed$/,
      );
    }
    expect(await said(repo, repo.commit({ parents: [followed], by: ada }), { followed, trust })).toBe('signed');
  });

  test.each([
    ['by a stranger', eve, {}, /^unknownKey/],
    ['with a revoked key', ada, { revoked: [fingerprintOf(sshPublicBlob(ada.key))] }, /^revoked/],
    ['by too few', ada, { threshold: 2 }, /^threshold/],
  ])('beside it that is signed %s is refused', async (_, by, spec, words) => {
    const { repo, followed, beside } = story(by);
    expect(await said(repo, beside, { followed, trust: await trusting([ada, bob], spec) })).toMatch(words);
  });

  test('beside it stands for all files: a signer with paths is not enough, whatever is below', async () => {
    const { repo, first, followed, beside } = story(eve);
    const limited = { ...bob, paths: ['b'] };
    const onTop = repo.commit({ files: { a: 'beside', b: '1' }, parents: [beside], by: bob });
    for (const spec of [{ verify: 'every' }, { verify: 'every', anchor: first }]) {
      const trust = await trusting([ada, limited], spec);
      expect(await said(repo, onTop, { followed, trust })).toMatch(/^outsidePaths: .* who may change everything/);
      const tag = { name: 'v1', oid: repo.tag('v1', onTop, bob) };
      expect(await said(repo, onTop, { followed, trust }, tag)).toMatch(/^outsidePaths/);
    }
  });

  test('beside it is believed by a signed tag, and by a signature whatever its tag is', async () => {
    const { repo, followed, beside } = story();
    const trust = await trusting([ada]);
    expect(await said(repo, beside, { followed, trust }, { name: 'v1', oid: repo.tag('v1', beside, ada) })).toBe(
      'signed',
    );
    expect(await said(repo, beside, { followed, trust }, { name: 'v1', oid: repo.tag('v2', beside, ada) })).toMatch(
      /^unsigned/,
    );
    const signed = story(ada);
    expect(
      await said(signed.repo, signed.beside, { followed: signed.followed, trust }, { name: 'v1', oid: undefined }),
    ).toBe('signed');
  });

  test('beside it must be of this repo where trust.yaml names an anchor, and goes only forward', async () => {
    const { repo, first, followed, beside } = story(ada);
    const strange = repo.commit({ files: { a: 'strange' }, by: ada });
    const trust = await trusting([ada], { anchor: first });
    expect(await said(repo, beside, { followed, trust })).toBe('signed');
    expect(await said(repo, strange, { followed, trust })).toMatch(/^anchor: .* it is of another repo$/);
    const other = repo.commit({ files: { a: 'other' }, parents: [first], by: ada });
    expect(await said(repo, other, { followed, trust, before: beside })).toMatch(/^rewritten/);
    const newer = repo.commit({ parents: [beside], by: ada });
    expect(await said(repo, newer, { followed, trust, before: beside })).toBe('signed');
  });

  test('brings no keys with it', async () => {
    const { repo, first, followed } = story();
    const message = 'Hand over\n\nHoldfast-Trust: 2\n';
    const handed = repo.commit({ parents: [first], by: ada, message, files: { 'trust.yaml': '' } });
    const pinned = repo.commit({ parents: [handed], by: eve });
    expect(await said(repo, pinned, { followed, trust: await trusting([ada], { anchor: first }) })).toMatch(
      /^unknownKey/,
    );
    expect(repo.asked.join()).not.toMatch(/trustAt/);
  });

  test('that is not there is told before a history is asked for; one that is too long leaves the signature', async () => {
    const { repo, followed, beside } = story(ada);
    const trust = await trusting([ada]);
    await expect(said(repo, '0'.repeat(40), { followed, trust })).rejects.toThrow(SourceError);
    expect(repo.asked).toEqual(['commit 000000']);
    repo.history = () => Promise.reject(new SourceError('limit', 'too many commits'));
    expect(await said(repo, beside, { followed, trust })).toBe('signed');
    const unsigned = repo.commit({ files: { a: 'x' } });
    expect(await said(repo, unsigned, { followed, trust })).toMatch(/is not in the history of .* \(too many commits\)/);
    repo.history = () => Promise.reject(new SourceError('unreachable', 'no answer'));
    await expect(said(repo, beside, { followed, trust })).rejects.toThrow('no answer');
  });
});
