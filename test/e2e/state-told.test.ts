import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { holdfast } from '../support/program/holdfast-process.ts';
import { app, type ChaosSite, chaosSite, describeChaos, fleet, HOST, staying } from '../support/site/chaos-site.ts';

jest.setTimeout(120_000);

let site: ChaosSite;
beforeEach(async () => {
  if (HOST) site = await chaosSite();
});
afterEach(async () => {
  if (HOST) await site.close();
});

describeChaos('the log of an agent tells', () => {
  test('a crash loop, who waits for what is unhealthy, and that all is well', async () => {
    const sick = { test: ['CMD', 'sh', '-c', 'echo no route to db; false'], interval: '1s', retries: 1 };
    await site.repo.commit({
      ...fleet(site),
      ...app(site, 'a', staying({ loop: { command: ['sh', '-c', 'echo cannot open /data; exit 3'] } })),
      ...app(
        site,
        'b',
        staying({ api: { healthcheck: sick }, web: { depends_on: { api: { condition: 'service_healthy' } } } }),
      ),
    });
    const agent = await site.start();
    const status = (...more: string[]) => holdfast(['status', '--state-dir', site.stateDir, ...more]);
    await site.sees(/^loop restarts again and again: exit 3, last output: cannot open \/data(; cannot open \/data)*$/, {
      ms: 40_000,
    });
    await site.sees(/^web waits for api, unhealthy since .*: no route to db$/, { ms: 40_000 });
    expect((await site.log()).some(({ message }) => message.startsWith('all as '))).toBe(false);
    const now = await status();
    expect(now).toMatchObject({ code: 1, stderr: '' });
    expect(now.stdout).toMatch(
      new RegExp(`^${site.name} is not well: 2 apps\n  ${site.app('a')}: loop: 1 of 1 not well`),
    );
    // The agent restarts the unhealthy container, and the engine needs a moment to call it unhealthy again.
    const healthOfB = async (): Promise<string> => {
      const { apps } = JSON.parse((await status(site.app('b'), '-o', 'json')).stdout);
      expect(apps).toMatchObject([{ app: site.app('b') }]);
      return apps[0].health;
    };
    let health = await healthOfB();
    while (health === 'progressing') health = await healthOfB();
    expect(health).toBe('degraded');
    const { length } = await site.log();
    await site.repo.commit({
      ...app(site, 'a', staying({ loop: {} })),
      ...app(site, 'b', staying({ api: {}, web: {} })),
    });
    await site.sees(/^all as [0-9a-f]+ says$/, { ms: 40_000, from: length });
    expect(await status()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^${site.name} is well: 2 apps, all as Git says\n`)),
    });
    const sync = (...more: string[]) => holdfast(['sync', '--state-dir', site.stateDir, ...more]);
    expect(await sync(site.app('a'))).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^looked at Git\nlooked at the engine\n/),
    });
    const history = await holdfast(['history', '--state-dir', site.stateDir]);
    expect(history).toMatchObject({ code: 0, stderr: '' });
    expect(history.stdout).toMatch(/^TIME +APP +REVISION +EVENT +TEXT\n/);
    expect(history.stdout).toMatch(/ accepted +accepted [0-9a-f]+\n/);
    const json = await holdfast(['history', '--state-dir', site.stateDir, '-o', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      kind: 'SiteHistory',
      site: site.name,
      entries: expect.arrayContaining([expect.objectContaining({ kind: 'accepted' })]),
    });
    expect(await holdfast(['history', 'nobody', '--state-dir', site.stateDir])).toMatchObject({ code: 2 });
    expect(await sync('nobody')).toMatchObject({ code: 2, stderr: expect.stringContaining('has no app nobody') });
    expect(await status('nobody')).toMatchObject({ code: 2, stderr: expect.stringContaining('has no app nobody') });
    await agent.end('SIGKILL');
    expect(await status()).toMatchObject({ code: 2, stderr: expect.stringContaining('the agent has ended') });
    expect(await sync()).toMatchObject({ code: 2, stderr: expect.stringContaining('the agent has ended') });
  });
});
