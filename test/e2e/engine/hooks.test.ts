import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ask, mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { ENGINES } from '../../support/engine/engine-under-test.ts';
import { IMAGE, IMAGE_2, importChaosImages } from '../../support/site/chaos-site.ts';
import { type KeptSite, keptSite } from '../../support/site/kept-site.ts';

// These rules were read off docker compose: each hook runs in its order after a start, and dependents start after them; a failing one ends the rest.
jest.setTimeout(120_000);

const stays = { image: IMAGE, command: ['stay'], restart: 'unless-stopped', stop_grace_period: '1s' };
/** Notes a word in a volume that outlives the container. */
const note = (word: string): string[] => ['sh', '-c', `echo ${word} >> /log/said`];
const hooked = (more: object = {}, services: object = {}): object => ({
  services: {
    web: {
      ...stays,
      volumes: ['log:/log'],
      post_start: [{ command: note('post1') }, { command: note('post2') }],
      pre_stop: [{ command: note('pre') }],
      ...more,
    },
    ...services,
  },
  volumes: { log: {} },
});

for (const [name, host] of Object.entries(ENGINES)) {
  (host ? describe : describe.skip)(`hooks on ${name}`, () => {
    let site: KeptSite;
    const said = async (service = 'web'): Promise<string[]> =>
      (await site.exec(service, ['cat', '/log/said'])).split(/\s+/).filter(Boolean);

    beforeAll(() => importChaosImages(host ?? ''));
    afterEach(() => site?.close());

    test('run after a start and before the stops of a replacement, a scale-down and a prune', async () => {
      site = await keptSite(host ?? '');
      const reader = { reader: { ...stays, volumes: ['log:/log'] } };
      await site.commit(hooked({}, reader));
      expect(await said()).toEqual(['post1', 'post2']);
      await site.converges();
      expect(await said()).toEqual(['post1', 'post2']);

      await site.commit(hooked({ image: IMAGE_2 }, reader));
      const replaced = ['post1', 'post2', 'pre', 'post1', 'post2'];
      expect(await said()).toEqual(replaced);
      await site.commit(hooked({ image: IMAGE_2, scale: 0 }, reader));
      expect(await said('reader')).toEqual([...replaced, 'pre']);
      await site.commit(hooked({ image: IMAGE_2 }, reader));
      // Git has forgotten them by then.
      await site.commit({ services: reader, volumes: { log: {} } });
      expect(await said('reader')).toEqual([...replaced, 'pre', 'post1', 'post2', 'pre']);
    });

    test('have their own user, folder and environment, over the container’s', async () => {
      site = await keptSite(host ?? '');
      const command = ['sh', '-c', 'echo $$(id -u) $$(pwd) $$OWN $$BOTH $$NEW > /tmp/seen'];
      const environment = { BOTH: 'hook', NEW: 'new' };
      await site.commit(
        hooked({
          environment: { OWN: 'own', BOTH: 'container' },
          tmpfs: ['/tmp:mode=1777'],
          post_start: [{ command, user: '1000', working_dir: '/tmp', environment }],
        }),
      );
      expect((await site.exec('web', ['cat', '/tmp/seen'])).trim()).toBe('1000 /tmp own hook new');
    });

    test('come before dependents; one that fails holds them up, is told without secrets, and is tried again', async () => {
      site = await keptSite(host ?? '');
      const dependent = { dep: { ...stays, depends_on: ['web'] } };
      const command = ['sh', '-c', 'echo $$KEY went wrong; test -e /log/good'];
      const failing = hooked(
        { post_start: [{ command, environment: { KEY: 'hunter22' } }, { command: note('second') }] },
        dependent,
      );
      await site.desire(failing);
      const isTold = (): boolean => site.log.some((line) => line.includes('post_start[0] exited with 1'));
      expect(await until(isTold, 60_000)).toBe(true);
      expect(site.log.join('\n')).toContain('*** went wrong');
      expect(site.log.join('\n')).not.toContain('hunter22');
      expect((await site.inspect('web')).State.Status).toBe('running');
      expect((await ask(site.host, 'GET', `/containers/${site.name('dep')}/json`)).status).toBe(404);
      const { Id } = await site.inspect('web');

      await site.exec('web', ['touch', '/log/good']);
      await site.converges();
      expect((await site.inspect('web')).Id).toBe(Id);
      expect(await said()).toEqual(['second']);
      expect((await site.inspect('dep')).State.Status).toBe('running');
    });

    test('that fail before a stop keep it from being made', async () => {
      site = await keptSite(host ?? '');
      const guarded = { pre_stop: [{ command: ['sh', '-c', 'test -e /log/free'] }] };
      await site.commit(hooked(guarded));
      const { Id } = await site.inspect('web');
      await site.desire(hooked({ ...guarded, image: IMAGE_2 }));
      const isTold = (): boolean => site.log.some((line) => line.includes('pre_stop[0] exited with 1'));
      expect(await until(isTold, 60_000)).toBe(true);
      expect((await site.inspect('web')).Id).toBe(Id);
      expect((await site.inspect('web')).State.Status).toBe('running');
      await site.exec('web', ['touch', '/log/free']);
      await site.converges();
      expect((await site.inspect('web')).Config.Env).toContain('VERSION=2');
    });

    test('that change after a start make a new container, those before a stop do not', async () => {
      site = await keptSite(host ?? '');
      await site.commit(hooked());
      const { Id } = await site.inspect('web');
      await site.commit(hooked({ pre_stop: [{ command: note('other') }] }));
      expect((await site.inspect('web')).Id).toBe(Id);
      await site.commit(hooked({ post_start: [{ command: note('new') }] }));
      expect((await site.inspect('web')).Id).not.toBe(Id);
      expect(await said()).toEqual(['post1', 'post2', 'pre', 'new']);
    });

    test('run after a start that healed', async () => {
      site = await keptSite(host ?? '');
      await site.commit(hooked());
      await mustAsk(site.host, 'POST', `/containers/${site.name('web')}/stop`);
      await site.converges();
      expect(await until(async () => (await said()).length === 4, 30_000)).toBe(true);
      expect(await said()).toEqual(['post1', 'post2', 'post1', 'post2']);
    });
  });
}
