import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { shortRevision } from '../../../src/lib/text/revision.ts';
import { signedCommit } from '../../support/git/signed-repo.ts';
import { holdfast } from '../../support/program/holdfast-process.ts';
import { app, commit, dir, first, head, pin, pinning, repo, setBranch, trusting } from './pinning.ts';

pinning();

describe('on a laptop', () => {
  const git = (cwd: string, ...args: string[]) => promisify(execFile)('git', ['-C', cwd, ...args]);

  test('a pinned site is shown as it is, from a clone and from a repo', async () => {
    const begin = await first();
    await commit({ ...app(2), ...pin('release') });
    await setBranch('release', begin);
    const clone = join(dir, 'clone');
    await git(dir, 'clone', '-q', repo.url, clone);
    const images = async (...args: string[]): Promise<[number | null, string, string]> => {
      const { code, stdout, stderr } = await holdfast(['render', ...args, '--site', 'eu/a']);
      return [code, /Image: (.*)/.exec(stdout)?.[1] ?? '', stderr.trim()];
    };
    const said = `sites/eu/a.yaml pins release: all else is read at ${shortRevision(begin)} (refs/heads/release), and not in`;
    expect(await images(clone)).toEqual([0, 'web:1', `${said} this folder`]);
    expect(await images('--repo', repo.url)).toEqual([0, 'web:1', expect.stringContaining(said)]);

    await writeFile(join(clone, 'sites/eu/a.yaml'), `${head('Site')}spec: { targetRevision: v9 }\n`);
    const [code, , stderr] = await images(clone);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /sites\/eu\/a.yaml:3:25: targetRevision v9 cannot be looked up: .* no branch and no tag "v9"/,
    );
    expect((await holdfast(['validate', clone])).code).toBe(0);
    await writeFile(join(clone, 'sites/eu/a.yaml'), `${head('Site')}spec: { targetRevision: "v 9" }\n`);
    expect(await holdfast(['validate', clone])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/a.yaml:3:25: targetRevision: "v 9" cannot be the name of a branch or a tag/),
    });
    await writeFile(join(clone, 'sites/eu/a.yaml'), head('Site'));
    expect((await images(clone))[1]).toBe('web:2');
  });

  test('verify says whether a site may read what it pins', async () => {
    const begin = await first();
    await signedCommit(repo, app('hotfix'), { branch: 'hotfix', from: begin });
    await writeFile(join(dir, 'trust.yaml'), trusting());
    const verify = async (where: string[]) => {
      const { code, stdout } = await holdfast([
        'verify',
        ...where,
        '--trust',
        join(dir, 'trust.yaml'),
        '--site',
        'eu/a',
      ]);
      return [code, stdout.trim().split('\n').at(-1)];
    };
    expect(await verify([repo.dir])).toEqual([0, 'eu/a pins nothing']);
    const held = await commit(pin(begin));
    expect(await verify([repo.dir])).toEqual([
      0,
      `eu/a pins ${begin}, and would read ${shortRevision(begin)}, which is in the history of ${shortRevision(held)}`,
    ]);
    await commit(pin('hotfix'));
    for (const where of [[repo.dir], ['--repo', repo.url]]) {
      const refused = /^eu\/a pins hotfix, which a site would refuse: unsigned: .* is not signed$/;
      expect(await verify(where)).toEqual([1, expect.stringMatching(refused)]);
    }
  });
});
