import { expect } from '@jest/globals';
import { ask } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { IMAGE } from '../../support/site/chaos-site.ts';
import type { Inspected, KeptSite } from '../../support/site/kept-site.ts';

import { one, type Row, stays } from './row.ts';

const heldBack = (site: KeptSite) =>
  (site.plan()?.apps ?? []).flatMap(({ operations }) => operations.flatMap(({ withheld }) => withheld ?? []));

/** Changes that somebody makes to a container. */
export const CONTAINER_ROWS: Row[] = [
  {
    row: 'memory, cpus and restart policy updated: set back in place',
    compose: one({ mem_limit: '64m', cpus: 0.5 }),
    except: { Podman: 'it cannot update, and neither can somebody else' },
    drift: (site, by) =>
      by.post(`/containers/${site.name('web')}/update`, {
        Memory: 2 ** 27,
        MemorySwap: 2 ** 28,
        NanoCpus: 1e9,
        RestartPolicy: { Name: 'no' },
      }),
    async mended(site, before) {
      const web = await site.inspect('web');
      expect(web.Id).toBe(before.Id);
      expect(web.State.StartedAt).toBe(before.State.StartedAt);
      expect(web.HostConfig).toMatchObject({
        Memory: 2 ** 26,
        NanoCpus: 5e8,
        RestartPolicy: { Name: 'unless-stopped' },
      });
    },
  },
  {
    row: 'recreated by hand with the same labels and another command: replaced',
    compose: one(),
    async drift(site, by) {
      const { Config } = await site.inspect('web');
      await site.die();
      await by.remove(`/containers/${site.name('web')}?force=1`);
      const { Labels, Image } = Config;
      await by.post(`/containers/create?name=${site.name('web')}`, {
        Image,
        Labels,
        Cmd: ['sleep', '3600'],
        StopTimeout: 1,
      });
      await by.post(`/containers/${site.name('web')}/start`);
      await site.nextLife();
    },
    async mended(site) {
      expect((await site.inspect('web')).Config.Cmd).toEqual(['stay']);
    },
  },
  {
    row: 'renamed: renamed back',
    compose: one(),
    drift: (site, by) => by.post(`/containers/${site.name('web')}/rename?name=${site.name('web')}-odd`),
    async mended(site, before) {
      expect((await site.inspect('web')).Id).toBe(before.Id);
    },
  },
  {
    row: 'crash between create and rename during a replace: finished cleanly',
    compose: one(),
    async drift(site, by) {
      // The agent was killed once the new container ran: the old one is gone, and the new one has its temporary name.
      await site.die();
      const hash = (await site.inspect('web')).Config.Labels['dev.holdfast.spec-hash'] ?? '';
      await by.post(`/containers/${site.name('web')}/rename?name=${site.name('web')}.${hash.slice(0, 8)}`);
      await site.nextLife();
    },
    async mended(site, before) {
      expect((await site.inspect('web')).Id).toBe(before.Id);
    },
  },
  {
    row: 'paused: unpaused',
    compose: one(),
    drift: (site, by) => by.post(`/containers/${site.name('web')}/pause`),
    async mended(site, before) {
      const web = await site.inspect('web');
      expect([web.Id, web.State.Status]).toEqual([before.Id, 'running']);
    },
  },
  {
    row: 'crash loop: restarted with backoff, and reported',
    compose: one(),
    async drift(site) {
      await site.desire(one({ command: ['sh', '-c', 'exit 3'], restart: 'no' }));
      const isHeld = (): boolean => Boolean(heldBack(site).find(({ by }) => by === 'backoff'));
      expect(await until(isHeld, 30_000)).toBe(true);
      const held = site.plan()?.apps[0]?.operations.find(({ withheld }) => withheld);
      expect(held?.reason).toContain('exited with 3');
      await site.commit(one());
    },
    async mended(site) {
      expect((await site.inspect('web')).State.Status).toBe('running');
    },
  },
  {
    row: 'foreign container holds the name: an error that names it, and the rest goes on',
    compose: { services: { peer: stays, web: { ...stays, scale: 0 } } },
    async drift(site, by) {
      const made = JSON.parse(
        await by.post(`/containers/create?name=${site.name('web')}`, { Image: IMAGE, Cmd: ['stay'] }),
      ) as { Id: string };
      try {
        await site.desire({ services: { web: stays, peer: { ...stays, environment: { NEW: '1' } } } });
        const isTold = (): boolean =>
          Boolean(site.plan()?.apps[0]?.problems.some(({ message }) => message.includes(made.Id.slice(0, 12))));
        expect(await until(isTold, 30_000)).toBe(true);
        const isNew = async (): Promise<boolean> => {
          // There is a moment between two of them in which nobody has the name.
          const { status, text } = await ask(site.host, 'GET', `/containers/${site.name('peer')}/json`);
          return status === 200 && (JSON.parse(text) as Inspected).Config.Env.includes('NEW=1');
        };
        expect(await until(isNew, 30_000)).toBe(true);
      } finally {
        await by.remove(`/containers/${made.Id}?force=1`);
      }
    },
    async mended(site) {
      expect((await site.inspect('web')).State.Status).toBe('running');
    },
  },
  {
    row: 'unhealthy: restarted with backoff, and reported',
    compose: one({
      healthcheck: { test: ['CMD', 'test', '!', '-e', '/tmp/sick'], interval: '1s', timeout: '5s', retries: 1 },
      tmpfs: ['/tmp'],
    }),
    except: { Podman: 'without systemd it runs no health checks' },
    async drift(site) {
      const { State } = await site.inspect('web');
      await site.exec('web', ['touch', '/tmp/sick']);
      // The file goes with the run of the container that it was made in.
      const again = async (): Promise<boolean> => (await site.inspect('web')).State.StartedAt !== State.StartedAt;
      expect(await until(again, 60_000)).toBe(true);
    },
    async mended(site, before) {
      expect((await site.inspect('web')).Id).toBe(before.Id);
      expect(site.log.join('\n')).toContain('unhealthy (drift)');
      const isHealthy = async (): Promise<boolean> => (await site.inspect('web')).State.Health?.Status === 'healthy';
      expect(await until(isHealthy, 60_000)).toBe(true);
    },
  },
];
