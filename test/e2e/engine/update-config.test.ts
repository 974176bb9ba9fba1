import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { until } from '../../../scripts/machine/processes.ts';
import { ENGINES } from '../../support/engine/engine-under-test.ts';
import { IMAGE, IMAGE_2, importChaosImages } from '../../support/site/chaos-site.ts';
import { type KeptSite, keptSite } from '../../support/site/kept-site.ts';
import { containersOf } from '../../support/site/site.ts';

jest.setTimeout(120_000);

for (const [name, host] of Object.entries(ENGINES)) {
  (host ? describe : describe.skip)(`deploy.update_config on ${name}`, () => {
    let site: KeptSite;
    const replicas = (update_config: object, more: object = {}): object => ({
      services: {
        web: {
          image: IMAGE,
          command: ['stay'],
          stop_grace_period: '1s',
          deploy: { replicas: 3, update_config },
          ...more,
        },
      },
    });
    const images = async (): Promise<string[]> =>
      (await containersOf(host ?? '', site.site))
        .filter(({ state }) => state === 'running')
        .map(({ image }) => image.slice(image.lastIndexOf(':') + 1))
        .sort();

    beforeAll(() => importChaosImages(host ?? ''));
    afterEach(() => site?.close());

    test('replaces one after the other, with a pause between', async () => {
      site = await keptSite(host ?? '');
      const update = { parallelism: 1, delay: '2s', monitor: '0s' };
      await site.commit(replicas(update));
      await site.commit(replicas(update, { image: IMAGE_2 }));
      expect(await images()).toEqual(['2', '2', '2']);
      const steps = site.log.filter((line) => line.includes('takes over')).map((line) => /web-\d/.exec(line)?.[0]);
      expect(steps).toEqual(['web-1', 'web-2', 'web-3']);
      // The next one was not even made before the one before had taken over.
      const [second, before] = ['create APP-web-2.', 'start APP-web-1.'].map((words) =>
        site.log.findLastIndex((line) => line.startsWith(words.replace('APP', site.app))),
      );
      expect(second).toBeGreaterThan(before as number);
    });

    test('stops at the first one that fails, until a commit mends it', async () => {
      site = await keptSite(host ?? '');
      const update = { parallelism: 1, monitor: '1s' };
      await site.commit(replicas(update));
      await site.desire(replicas(update, { image: IMAGE_2, command: ['no-such-program'] }));
      const isPaused = (): boolean =>
        (site.plan()?.apps[0]?.operations ?? []).some(({ withheld }) =>
          withheld?.text.includes('update_config pauses'),
        );
      expect(await until(isPaused, 60_000)).toBe(true);
      // The one that did not start was put back.
      expect(await until(async () => (await images()).join('') === '111', 30_000)).toBe(true);
      await site.commit(replicas(update, { image: IMAGE_2 }));
      expect(await images()).toEqual(['2', '2', '2']);
    });
  });
}
