import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, jest, test } from '@jest/globals';
import { HOLDFAST, plainEnvironment } from '../../support/program/holdfast-process.ts';
import { IMAGE, IMAGE_2 } from '../../support/site/chaos-site.ts';
import { containersOf, killByHand } from '../../support/site/site.ts';

import { atLaptop, compose, fleet, host, laptop, one, run, statesOf } from './laptop.ts';

jest.setTimeout(120_000);

const env = { DOCKER_HOST: host };
const { uniqueApp, folderWith } = laptop();

atLaptop('diff', () => {
  test('diff prints what would be done and why, does nothing, and exits with 1', async () => {
    const app = uniqueApp();
    const folder = await folderWith({ 'compose.yaml': compose(app) });
    await run(folder, 'apply');
    const before = await containersOf(host, { app });
    await killByHand(host, `${app}-web-1`);
    await folder.write({ 'compose.yaml': compose(app, { memory: '32m', image: IMAGE_2 }) });

    const { code, stdout, stderr } = await run(folder, 'diff');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout.replace(/ {2,}/g, '  ')).toBe(
      `${app}
  ~ ${app}-db-1  replace  image: ${IMAGE} -> ${IMAGE_2}; memory: 64m -> 32m
  + ${app}-web-1  start  exited with 137 (drift)

default at worktree: 1 container replaced, 1 started (1 app)
`,
    );
    const steps = await run(folder, 'diff', '--steps');
    expect(steps).toMatchObject({ code: 1, stderr: '' });
    expect(steps.stdout).toContain(`replaces ${app}-db-1: image: ${IMAGE}, wanted ${IMAGE_2}; memory: 64m, wanted 32m`);
    expect(steps.stdout).toMatch(new RegExp(`start ${app}-web-1 +exited with 137`));
    expect(steps.stdout).toMatch(/default at worktree: \d+ operations \(1 app\)\n$/);
    expect((await containersOf(host, { app })).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(await statesOf(app)).toEqual(['db-1 running', 'web-1 exited']);

    const json = JSON.parse((await run(folder, 'diff', '-o', 'json')).stdout);
    expect(json).toMatchObject({ site: 'default', revision: 'worktree', apps: [{ app, problems: [] }] });
    expect(json.apps[0].operations[0]).toEqual({
      id: 1,
      kind: expect.any(String),
      service: expect.any(String),
      description: expect.any(String),
      subject: expect.any(Object),
      cause: expect.any(String),
      reason: expect.any(String),
      after: [],
    });

    // Applied, what was broken by hand is mended along with it.
    expect(await run(folder, 'apply')).toMatchObject({ code: 0 });
    expect(await statesOf(app)).toEqual(['db-1 running', 'web-1 running']);
    expect((await run(folder, 'diff')).code).toBe(0);
  });

  test('diff and apply warn of a bind whose file Git does not have', async () => {
    const app = uniqueApp();
    const text = `name: ${app}\n${one()}    volumes: ["./wbe.conf:/web.conf"]\n`;
    const folder = await folderWith({ 'compose.yaml': text, 'web.conf': 'x\n' });
    const args = ['--files-dir', join(folder.dir, 'files')];
    const warning = /Git has no wbe\.conf; .*did you mean \.\/web\.conf\?/;
    const shown = await run(folder, 'diff', ...args);
    expect([shown.code, shown.stdout]).toEqual([1, expect.stringMatching(warning)]);
    const applied = await run(folder, 'apply', ...args);
    expect([applied.code, applied.stderr]).toEqual([0, expect.stringMatching(warning)]);
    expect((await run(folder, 'diff', ...args)).code).toBe(0);
  });

  test('colours are for terminals, and not where NO_COLOR is set', async () => {
    const folder = await folderWith({ 'compose.yaml': compose(uniqueApp()) });
    const command = [...HOLDFAST, 'diff'].map((word) => `'${word}'`).join(' ');
    // `script` gives the command a terminal; its exit code is the command's.
    const onTerminal = (more: Record<string, string>): Promise<string> =>
      promisify(execFile)('script', ['-qec', command, '/dev/null'], {
        cwd: folder.dir,
        env: plainEnvironment({ ...env, ...more }),
      }).then(
        () => '',
        (error: { stdout: string }) => error.stdout,
      );
    expect(await onTerminal({})).toContain('\x1b[32m');
    const plain = await onTerminal({ NO_COLOR: '1' });
    expect(plain).toContain('no such container');
    expect(plain).not.toContain('\x1b[');
    expect((await run(folder, 'diff')).stdout).not.toContain('\x1b[');
  });

  test('diff without the site’s values says which it has not, and counts no difference that comes of one', async () => {
    const app = uniqueApp();
    const text = one().replace(
      '\n    command',
      '\n    environment: { TOKEN: "${TOKEN}" }\n    mem_limit: ${MEMORY}\n    command',
    );
    const folder = await folderWith({
      ...fleet(app, { [app]: text }),
      'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\nspec: { siteValues: [TOKEN, MEMORY] }\n',
      'values.yaml': 'TOKEN: hunter2\nMEMORY: 64m\n',
    });
    await run(folder, 'apply', '--values', 'values.yaml');
    expect(await run(folder, 'diff')).toEqual({
      code: 0,
      stdout: `${app} at worktree: nothing to do (1 app)\n`,
      stderr: expect.stringMatching(/^only the site knows MEMORY, TOKEN: fields that use them are not compared/),
    });
    await folder.write({ [`apps/${app}/compose.yaml`]: `${text}    user: "1000"\n` });
    const { stdout } = await run(folder, 'diff');
    expect(stdout).toContain('user: none -> 1000');
    expect(stdout).not.toMatch(/TOKEN|memory/);
  });

  test('diff prints the apps that can be planned, names what is wrong with the others, and exits with 2', async () => {
    const [site, bad, good] = [uniqueApp(), uniqueApp(), uniqueApp()];
    const folder = await folderWith(fleet(site, { [bad]: 'services:\n  web:\n    imag: x\n', [good]: one() }));
    const { code, stdout, stderr } = await run(folder, 'diff');
    expect(code).toBe(2);
    expect(stdout).toMatch(new RegExp(`\\+ ${good}-web-1 +create`));
    expect(stderr).toContain(`error: ${bad}: apps/${bad}/compose.yaml:3:5: unknown key imag in a service`);
    // Apply would do half of what was asked: it does nothing.
    const applied = await run(folder, 'apply');
    expect(applied.code).toBe(2);
    expect(applied.stderr).toContain(`apps/${bad}/compose.yaml:3:5`);
    expect(await statesOf(good)).toEqual([]);
  });
});
