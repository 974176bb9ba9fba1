import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ask, mustAsk } from '../../scripts/machine/engine-http.ts';
import { app, type ChaosSite, chaosSite, describeChaos, fleet, IMAGE, staying } from '../support/site/chaos-site.ts';
import { killByHand, type Running, removeByHand } from '../support/site/site.ts';

const WELL = ['w1', 'w2', 'w3', 'w4', 'w5'];

describeChaos('one container that cannot be mended', () => {
  let site: ChaosSite;
  let foreign: string;

  beforeAll(async () => {
    site = await chaosSite();
    foreign = `${site.app('a')}-named-1`;
    await mustAsk(site.host, 'POST', `/containers/create?name=${foreign}`, { body: { Image: IMAGE, Cmd: ['stay'] } });
    await site.repo.commit({
      ...fleet(site),
      ...app(
        site,
        'a',
        staying({
          named: {},
          missing: { image: '127.0.0.1:1/no/such:1' },
          exits: { restart: 'no', command: ['sh', '-c', 'exit 3'] },
          broken: { command: ['/no/such/program'] },
          paused: {},
          ...Object.fromEntries(WELL.map((name) => [name, {}])),
        }),
      ),
    });
    await site.start();
  }, 60_000);
  afterAll(async () => {
    await ask(site.host, 'DELETE', `/containers/${foreign}?force=1`);
    await site?.close();
  }, 60_000);

  const siblingsRun = (found: Running[]): boolean =>
    WELL.every((name) => found.some(({ service, state }) => service === name && state === 'running'));

  test('does not keep its siblings from starting, and each is said with its reason', async () => {
    await site.becomes('the siblings run', siblingsRun, 8_000);
    await site.sees(/no\/such:1/);
    await site.sees(/\/no\/such\/program/);
  });

  test('does not keep them from being healed within seconds', async () => {
    const paused = `${site.app('a')}-paused-1`;
    await site.becomes('it runs', (found) => found.some(({ name, state }) => name === paused && state === 'running'));
    for (const [round, name] of WELL.entries()) {
      await mustAsk(site.host, 'POST', `/containers/${paused}/pause`).catch(() => undefined);
      const victim = `${site.app('a')}-${name}-1`;
      await (round % 2 ? removeByHand : killByHand)(site.host, victim);
      await site.becomes('it is back', siblingsRun);
    }
  });

  test('leaves the stranger that holds its name alone', async () => {
    const { Config, State } = JSON.parse(await mustAsk(site.host, 'GET', `/containers/${foreign}/json`)) as {
      Config: { Labels: object | null };
      State: { Status: string };
    };
    expect([Object.keys(Config.Labels ?? {}), State.Status]).toEqual([[], 'created']);
    await site.sees(new RegExp(`${foreign}.*not ours`));
  });

  test('is made as soon as the name is free', async () => {
    await removeByHand(site.host, foreign);
    await site.becomes('named runs', (found) =>
      found.some(({ name, state }) => name === foreign && state === 'running'),
    );
  });
});
