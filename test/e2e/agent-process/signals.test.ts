import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { until } from '../../../scripts/machine/processes.ts';
import {
  allRun,
  app,
  type ChaosSite,
  describeChaos,
  fleet,
  IMAGE_2,
  PATIENCE_MS,
  staying,
} from '../../support/site/chaos-site.ts';
import { agentProcess, endsCleanly, site } from './agent-process.ts';

agentProcess();

describeChaos('SIGHUP', () => {
  test('makes the agent look at Git at once', async () => {
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {} })) });
    const life = await site.start({ args: ['--interval', '1h'] });
    await site.becomes('web runs', allRun(1));
    await site.repo.commit(app(site, 'a', staying({ web: {}, db: {} })));
    process.kill(life.pid, 'SIGHUP');
    await site.becomes('db runs as well', allRun(2));
    await endsCleanly(life);
  });
});

describeChaos('SIGTERM ends the agent cleanly', () => {
  test('when it has nothing to do', async () => {
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {} })) });
    const life = await site.start();
    await site.becomes('web runs', allRun(1));
    await endsCleanly(life);
  });

  test('while Git does not answer', async () => {
    let asked = false;
    site.git.intercept = () => {
      asked = true;
      return true;
    };
    const life = await site.start();
    expect(await until(() => asked, PATIENCE_MS)).toBe(true);
    await endsCleanly(life);
  });

  test('in the middle of a pull, and what runs goes on running', async () => {
    let asked = 0;
    const registry = http.createServer(() => {
      asked += 1;
    });
    await new Promise<void>((resolve) => {
      registry.listen(0, '127.0.0.1', resolve);
    });
    const { port } = registry.address() as AddressInfo;
    try {
      await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {} })) });
      const life = await site.start();
      const before = await site.becomes('web runs', allRun(1));
      await site.repo.commit(app(site, 'a', staying({ web: { image: `127.0.0.1:${port}/never:1` } })));
      expect(await until(() => asked > 0, PATIENCE_MS)).toBe(true);
      await endsCleanly(life);
      expect(await site.containers()).toEqual(before);
    } finally {
      registry.closeAllConnections();
      registry.close();
    }
  });

  test('in the middle of a stop that takes its time, and the next agent goes on from there', async () => {
    // It does not care for SIGTERM.
    const stubborn = { command: ['sleep', '3600'], stop_grace_period: '10s' };
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: stubborn })) });
    const first = await site.start();
    await site.becomes('web runs', allRun(1));
    await site.repo.commit(app(site, 'a', staying({ web: { ...stubborn, image: IMAGE_2 } })));
    await site.becomes('its successor is made', (found) => found.some(({ image }) => image === IMAGE_2), 30_000);
    await endsCleanly(first);

    await site.start();
    const runs = (found: Awaited<ReturnType<ChaosSite['containers']>>): boolean =>
      allRun(1)(found) && found[0]?.image === IMAGE_2 && found[0].name === `${site.app('a')}-web-1`;
    await site.becomes('the successor has taken over', runs, 60_000);
  });

  test('while the engine does not answer', async () => {
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {} })) });
    const life = await site.start({ args: ['--docker-host', 'unix:///nonexistent.sock'] });
    await site.sees(/cannot see what runs here/);
    expect(life.hasExited()).toBe(false);
    await endsCleanly(life);
  });
});
