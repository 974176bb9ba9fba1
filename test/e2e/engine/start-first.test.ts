import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ask } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { ENGINES } from '../../support/engine/engine-under-test.ts';
import { IMAGE, IMAGE_2, importChaosImages } from '../../support/site/chaos-site.ts';
import { type KeptSite, keptSite } from '../../support/site/kept-site.ts';
import { containersOf, type Running } from '../../support/site/site.ts';

jest.setTimeout(120_000);

for (const [name, host] of Object.entries(ENGINES)) {
  (host ? describe : describe.skip)(`order: start-first on ${name}`, () => {
    let site: KeptSite;
    const web = (more: object): object => ({
      services: {
        web: {
          image: IMAGE,
          command: ['stay'],
          stop_grace_period: '1s',
          deploy: { update_config: { order: 'start-first', monitor: '1s' } },
          ...more,
        },
      },
    });
    const ready = (path: string): object => ({
      healthcheck: { test: ['CMD', 'test', '-e', path], interval: '1s', timeout: '5s', retries: 3 },
    });
    const running = async (): Promise<Running[]> =>
      (await containersOf(host ?? '', site.site)).filter(({ state }) => state === 'running');
    /** Without systemd Podman runs no health checks by itself, but it does when asked. */
    const probe = async (): Promise<void> => {
      if (name !== 'Podman') return;
      for (const { id } of await running()) await ask(host ?? '', 'GET', `/v4.0.0/libpod/containers/${id}/healthcheck`);
    };
    const line = (words: string): number => site.log.findLastIndex((each) => each.startsWith(words));

    beforeAll(() => importChaosImages(host ?? ''));
    afterEach(() => site?.close());

    test('the old one is stopped after the new one has become healthy, also when the agent dies meanwhile', async () => {
      site = await keptSite(host ?? '');
      await site.commit(web({}));
      const old = (await site.inspect('web')).Id;
      await site.desire(web({ image: IMAGE_2, ...ready('/tmp/ready') }));
      expect(await until(async () => (await running()).length === 2, 30_000)).toBe(true);
      await site.nextLife();
      const successor = (await running()).find(({ id }) => id !== old);
      expect((await site.inspect('web')).Id).toBe(old);
      const suffix = successor?.name.slice(site.name('web').length) ?? '';
      expect(suffix).toMatch(/^\.[0-9a-f]{8}$/);
      await site.execIn(successor?.id ?? '', ['touch', '/tmp/ready']);
      const isAlone = async (): Promise<boolean> => {
        await probe();
        return (await running()).map(({ id }) => id).join() === successor?.id;
      };
      expect(await until(isAlone, 60_000)).toBe(true);
      await site.converges();
      expect((await site.inspect('web')).Config.Image).toContain(IMAGE_2);
      expect(line(`stop ${site.name('web')}:`)).toBeGreaterThan(line(`start ${site.name('web')}.`));
    });

    test.each([
      ['does not start', { command: ['no-such-program'] }],
      ['ends at once', { command: ['false'], restart: 'always' }],
      ['becomes unhealthy', ready('/nowhere')],
    ])('where the new one %s, the old one runs on untouched', async (_, broken) => {
      site = await keptSite(host ?? '');
      await site.commit(web({}));
      const { Id, State } = await site.inspect('web');
      await site.desire(web({ image: IMAGE_2, ...broken }));
      const isHeld = (): boolean =>
        (site.plan()?.apps[0]?.operations ?? []).some(({ withheld }) => withheld?.by === 'backoff');
      const hasFailed = async (): Promise<boolean> => {
        await probe();
        return isHeld() && (await containersOf(host ?? '', site.site)).length === 1;
      };
      if (!(await until(hasFailed, 60_000))) throw new Error(site.log.slice(-30).join('\n'));
      const after = await site.inspect('web');
      expect([after.Id, after.State.StartedAt]).toEqual([Id, State.StartedAt]);
      await site.commit(web({ image: IMAGE_2 }));
      expect((await running()).map(({ image }) => image.slice(-1))).toEqual(['2']);
    });
  });
}
