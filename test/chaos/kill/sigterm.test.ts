import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '../../../scripts/machine/processes.ts';
import type { AgentProcess } from '../../support/program/holdfast-process.ts';
import {
  allRun,
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  staying,
} from '../../support/site/chaos-site.ts';

describeChaos('SIGTERM in the middle of something', () => {
  let site: ChaosSite;
  let silent: Server;
  let asked = 0;

  beforeAll(async () => {
    site = await chaosSite();
    // A registry that takes connections and never says a word.
    silent = createServer(() => {
      asked += 1;
    }).listen(0, '127.0.0.1');
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {}, db: {} })) });
  }, 60_000);
  afterAll(async () => {
    silent?.close();
    await site?.close();
  }, 60_000);

  const endsQuickly = async (agent: AgentProcess): Promise<void> => {
    const ids = (await site.containers()).filter(({ state }) => state === 'running').map(({ id }) => id);
    expect(await agent.end('SIGTERM')).toEqual({ code: 0, signal: null });
    const running = (await site.containers()).filter(({ state }) => state === 'running').map(({ id }) => id);
    expect(running).toEqual(expect.arrayContaining(ids));
  };

  test('a fetch that hangs', async () => {
    let fetching = false;
    site.git.intercept = (request) => {
      fetching ||= request.method === 'POST';
      return fetching;
    };
    const agent = await site.start();
    expect(await until(() => fetching, 60_000)).toBe(true);
    await endsQuickly(agent);
    site.git.intercept = undefined;
  });

  test('a pull that hangs', async () => {
    const address = silent.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await site.repo.commit(app(site, 'b', staying({ web: { image: `127.0.0.1:${port}/slow:1` } })));
    const agent = await site.start();
    await site.becomes('two containers run', allRun(2));
    expect(await until(() => asked > 0, 60_000)).toBe(true);
    await endsQuickly(agent);
  });

  test('a container that takes its time to stop: the engine finishes, the next agent goes on', async () => {
    await site.repo.commit({
      [`apps/${site.app('b')}/app.yaml`]: null,
      [`apps/${site.app('b')}/compose.yaml`]: null,
      ...app(site, 'a', staying({ web: {}, slow: { command: ['sleep', '86400'], stop_grace_period: '8s' } })),
    });
    const first = await site.start();
    await site.becomes(
      'two containers run',
      (found) => allRun(2)(found) && found.some(({ service }) => service === 'slow'),
    );
    const from = (await site.log()).length;
    await site.repo.commit(
      app(site, 'a', staying({ web: {}, slow: { command: ['sleep', '86399'], stop_grace_period: '8s' } })),
    );
    await site.becomes('the replacement waits', (found) => found.length === 3);
    const ids = (await site.containers()).map(({ id }) => id);
    await endsQuickly(first);
    await site.start();
    await site.becomes(
      'replaced, nothing left over',
      (found) => allRun(2)(found) && found.some(({ id, name }) => name === `${site.app('a')}-slow-1` && id !== ids[0]),
      20_000,
    );
    const names = (await site.containers()).map(({ name }) => name);
    expect(names).toEqual([`${site.app('a')}-slow-1`, `${site.app('a')}-web-1`]);
    expect((await site.log()).slice(from).filter(({ level }) => level === 'error')).toEqual([]);
  });
});
