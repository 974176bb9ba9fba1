import { expect, jest, test } from '@jest/globals';
import { startGitServer } from '../../support/git/git-server.ts';
import { holdfast } from '../../support/program/holdfast-process.ts';
import { IMAGE } from '../../support/site/chaos-site.ts';
import { containersOf, networksOf, volumesOf } from '../../support/site/site.ts';

import { atLaptop, compose, fleet, host, laptop, one, run, statesOf } from './laptop.ts';

jest.setTimeout(120_000);

const env = { DOCKER_HOST: host };
const { uniqueApp, folderWith } = laptop();

atLaptop('down, prune and --repo', () => {
  test('down removes containers and networks, and leaves volumes', async () => {
    const app = uniqueApp();
    const folder = await folderWith({ 'compose.yaml': compose(app) });
    await run(folder, 'apply');
    expect(await run(folder, 'down')).toMatchObject({ code: 0, stderr: '' });
    expect(await containersOf(host, { app })).toEqual([]);
    expect(await networksOf(host, { app })).toEqual([]);
    expect(await volumesOf(host, { app })).toEqual([`${app}_data`]);
    expect((await run(folder, 'down')).code).toBe(0);
  });

  test('down of a site takes along what Git no longer names', async () => {
    const [site, old, kept] = [uniqueApp(), uniqueApp(), uniqueApp()];
    const folder = await folderWith(fleet(site, { [old]: one(), [kept]: one() }));
    await run(folder, 'apply');
    await folder.write({ [`apps/${old}/app.yaml`]: null, [`apps/${old}/compose.yaml`]: null });
    expect(await run(folder, 'down')).toMatchObject({ code: 0 });
    expect(await containersOf(host, site)).toEqual([]);
    expect(await networksOf(host, site)).toEqual([]);
  });

  test('a service that Git no longer names stays until --prune says otherwise', async () => {
    const app = uniqueApp();
    const site = app;
    const two = `${one()}  extra:\n    image: ${IMAGE}\n`;
    const folder = await folderWith(fleet(site, { [app]: two }));
    await run(folder, 'apply');
    await folder.write({ [`apps/${app}/compose.yaml`]: one() });
    const kept = await run(folder, 'apply');
    expect(kept.code).toBe(0);
    expect(kept.stdout).toContain('left as it is: extra is not in Git (syncPolicy.automated.prune is not set)');
    expect((await run(folder, 'diff')).code).toBe(1);
    expect(await statesOf(app)).toEqual(['extra-1 running', 'web-1 running']);
    expect(await run(folder, 'apply', '--prune')).toMatchObject({ code: 0 });
    expect(await statesOf(app)).toEqual(['web-1 running']);
  });

  test('--repo reads a commit of a Git server instead of a folder', async () => {
    const [app, other] = [uniqueApp(), uniqueApp()];
    const git = await startGitServer();
    try {
      const repo = await git.repo('fleet');
      await repo.commit(fleet('lisbon', { [app]: one() }));
      await repo.commit({ 'sites/porto.yaml': 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n' }, { branch: 'two' });
      await repo.commit(fleet('lisbon', { [other]: one() }), { branch: 'next', from: null });
      const from = ['--repo', repo.url];
      const folder = await folderWith({});
      const planned = await run(folder, 'diff', ...from);
      expect(planned.code).toBe(1);
      expect(planned.stdout).toMatch(new RegExp(`\\+ ${app}-web-1 +create`));
      expect(planned.stdout).toMatch(/lisbon at [0-9a-f]{12}: /);
      expect((await run(folder, 'diff', ...from, '--revision', 'next')).stdout).toMatch(
        new RegExp(`\\+ ${other}-web-1 +create`),
      );
      expect(await run(folder, 'diff', ...from, '--site', 'lisbom')).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/lisbom.*did you mean lisbon/),
      });
      expect(await run(folder, 'validate', ...from, '--site', 'lisbon')).toMatchObject({ code: 0 });
      expect(JSON.parse((await run(folder, 'render', ...from, '-o', 'json')).stdout)).toMatchObject({
        site: 'lisbon',
        revision: expect.stringMatching(/^[0-9a-f]{40}$/),
      });
      expect(await run(folder, 'apply', ...from)).toMatchObject({ code: 0 });
      expect(await statesOf(app)).toEqual(['web-1 running']);
      expect(await run(folder, 'down', ...from)).toMatchObject({ code: 0 });
      expect(await statesOf(app)).toEqual([]);

      expect(await run(folder, 'diff', ...from, '--revision', 'none')).toMatchObject({ code: 2, stdout: '' });
      expect(await run(folder, 'diff', '.', ...from)).toMatchObject({ code: 2 });
      expect(await run(folder, 'diff', '--revision', 'next')).toMatchObject({ code: 2 });
    } finally {
      await git.close();
    }
    expect(await run(await folderWith({}), 'diff', '--repo', `${git.url}/fleet.git`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('refuses connections'),
    });
  });

  test('an engine that does not answer is one clear sentence', async () => {
    const folder = await folderWith({ 'compose.yaml': compose('never') });
    for (const address of ['unix:///nonexistent.sock', 'tcp://127.0.0.1:1']) {
      const { code, stdout, stderr } = await holdfast(['diff'], { env: { DOCKER_HOST: address }, cwd: folder.dir });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(new RegExp(`^error: no container engine.*${address}.*\n$`));
    }
    const flag = await holdfast(['diff', '--docker-host', 'htp://x'], { env, cwd: folder.dir });
    expect(flag).toMatchObject({ code: 2, stderr: expect.stringContaining('"htp://x"') });
  });
});
