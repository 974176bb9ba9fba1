import { describe, expect, test } from '@jest/globals';
import { type SignedChange, signedCommit, signedTag } from '../../support/git/signed-repo.ts';
import type { TrustingSite } from '../../support/site/trusting-site.ts';
import { ada, app, bob, commit, first, head, open, pin, pinning, repo, running, server, trusting } from './pinning.ts';

pinning();

describe('a pin beside what is followed', () => {
  let begin: string;
  let site: TrustingSite;
  /** A commit beside main, on the branch that is pinned. */
  const beside = (version: string, options: SignedChange = {}): Promise<string> =>
    signedCommit(repo, app(version), { branch: 'hotfix', from: begin, ...options });

  async function pinned(trust: string): Promise<string> {
    begin = await first();
    site = await open(trust);
    await site.poll();
    await beside('unsigned');
    const main = await commit({ ...app(2), ...pin('hotfix') });
    site.lines();
    await site.poll();
    return main;
  }

  test('is refused where nobody signed it, and accepted where somebody did; the floor moves on', async () => {
    const main = await pinned(trusting());
    const refusal =
      /^error the commit that the site pins, hotfix at [0-9a-f]+, is refused: sites\/eu\/a.yaml:5:19: [0-9a-f]{12} is not in the history of [0-9a-f]{12}, and not trusted by itself: commit [0-9a-f]{12} is not signed; the site enforces its accepted state meanwhile$/;
    expect(site.lines()).toEqual([expect.stringMatching(refusal)]);
    expect(running(site)).toBe('web:1 small');
    expect(await site.floor()).toBe(main);
    const before = server.traffic.length;
    await site.poll();
    expect(server.traffic.length - before).toBe(1);
    expect(site.lines()).toEqual([]);
    await site.restart();
    await site.poll();
    expect(site.lines().slice(1)).toEqual([expect.stringMatching(refusal)]);

    const signed = await beside('signed', { by: ada });
    await site.poll();
    expect(running(site)).toBe('web:signed small');
    await commit(pin('hotfix', 'big'));
    await site.poll();
    expect(running(site)).toBe('web:signed big');
    site.lines();

    // Beside the followed history, too, it goes only forward.
    await beside('other', { by: ada });
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/not trusted by itself: .* does not descend from/)]);
    expect(running(site)).toBe('web:signed big');
    await beside('newer', { by: ada, from: signed });
    await site.poll();
    expect(running(site)).toBe('web:newer big');
    site.trust = trusting({ revoked: [ada.fingerprint] });
    site.lines();
    await site.poll();
    expect(site.lines()).not.toEqual([]);
    expect(running(site)).toBe('web:newer big');
  });

  test('is not for a signer with paths to sign, and one of another repo is of no use', async () => {
    await pinned(trusting({ verify: 'every' }, { paths: ['apps/web'] }));
    site.lines();
    await beside('by bob', { by: bob });
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/must be signed by somebody who may change everything/)]);
    await signedTag(repo, 'hotfix', await beside('tagged'), bob);
    await commit(pin('refs/tags/hotfix'));
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/is refused/)]);
    await signedTag(repo, 'hotfix', await beside('tagged'), ada);
    await site.poll();
    expect(running(site)).toBe('web:tagged small');

    site.lines();
    site.trust = trusting({ anchor: begin });
    const strange = await signedCommit(
      repo,
      { ...app('strange'), 'fleet.yaml': head('Fleet') },
      { by: ada, branch: 'strange', from: null },
    );
    await commit(pin(strange));
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/does not descend from [0-9a-f]{12}, the anchor/)]);
    expect(running(site)).toBe('web:tagged small');
  });

  test('is followed where trust only warns, and where nobody asks', async () => {
    await pinned(trusting({ mode: 'warn' }));
    expect(running(site)).toBe('web:unsigned small');
    expect(site.lines()[0]).toMatch(/^warn the commit that the Site pins would be refused: .* is not signed/);
    await site.poll();
    expect(site.lines()).toEqual([]);
    site.trust = '';
    await beside('other');
    await site.poll();
    expect(running(site)).toBe('web:other small');
  });
});
