import { describe, expect, test } from '@jest/globals';
import { shortRevision } from '../../../src/lib/text/revision.ts';
import { signedCommit, signedTag } from '../../support/git/signed-repo.ts';
import { sshKeyPair, sshSign } from '../../support/git/signing.ts';
import {
  ada,
  beacon,
  begun,
  bob,
  compose,
  dir,
  eve,
  open,
  refuses,
  repo,
  trusting,
  trustingRepo,
} from './trusting-repo.ts';

trustingRepo();

describe('update security', () => {
  test('1. an older signed commit is refused', async () => {
    const { site, first } = await begun();
    const second = await signedCommit(repo, compose(2), { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(second);
    site.lines();
    await repo.git(['update-ref', 'refs/heads/main', first]);
    await refuses(site, /does not descend from .*, which was accepted/, second);
    await site.restart();
    site.lines();
    await refuses(site, /does not descend from/, second);
  });

  test('2. a force-push beside the accepted commit is refused, and accepted once a signed recovery names both', async () => {
    const { site, first } = await begun();
    const second = await signedCommit(repo, compose(2), { by: ada });
    await site.poll();
    site.lines();
    await signedCommit(repo, compose(3), { by: ada, from: first });
    await refuses(site, /does not descend from/, second);
    await signedCommit(repo, compose(3), { by: eve, from: first, message: `Recover\n\nHoldfast-Recovers: ${second}` });
    await refuses(site, /which trust.yaml does not name/, second);
    const recovery = await signedCommit(repo, compose(3), {
      by: ada,
      from: first,
      message: `Recover\n\nHoldfast-Recovers: ${second}`,
    });
    await site.poll();
    expect(site.enforced()).toBe(recovery);
    expect(site.lines()).toContainEqual(expect.stringMatching(/^warn the history was rewritten/));
  });

  test('3. an unsigned commit, one by a stranger and one by an expired key are refused', async () => {
    const people = JSON.parse(trusting({ ada })) as { spec: { signers: object[] } };
    people.spec.signers.push({ name: 'bob', ssh: [`bob valid-before="20260101" ${bob.line}`] });
    const { site, first } = await begun(JSON.stringify(people));
    await signedCommit(repo, compose(2));
    await refuses(site, /is not signed/, first);
    await signedCommit(repo, compose(2), { by: eve });
    await refuses(site, /signed with the SSH key SHA256:.*, which trust.yaml does not name/, first);
    await signedCommit(repo, compose(2), { by: bob });
    await refuses(site, /signed by bob, whose key expired at 2026-01-01/, first);
    // It is looked at again, since the clock may have been wrong, and not said again.
    site.later(3_600_000);
    await site.poll();
    expect(site.lines()).toEqual([]);
    expect(site.enforced()).toBe(first);
  });

  test('4. a signed commit of another repo, of a branch that is behind, or without this site is refused', async () => {
    const { site, first } = await begun();
    const other = await signedCommit(repo, compose(9), { by: ada, branch: 'other', from: null });
    await repo.git(['update-ref', 'refs/heads/main', other]);
    await refuses(site, /does not descend from/, first);
    const anchored = await open(trusting({ ada }, { anchor: first }));
    await refuses(anchored, /the anchor that trust.yaml names: it is of another repo/, undefined);
    await signedCommit(
      repo,
      { 'compose.yaml': null, 'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\n' },
      { by: ada, from: first },
    );
    await refuses(site, /./, first);
  });

  test('4b. a commit of another branch is not accepted where the beacon says what this one is at', async () => {
    const { site, first } = await begun(trusting({ ada }, { beacon: 'optional' }));
    site.trust = trusting({ ada }, { beacon: 'binding' });
    await beacon(first);
    const staging = await signedCommit(repo, compose('staging'), { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(first);
    await beacon(staging, { sequence: 2 });
    await site.poll();
    expect(site.enforced()).toBe(staging);
  });

  test('8. a moved tag is refused, and so is one that bears another name', async () => {
    const first = await signedCommit(repo, compose(1), { by: ada, from: null });
    const second = await signedCommit(repo, compose(2), { by: ada });
    await signedTag(repo, 'v1', second, ada);
    const site = await open(trusting({ ada }), 'v1');
    await site.poll();
    expect(site.enforced()).toBe(second);
    site.lines();
    const third = await signedCommit(repo, compose(3), { by: ada });
    await signedTag(repo, 'v1', third, eve);
    await refuses(site, /tag v1 is signed with the SSH key .* which trust.yaml does not name/, second);
    await repo.git(['update-ref', 'refs/tags/v1', third]);
    await refuses(site, /a lightweight one, which anybody may move/, second);
    await signedTag(repo, 'v2', third, ada);
    await repo.git(['update-ref', 'refs/tags/v1', 'refs/tags/v2']);
    await refuses(site, /the repo shows the tag "v2" as tag v1/, second);
    await signedTag(repo, 'v1', first, ada);
    await refuses(site, /does not descend from/, second);
    await repo.git(['update-ref', '-d', 'refs/tags/v1']);
    await repo.git(['update-ref', 'refs/heads/v1', third]);
    await refuses(site, /v1 was a tag and is now refs\/heads\/v1, which is none/, second);
  });

  test('8b. in a range of versions, a higher tag that nobody signed is refused, and so is one that is a copy of another tag', async () => {
    const first = await signedCommit(repo, compose(1), { by: ada, from: null });
    await signedTag(repo, 'v1.0.0', first, ada);
    const site = await open(trusting({ ada }), '^1.0');
    await site.poll();
    expect(site.enforced()).toBe(first);
    site.lines();
    const unreleased = await signedCommit(repo, compose(2), { by: ada });
    await repo.git(['update-ref', 'refs/tags/v1.9.0', unreleased]);
    await refuses(site, /the tag v1.9.0 is a lightweight one/, first);
    await repo.git(['update-ref', 'refs/tags/v1.9.0', 'refs/tags/v1.0.0']);
    await site.poll();
    expect(site.enforced()).toBe(first);
    expect(await site.floor()).toBe(first);
    await signedTag(repo, 'v1.9.0', unreleased, ada);
    await site.poll();
    expect(site.enforced()).toBe(unreleased);
  });

  test('9. going back on purpose is a new commit', async () => {
    const { site } = await begun();
    await signedCommit(repo, compose(2), { by: ada });
    await site.poll();
    const back = await signedCommit(repo, compose(1), { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(back);
  });

  test('10. a server in the wrong hands can give the site nothing that its authors did not sign', async () => {
    const { site, first } = await begun(trusting({ ada }, { verify: 'every' }));
    const evil = await signedCommit(repo, compose('evil'), { by: eve });
    await refuses(site, /which trust.yaml does not name/, first);
    await signedCommit(repo, compose('evil'), { by: ada, from: evil });
    await refuses(site, new RegExp(`commit ${shortRevision(evil)} is signed with`), first);
    const signed = await signedCommit(repo, compose(2), { by: ada, from: first, aside: true });
    const raw = await repo.git(['cat-file', 'commit', signed]);
    const tree = await repo.git(['rev-parse', `${evil}^{tree}`]);
    const forged = await repo.git(
      ['hash-object', '-t', 'commit', '-w', '--stdin'],
      `${raw.replace(/^tree .*/, `tree ${tree}`)}\n`,
    );
    await repo.git(['update-ref', 'refs/heads/main', forged]);
    await refuses(site, /the signature of commit .* is not right/, first);
  });

  test('10b. a twin of a signed commit, made by writing its signature again, does not stop a site from going on', async () => {
    const dan = await sshKeyPair(dir, 'dan', 'ecdsa');
    const { site } = await begun(trusting({ ada, dan }, { verify: 'every' }));
    const real = await signedCommit(repo, compose(2), { by: dan });
    const raw = `${await repo.git(['cat-file', 'commit', real])}\n`;
    const payload = raw.replace(/^gpgsig [\s\S]*?-----END SSH SIGNATURE-----\n/m, '');
    const signature = (await sshSign(dan, payload)).trimEnd().replaceAll('\n', '\n ');
    const anew = payload.replace('\n\n', () => `\ngpgsig ${signature}\n\n`);
    const twin = await repo.git(['hash-object', '-t', 'commit', '-w', '--stdin'], anew);
    expect(twin).not.toBe(real);
    await repo.git(['update-ref', 'refs/heads/main', twin]);
    await site.poll();
    expect(site.enforced()).toBe(twin);
    await repo.git(['update-ref', 'refs/heads/main', real]);
    const next = await signedCommit(repo, compose(3), { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(next);
  });
});
