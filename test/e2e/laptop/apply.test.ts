import { expect, jest, test } from '@jest/globals';
import { mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { holdfast } from '../../support/program/holdfast-process.ts';
import { IMAGE } from '../../support/site/chaos-site.ts';
import { containersOf, removeByHand } from '../../support/site/site.ts';

import { atLaptop, compose, fleet, host, laptop, one, run, statesOf } from './laptop.ts';

jest.setTimeout(120_000);

const env = { DOCKER_HOST: host };
const { uniqueApp, folderWith } = laptop();

atLaptop('apply', () => {
  test('apply makes a folder run, and does nothing the second time', async () => {
    const app = uniqueApp();
    const folder = await folderWith({ 'compose.yaml': compose(app) });
    const first = await run(folder, 'apply');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain(`${app} create ${app}-db-1: no such container\n`);
    expect(first.stdout).toMatch(/default is as it should be \(1 app\)\n$/);
    expect(await statesOf(app)).toEqual(['db-1 running', 'web-1 running']);
    const before = await containersOf(host, { app });

    expect(await run(folder, 'apply')).toEqual({ code: 0, stdout: 'default is as it should be (1 app)\n', stderr: '' });
    expect(await containersOf(host, { app })).toEqual(before);
    expect(await run(folder, 'diff')).toEqual({
      code: 0,
      stdout: 'default at worktree: nothing to do (1 app)\n',
      stderr: '',
    });
  });

  test('a changed limit is changed in place where nothing else is', async () => {
    const app = uniqueApp();
    const folder = await folderWith({ 'compose.yaml': compose(app) });
    await run(folder, 'apply');
    const before = await containersOf(host, { app });
    await folder.write({ 'compose.yaml': compose(app, { memory: '48m' }) });
    const { code, stdout } = await run(folder, 'apply');
    expect(code).toBe(0);
    expect(stdout).toContain(`${app} update ${app}-db-1: memory: 64m, wanted 48m\n`);
    expect(await containersOf(host, { app })).toEqual(before);
  });

  test('an app that fails is said and gives 1; its neighbour runs all the same', async () => {
    const [site, bad, good] = [uniqueApp(), uniqueApp(), uniqueApp()];
    const missing = 'services:\n  web:\n    image: 127.0.0.1:1/none:1\n';
    const folder = await folderWith(fleet(site, { [bad]: missing, [good]: one() }));
    const { code, stderr } = await run(folder, 'apply');
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`error: ${bad}/web: .*127\\.0\\.0\\.1:1`));
    expect(stderr).not.toContain(good);
    expect(await statesOf(good)).toEqual(['web-1 running']);
    expect(await statesOf(bad)).toEqual([]);
  });

  test('apply gives up when its time is over, and says what is left to do', async () => {
    const app = uniqueApp();
    const never = `    healthcheck:\n      test: [CMD, "false"]\n      interval: 1s\n      start_period: 1h\n`;
    const text = `name: ${app}\n${one()}${never}  next:\n    image: ${IMAGE}\n    depends_on: { web: { condition: service_healthy } }\n`;
    const folder = await folderWith({ 'compose.yaml': text });
    const { code, stderr } = await run(folder, 'apply', '--timeout', '3s');
    expect(code).toBe(1);
    expect(stderr).toMatch(/error: time ran out\n {2}still to do: /);
    expect(await statesOf(app)).toEqual(['web-1 running']);
  });

  test('apply that is told to stop says so, and the next one goes on from there', async () => {
    const app = uniqueApp();
    const slow = `    healthcheck:\n      test: [CMD, "false"]\n      interval: 1s\n      start_period: 1h\n`;
    const text = (health: string): string =>
      `name: ${app}\n${one()}${health}  next:\n    image: ${IMAGE}\n    depends_on: [web]\n  last:\n    image: ${IMAGE}\n    depends_on: { web: { condition: service_healthy } }\n`;
    const folder = await folderWith({ 'compose.yaml': text(slow) });
    const interrupted = await holdfast(['apply'], {
      env,
      cwd: folder.dir,
      onStart: (child) =>
        void until(async () => (await containersOf(host, { app })).length > 0, 30_000).then(() =>
          child.kill('SIGTERM'),
        ),
    });
    expect(interrupted).toMatchObject({ code: 1, stderr: 'interrupted; the next run continues from here\n' });
    await folder.write({ 'compose.yaml': text('    healthcheck: { test: [CMD, "true"], interval: 1s }\n') });
    expect(await run(folder, 'apply')).toMatchObject({ code: 0 });
    expect(await statesOf(app)).toEqual(['last-1 running', 'next-1 running', 'web-1 running']);
  });

  test('a name that somebody else holds is an error on that app, and nothing of theirs is touched', async () => {
    const [site, blocked, good] = [uniqueApp(), uniqueApp(), uniqueApp()];
    const name = `${blocked}-web-1`;
    await mustAsk(host, 'POST', `/containers/create?name=${name}`, { body: { Image: IMAGE } });
    try {
      const folder = await folderWith(fleet(site, { [blocked]: one(), [good]: one() }));
      const planned = await run(folder, 'diff');
      expect(planned.code).toBe(2);
      expect(planned.stdout).toContain(`the name ${name} is held by container`);
      const applied = await run(folder, 'apply');
      expect(applied.code).toBe(1);
      expect(applied.stderr).toContain(`the name ${name} is held by container`);
      expect(await statesOf(good)).toEqual(['web-1 running']);
      expect(JSON.parse(await mustAsk(host, 'GET', `/containers/${name}/json`)).State.Status).toBe('created');
    } finally {
      await removeByHand(host, name);
    }
  });
});
