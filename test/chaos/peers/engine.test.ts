import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ask, mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { type RestartableEngine, startRestartable } from '../../support/engine/restartable-engine.ts';
import { type SocketProxy, socketProxy } from '../../support/engine/socket-proxy.ts';
import {
  allRun,
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  staying,
} from '../../support/site/chaos-site.ts';
import { killByHand, removeByHand } from '../../support/site/site.ts';

describeChaos('an event stream that breaks', () => {
  let site: ChaosSite;
  let proxy: SocketProxy;

  beforeAll(async () => {
    site = await chaosSite();
    proxy = await socketProxy(site.host, join(site.dir, 'engine.sock'));
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {}, db: {}, spare: {}, other: {} })) });
    await site.start({ args: ['--docker-host', proxy.host, '--log-level', 'debug', '--resync', '1h'] });
    await site.becomes('four containers run', allRun(4));
    expect(await until(() => proxy.eventStreams() === 1, 5000)).toBe(true);
  }, 60_000);
  afterAll(async () => {
    await site?.close();
    await proxy?.close();
  }, 60_000);

  test('is opened again, and a kill after it is healed', async () => {
    proxy.cut();
    expect(await until(() => proxy.eventStreams() === 1, 60_000)).toBe(true);
    await killByHand(site.host, `${site.app('a')}-web-1`);
    await site.becomes('healed', allRun(4), 10_000);
  }, 30_000);

  test('drift made while nothing could be heard is repaired when it can', async () => {
    proxy.block('refuse');
    const from = (await site.log()).length;
    await removeByHand(site.host, `${site.app('a')}-db-1`);
    await mustAsk(site.host, 'POST', `/networks/${site.app('a')}_default/disconnect`, {
      body: { Container: `${site.app('a')}-web-1` },
    });
    await site.sees(/stream broke|cannot see/, { from });
    proxy.open();
    await site.becomes('healed', allRun(4), 20_000);
    const isConnected = async (): Promise<boolean> =>
      (await ask(site.host, 'GET', `/containers/${site.app('a')}-web-1/json`)).text.includes(
        `"${site.app('a')}_default":`,
      );
    expect(await until(isConnected, 60_000)).toBe(true);
  }, 60_000);

  test('an answer that breaks off in its middle is asked for again', async () => {
    const wasBroken = proxy.breakAnswer(/^GET \S*\/containers\/\w+\/json/, 400);
    await mustAsk(site.host, 'POST', `/containers/${site.app('a')}-spare-1/pause`);
    await site.becomes('healed', allRun(4), 8_000);
    expect(wasBroken()).toBe(true);
  }, 30_000);

  test('an engine that hangs in the middle of a heal is waited for, and then gone on with', async () => {
    proxy.block('hang');
    await killByHand(site.host, `${site.app('a')}-other-1`);
    const git = site.git.traffic.length;
    // The rest of the agent lives: the config repo is still asked.
    expect(await until(() => site.git.traffic.length >= git + 2, 60_000)).toBe(true);
    proxy.open();
    await site.becomes('healed', allRun(4), 20_000);
  }, 60_000);
});

describeChaos('an engine that goes away under the agent', () => {
  let engine: RestartableEngine;
  let site: ChaosSite;

  beforeAll(async () => {
    engine = await startRestartable();
    site = await chaosSite({ host: engine.host });
    await site.repo.commit({
      ...fleet(site),
      ...app(
        site,
        'a',
        staying({ web: {}, always: { restart: 'always' }, never: { restart: 'no', command: ['sleep', '86400'] } }),
      ),
    });
  }, 120_000);
  afterAll(async () => {
    // The engine goes with all that it runs.
    await site?.close();
    await engine?.remove();
  }, 120_000);

  test('is waited for at boot, and said once', async () => {
    await engine.stop('SIGTERM');
    await site.start({ args: ['--resync', '1h'] });
    await site.sees(/^accepted/);
    await site.sees(/cannot see what runs here/);
    await engine.start();
    await site.becomes('three containers run', allRun(3), 30_000);
    const said = (await site.log()).filter(({ message }) => /cannot see what runs here/.test(message));
    expect(said).toHaveLength(1);
  }, 90_000);

  test.each([
    ['SIGTERM', 'always'],
    ['SIGKILL', 'web'],
  ] as const)(
    '%s: every container is back, those that the engine does not restart as well',
    async (signal, mended) => {
      const from = (await site.log()).length;
      await engine.stop(signal);
      await site.sees(/cannot see|answer/, { from, ms: 20_000 }).catch(() => undefined);
      await engine.start();
      await site.becomes('three containers run', allRun(3), 60_000);
      // And it hears again what happens.
      const [container, network] = [`${site.app('a')}-${mended}-1`, `${site.app('a')}_default`];
      const isConnected = async (): Promise<boolean> =>
        (await mustAsk(site.host, 'GET', `/containers/${container}/json`)).includes(`"${network}":`);
      await mustAsk(site.host, 'POST', `/networks/${network}/disconnect`, { body: { Container: container } });
      expect(await until(isConnected, 60_000)).toBe(true);
    },
    120_000,
  );
});
