import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { systemDisk } from '../../../src/lib/disk.ts';
import type { Change } from '../../support/git/git-repo.ts';
import { signedCommit } from '../../support/git/signed-repo.ts';
import { ada, begun, bob, compose, eve, refuses, repo, server, trusting, trustingRepo } from './trusting-repo.ts';

trustingRepo();

describe('update security', () => {
  test('11. keys are handed over twice while the site is away for weeks, and it follows', async () => {
    const { site } = await begun(trusting({ ada }, { verify: 'every' }));
    const announce = (version: number): string => `Rotate\n\nHoldfast-Trust: ${version}`;
    await signedCommit(
      repo,
      { 'trust.yaml': trusting({ bob }, { version: 2, verify: 'every' }) },
      { by: ada, message: announce(2) },
    );
    await signedCommit(repo, compose(2), { by: bob });
    await signedCommit(
      repo,
      { 'trust.yaml': trusting({ eve }, { version: 3, verify: 'every' }) },
      { by: bob, message: announce(3) },
    );
    const head = await signedCommit(repo, compose(3), { by: eve });
    await site.poll();
    expect(site.enforced()).toBe(head);
    expect(site.lines()).toContainEqual(expect.stringMatching(/trust.yaml version 3 is in force: eve may sign/));
    await site.restart();
    await site.poll();
    expect(site.lines()).toContainEqual(
      expect.stringMatching(/^info the site's own trust.yaml, version 1, is not in force: version 3 of Git is, since/),
    );
    await signedCommit(repo, compose(4), { by: ada });
    await refuses(site, /which trust.yaml does not name/, head);
  });

  test('11b. a trust.yaml that nobody announces is refused, since sites that are away could not follow', async () => {
    const { site, first } = await begun();
    await signedCommit(repo, { 'trust.yaml': trusting({ bob }, { version: 2 }) }, { by: ada });
    await refuses(site, /version 2, which no signed commit announces/, first);
  });

  test('11c. a key that is revoked is not trusted for the same commit again, which runs on', async () => {
    const { site, first } = await begun(trusting({ ada, bob }));
    site.trust = trusting({ ada, bob }, { revoked: [ada.fingerprint] });
    await site.restart();
    site.lines();
    await site.poll();
    await site.poll();
    expect(site.lines()).toEqual([expect.stringMatching(/is no longer trusted: .* by ada with the revoked key/)]);
    expect(site.enforced()).toBe(first);
    const next = await signedCommit(repo, compose(2), { by: bob });
    await site.poll();
    expect(site.enforced()).toBe(next);
  });

  test('12. a commit that is not trusted is judged before its files are fetched, whatever they hold', async () => {
    await repo.git(['config', 'uploadpack.allowFilter', 'true']);
    const { site, first } = await begun();
    const big = randomBytes(3_000_000);
    await signedCommit(repo, { 'compose.yaml': '['.repeat(10_000), big }, { by: eve });
    const before = server.traffic.reduce((sum, { down }) => sum + down, 0);
    await refuses(site, /which trust.yaml does not name/, first);
    expect(server.traffic.reduce((sum, { down }) => sum + down, 0) - before).toBeLessThan(20_000);
    await signedCommit(repo, { 'compose.yaml': '['.repeat(10_000) }, { by: ada, from: first });
    await site.poll();
    expect(site.lines()).toContainEqual(expect.stringMatching(/compose.yaml:1:64: .*; edge-\d+ stays as it was/));
  });

  test('12b. a signed commit of more than the site may take is left alone for an hour, then longer, and its successor is not', async () => {
    await repo.git(['config', 'uploadpack.allowFilter', 'true']);
    const { site, first } = await begun();
    site.limits = { packBytes: 100_000 };
    await site.restart();
    site.lines();
    const large: Change = { 'compose.yaml': `name: shop\n# ${randomBytes(200_000).toString('hex')}\nservices: {}\n` };
    await signedCommit(repo, large, { by: ada });
    await refuses(site, /it sends more than the 100000 bytes that one fetch may take/, first);
    expect(await site.floor()).toBe(first);
    const asked = async (ms: number): Promise<boolean> => {
      site.later(ms);
      const before = server.traffic.length;
      await site.poll();
      return server.traffic.length - before > 1;
    };
    expect([await asked(3_590_000), await asked(10_000), await asked(3_600_000), await asked(3_600_000)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(site.lines()).toEqual([]);
    const next = await signedCommit(repo, { ...compose(2), large: null }, { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(next);
  });

  test('12c. a disk that is full while the history is proven is no rewritten history, and is tried again at once', async () => {
    const { site, first } = await begun();
    const next = await signedCommit(repo, compose(2), { by: ada });
    await rename(site.gitDir, `${site.gitDir}.away`);
    await writeFile(site.gitDir, 'no folder');
    await expect(site.poll()).rejects.toThrow('The files of a commit cannot be written to disk');
    await rename(`${site.gitDir}.away`, `${site.gitDir}.back`);
    await rm(site.gitDir);
    await rename(`${site.gitDir}.back`, site.gitDir);
    expect(site.enforced()).toBe(first);
    await site.poll();
    expect(site.enforced()).toBe(next);
  });

  test('13. a power cut between verifying and storing lets nothing older in, and loses nothing', async () => {
    const { site, first } = await begun();
    const second = await signedCommit(repo, compose(2), { by: ada });
    for (const file of [/trust\.json$/, /blobs/, /accepted\.json$/]) {
      site.disk = {
        ...systemDisk,
        write: (path, ...rest) =>
          file.test(path) ? Promise.reject(new Error('power cut')) : systemDisk.write(path, ...rest),
      };
      await site.restart();
      await expect(site.poll()).rejects.toThrow('power cut');
      site.disk = systemDisk;
      await site.restart();
      expect(site.enforced()).toBe(first);
    }
    expect(await site.floor()).toBe(second);
    await repo.git(['update-ref', 'refs/heads/main', first]);
    site.lines();
    await site.poll();
    expect(site.enforced()).toBe(first);
    await repo.git(['update-ref', 'refs/heads/main', second]);
    await site.poll();
    expect(site.enforced()).toBe(second);
  });

  test('14. a floor that is damaged on the disk is taken from the accepted state', async () => {
    const { site, first } = await begun();
    const second = await signedCommit(repo, compose(2), { by: ada });
    await site.poll();
    site.disk = {
      ...systemDisk,
      read: (path) => (path.endsWith('trust.json') ? Promise.resolve(Buffer.from('{')) : systemDisk.read(path)),
    };
    await site.restart();
    site.lines();
    await repo.git(['update-ref', 'refs/heads/main', first]);
    await refuses(site, /does not descend from/, second);
  });

  test('15. a signed commit that holds nothing empties no site', async () => {
    const { site, first } = await begun();
    await signedCommit(repo, { 'compose.yaml': null }, { by: ada });
    await site.poll();
    expect(site.enforced()).toBe(first);
    expect(site.lines().join()).toMatch(/^error .* is refused: /);
  });
});
