import { expect, jest, test } from '@jest/globals';
import { ask, mustAsk } from '../../../scripts/machine/engine-http.ts';
import { IMAGE } from '../../support/site/chaos-site.ts';
import { besideCompose, files } from './beside.ts';

jest.setTimeout(180_000);

besideCompose(['Docker 20.10', 'a newer Docker'], ({ host, project, run }) => {
  test('down takes adopted containers down, says which networks it leaves, and leaves volumes', async () => {
    const shop = await project(files());
    await shop.compose('up', '-d');
    const networks = await shop.networkIds();
    const ran = await run(shop, 'down', '--adopt');
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain(`network ${shop.name}_back, which docker compose made, stays`);
    expect(await shop.containers()).toEqual([]);
    expect(await shop.networkIds()).toEqual(networks);
    expect((await ask(host, 'GET', `/volumes/${shop.name}_data`)).status).toBe(200);
  });

  test('down stops dependents before what they depend on, as docker compose down does', async () => {
    // By name the order would be another one.
    const chain = (name: string): string =>
      `name: ${name}\nservices:\n${[
        ['a', ''],
        ['b', '[c]'],
        ['c', '[a]'],
      ]
        .map(
          ([service, needs]) =>
            `  ${service}:\n    image: ${IMAGE}\n    command: [stay]\n${needs ? `    depends_on: ${needs}\n` : ''}`,
        )
        .join('')}`;
    const shop = await project((name) => ({ 'compose.yaml': chain(name) }));
    const stopped = async (take: () => Promise<unknown>): Promise<string[]> => {
      await shop.compose('up', '-d');
      const since = Date.now() / 1000;
      await take();
      const filters = JSON.stringify({ event: ['die'], label: [`com.docker.compose.project=${shop.name}`] });
      const query = new URLSearchParams({
        since: since.toFixed(3),
        until: (Date.now() / 1000 + 1).toFixed(3),
        filters,
      });
      const events = (await mustAsk(host, 'GET', `/events?${query}`)).split('\n').filter(Boolean);
      return events.map((line) => JSON.parse(line).Actor.Attributes['com.docker.compose.service'] as string);
    };
    const byPeer = await stopped(() => shop.compose('down'));
    expect(byPeer).toEqual(['b', 'c', 'a']);
    expect(await stopped(() => run(shop, 'down', '--adopt'))).toEqual(byPeer);
  });

  test('docker compose ps, ls, logs, top, stop and start work on what Holdfast runs', async () => {
    const shop = await project(files());
    expect(await run(shop, 'apply')).toMatchObject({ code: 0 });
    const quiet = async (...args: string[]): Promise<string> => {
      const { stdout, stderr } = await shop.compose(...args);
      expect(stderr).not.toMatch(/warn|error/i);
      return stdout;
    };
    const services = (await quiet('ps', '-a', '--format', 'json'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { Name: string; Service: string; State: string; Health: string });
    expect(services.map(({ Name, Service, State }) => `${Name} ${Service} ${State}`).sort()).toEqual([
      `${shop.name}-db-1 db running`,
      `${shop.name}-extra-1 extra running`,
      `${shop.name}-job-1 job exited`,
      `${shop.name}-web-1 web running`,
      `${shop.name}-web-2 web running`,
    ]);
    expect(services.find(({ Service }) => Service === 'db')?.Health).toBe('healthy');
    expect(await quiet('ls', '-a')).toMatch(new RegExp(`${shop.name}\\s+exited\\(1\\), running\\(4\\)`));
    // An engine in a root of its own has no ps to ask.
    if ((await ask(host, 'GET', `/containers/${shop.name}-web-1/top`)).status === 200)
      expect(await quiet('top', 'web')).toMatch(/stay/);
    await quiet('logs', 'web');
    await quiet('stop', 'web');
    expect((await shop.containers()).filter(({ state }) => state === 'exited')).toHaveLength(3);
    await quiet('start', 'web');
    expect((await shop.containers()).filter(({ state }) => state === 'running')).toHaveLength(4);

    // It accepts what Holdfast made, too: up asks nothing about volumes, and makes no network again.
    const networks = await shop.networkIds();
    await mustAsk(host, 'GET', `/volumes/${shop.name}_data`);
    const { stderr } = await shop.compose('up', '-d', '--yes');
    expect(stderr).not.toMatch(/Network|Volume|warn/i);
    expect(await shop.networkIds()).toEqual(networks);
  });
});
