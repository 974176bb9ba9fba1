import { expect, test } from '@jest/globals';
import { app, describeChaos, fleet, HOST, IMAGE, IMAGE_2, staying } from '../../support/site/chaos-site.ts';
import { execIn, killByHand, type Running } from '../../support/site/site.ts';
import { agentProcess, endsCleanly, site } from './agent-process.ts';

agentProcess();

describeChaos('an app that depends on another one', () => {
  /** The database is healthy once the test says so, in each version. */
  const db = (image: string): string =>
    staying({
      db: {
        image,
        healthcheck: { test: ['CMD', 'test', '-e', '/tmp/ready'], interval: '1s', retries: 2, start_period: '10m' },
      },
    });
  const commit = (image: string): Promise<string> => {
    const [name, other] = [site.app('pos'), site.app('db')];
    return site.repo.commit({
      ...fleet(site),
      ...app(site, 'db', db(image)),
      ...app(site, 'pos', staying({ till: { image } })),
      [`apps/${name}/app.yaml`]: `apiVersion: holdfast/v1
kind: Application
spec:
  placement: { sites: [${site.name}] }
  dependsOn: [${other}]
`,
    });
  };
  const ready = (): Promise<string> => execIn(HOST, `${site.app('db')}-db-1`, ['touch', '/tmp/ready']);
  const sick = (): Promise<string> => execIn(HOST, `${site.app('db')}-db-1`, ['rm', '/tmp/ready']);
  /** `db 1 healthy`, `till 2` of all that runs. */
  const words = (found: Running[]): string =>
    found
      .filter(({ state }) => state === 'running')
      .map(({ service, image, health }) =>
        [service, image === IMAGE_2 ? '2' : '1', ...(health === 'healthy' ? [health] : [])].join(' '),
      )
      .sort()
      .join(', ');
  const becomes = (state: string): Promise<Running[]> => site.becomes(state, (found) => words(found) === state);

  test('starts and changes after it; what runs is healed while the other one is sick, also in the next life of the agent', async () => {
    await commit(IMAGE);
    const first = await site.start();
    await becomes('db 1');
    await site.sees(/^held back, as it waits for app chaos-\w+-db: chaos-\w+-db-db-1 is not healthy yet$/);
    expect(words(await site.containers())).toBe('db 1');
    await ready();
    await becomes('db 1 healthy, till 1');

    const next = await commit(IMAGE_2);
    await becomes('db 2, till 1');
    await site.sees(/^pull |^held back, as it waits for app .* is not healthy yet$/);
    await endsCleanly(first);
    const second = await site.start();
    await killByHand(HOST, `${site.app('pos')}-till-1`);
    await becomes('db 2, till 1');
    await ready();
    await becomes('db 2 healthy, till 2');
    await site.isAs(next);

    await sick();
    // The agent restarts it at once, so that it is sick for a moment, and not healthy after that.
    await site.sees(/^start chaos-\w+-db-db-1: unhealthy \(drift\)$/);
    await killByHand(HOST, `${site.app('pos')}-till-1`);
    await becomes('db 2, till 2');
    await endsCleanly(second);
  });
});
