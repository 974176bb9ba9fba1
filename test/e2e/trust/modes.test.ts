import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { signedCommit } from '../../support/git/signed-repo.ts';
import { endGpg, pgpKey } from '../../support/git/signing.ts';
import { ada, begun, compose, eve, refuses, repo, trusting, trustingRepo } from './trusting-repo.ts';

trustingRepo();

describe('the modes', () => {
  test('warn says what it would refuse, and accepts it', async () => {
    const { site, first } = await begun(trusting({ ada }, { mode: 'warn' }));
    await signedCommit(repo, compose(2), { by: ada });
    await site.poll();
    site.lines();
    const other = await signedCommit(repo, compose(3), { by: eve, from: first });
    await site.poll();
    expect(site.enforced()).toBe(other);
    expect(site.lines()[0]).toMatch(/^warn .* would be refused: .* does not descend from/);
  });

  test('off follows a rewritten history, and says so', async () => {
    const { site, first } = await begun(trusting({ ada }, { mode: 'off' }));
    await signedCommit(repo, compose(2));
    await site.poll();
    expect(site.lines().join()).not.toMatch(/rewritten/);
    const other = await signedCommit(repo, compose(3), { from: first });
    await site.poll();
    expect(site.enforced()).toBe(other);
    expect(site.lines()[0]).toMatch(/^warn .* the history was rewritten. It is followed all the same/);
  });

  test('off does not fetch what others changed on the way to tell whether a history was rewritten', async () => {
    const { site } = await begun(trusting({ ada }, { mode: 'off' }));
    const large = { 'compose.yaml': `name: shop\n# ${randomBytes(100_000).toString('hex')}\nservices: {}\n` };
    await signedCommit(repo, large, { by: ada });
    const next = await signedCommit(repo, compose(2), { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(next);
    expect(site.lines()[0]).toMatch(/^info it is not known whether .* descends from .*: More than 16384 bytes/);
    const sizes = await Promise.all(
      (await readdir(site.gitDir)).map(async (name) => (await stat(join(site.gitDir, name))).size),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(20_000);
  });
});

describe('OpenPGP', () => {
  test('signatures by gpg are accepted and refused like those by SSH keys', async () => {
    const home = await mkdtemp(join(tmpdir(), 'hf-gpg-'));
    const strange = await mkdtemp(join(tmpdir(), 'hf-gpg-'));
    try {
      const [key, other] = await Promise.all([pgpKey(home, 'carol'), pgpKey(strange, 'mallory')]);
      const spec = (more: object) => ({
        ...more,
        signers: [
          { name: 'carol', pgp: key.armored },
          { name: 'ada', ssh: [ada.line] },
        ],
      });
      const trust = (more: object = {}): string =>
        JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Trust', spec: spec(more) });
      const { site, first } = await begun(trust());
      const good = await signedCommit(repo, compose(2), { by: { home, fingerprint: key.fingerprint } });
      await site.poll();
      expect(site.enforced()).toBe(good);
      site.lines();
      const strangers = { home: strange, fingerprint: other.fingerprint };
      await signedCommit(repo, compose(3), { by: strangers });
      await refuses(site, /signed with the OpenPGP key [0-9A-F]{16}, which trust.yaml does not name/, good);
      const raw = await repo.git(['cat-file', 'commit', good]);
      const forged = await repo.git(
        ['hash-object', '-t', 'commit', '-w', '--stdin'],
        `${raw.replace('Change', 'Chance')}\n`,
      );
      await repo.git(['update-ref', 'refs/heads/main', forged]);
      await refuses(site, /the signature of commit .* is not right|does not descend/, good);
      site.trust = trust({ revoked: [key.fingerprint] });
      await signedCommit(repo, compose(4), { by: { home, fingerprint: key.fingerprint }, from: good });
      await refuses(site, /signed by carol with the revoked key/, good);
      expect(first).not.toBe(good);
    } finally {
      for (const each of [home, strange]) {
        await endGpg(each);
        await rm(each, { recursive: true, force: true });
      }
    }
  });
});
