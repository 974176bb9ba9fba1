import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { ask, mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { IMAGE, IMAGE_2 } from '../../support/site/chaos-site.ts';
import type { KeptSite } from '../../support/site/kept-site.ts';

import { one, REPOSITORY, type Row, stays, TAG } from './row.ts';

const content = (text: string): object =>
  one({ configs: [{ source: 'conf', target: '/etc/app.conf' }] }, { configs: { conf: { content: text } } });

/** A job that has yet to end is as it should be, too. */
const hasEnded = async (site: KeptSite): Promise<boolean> => (await site.inspect('job')).State.Status === 'exited';

/** Files, images, and what a new commit changes. */
export const FILE_ROWS: Row[] = [
  {
    row: 'inline config changed: applied',
    compose: content('old\n'),
    drift: (site) => site.commit(content('new\n')),
    async mended(site) {
      expect(await site.exec('web', ['cat', '/etc/app.conf'])).toContain('new');
    },
  },
  {
    row: 'environment secret changed: applied',
    compose: one({ secrets: ['key'] }, { secrets: { key: { environment: 'KEY' } } }),
    files: { '.env': 'KEY=old' },
    drift: (site) =>
      site.commit(one({ secrets: ['key'] }, { secrets: { key: { environment: 'KEY' } } }), {
        files: { '.env': 'KEY=new' },
      }),
    async mended(site) {
      expect(await site.exec('web', ['cat', '/run/secrets/key'])).toContain('new');
    },
  },
  {
    row: 'bind-mounted config file replaced by rename: container sees the new content',
    compose: one({ volumes: ['./app.conf:/etc/app.conf:ro'] }),
    files: { 'app.conf': 'good\n' },
    async drift(site) {
      const path = join(site.dir, 'files', site.app, 'app.conf');
      await writeFile(`${path}.tmp`, 'bad\n');
      await rename(`${path}.tmp`, path);
    },
    async mended(site) {
      expect(await site.exec('web', ['cat', '/etc/app.conf'])).toContain('good');
      await site.commit(one({ volumes: ['./app.conf:/etc/app.conf:ro'] }), { files: { 'app.conf': 'better\n' } });
      expect(await site.exec('web', ['cat', '/etc/app.conf'])).toContain('better');
    },
  },
  {
    row: 'replica 2 of 3 deleted: becomes 1, 2, 3',
    compose: one({ scale: 3 }),
    drift: (site, by) => by.remove(`/containers/${site.name('web', 2)}?force=1`),
    async mended(site, before) {
      for (const number of [1, 2, 3]) expect((await site.inspect('web', number)).State.Status).toBe('running');
      expect((await site.inspect('web', 1)).Id).toBe(before.Id);
      expect((await ask(site.host, 'GET', `/containers/${site.name('web', 4)}/json`)).status).toBe(404);
    },
  },
  {
    row: 'profile disabled: pruned',
    compose: { services: { web: stays, extra: { ...stays, profiles: ['more'] } } },
    spec: { profiles: ['more'] },
    drift: (site) => site.commit({ services: { web: stays, extra: { ...stays, profiles: ['more'] } } }),
    async mended(site, before) {
      expect((await site.inspect('web')).Id).toBe(before.Id);
      expect((await ask(site.host, 'GET', `/containers/${site.name('extra')}/json`)).status).toBe(404);
    },
  },
  {
    row: 'completed one-shot: run once per change',
    compose: { services: { web: stays, job: { image: IMAGE, command: ['true'] } } },
    async drift(site) {
      expect(await until(() => hasEnded(site), 30_000)).toBe(true);
      const first = await site.inspect('job');
      await site.nextLife();
      await site.converges();
      expect((await site.inspect('job')).State.StartedAt).toBe(first.State.StartedAt);
      // Not even when somebody clears it away.
      await mustAsk(site.host, 'DELETE', `/containers/${site.name('job')}`);
      await site.nextLife();
      await site.converges();
      expect((await ask(site.host, 'GET', `/containers/${site.name('job')}/json`)).status).toBe(404);
      await site.commit({ services: { web: stays, job: { image: IMAGE, command: ['sh', '-c', 'exit 0'] } } });
    },
    async mended(site, before) {
      expect((await site.inspect('web')).Id).toBe(before.Id);
      expect(await until(() => hasEnded(site), 30_000)).toBe(true);
      const job = await site.inspect('job');
      expect([job.State.Status, job.State.ExitCode]).toEqual(['exited', 0]);
    },
  },
  {
    row: 'fields that the site owns (ignoreDifferences): left alone, and kept by a replacement',
    compose: one({ mem_limit: '64m', environment: { MODE: 'a' } }),
    spec: { ignoreDifferences: [{ services: ['w*'], fields: ['memory', 'memswap_limit'] }] },
    except: { Podman: 'it cannot update, and neither can somebody else' },
    async drift(site, by) {
      const { Id } = await site.inspect('web');
      await by.post(`/containers/${site.name('web')}/update`, { Memory: 2 ** 27, MemorySwap: 2 ** 28 });
      await site.converges();
      const web = await site.inspect('web');
      expect([web.Id, web.HostConfig.Memory]).toEqual([Id, 2 ** 27]);
      await site.commit(one({ mem_limit: '64m', environment: { MODE: 'b' } }), {
        spec: { ignoreDifferences: [{ fields: ['memory', 'memswap_limit'] }] },
      });
    },
    async mended(site, before) {
      const web = await site.inspect('web');
      expect(web.Id).not.toBe(before.Id);
      expect(web.HostConfig.Memory).toBe(2 ** 27);
      expect(web.Config.Env).toContain('MODE=b');
    },
  },
  {
    row: 'image retagged locally: recreated',
    compose: one({ image: TAG, pull_policy: 'never' }),
    tagged: true,
    drift: (_site, by) => by.post(`/images/${IMAGE_2}/tag?repo=${REPOSITORY}&tag=1`),
    async mended(site, before) {
      const web = await site.inspect('web');
      expect(web.Id).not.toBe(before.Id);
      expect(web.Config.Env).toContain('VERSION=2');
    },
  },
  {
    row: 'image tag removed while a container runs: keeps running, reported',
    compose: one({ image: TAG, pull_policy: 'never' }),
    tagged: true,
    except: { Podman: 'it gives the container its image by its ID, and removes no tag of an image in use' },
    drift: (_site, by) => by.remove(`/images/${TAG}`),
    async mended(site, before) {
      const web = await site.inspect('web');
      expect([web.Id, web.State.StartedAt]).toEqual([before.Id, before.State.StartedAt]);
      expect(site.plan()?.apps[0]?.problems.map(({ message }) => message)).toEqual([
        `image ${TAG} is not on the disk any more; what runs of it goes on`,
      ]);
    },
  },
];
