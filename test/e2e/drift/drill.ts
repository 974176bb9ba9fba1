import { randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ask, mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { IMAGE, IMAGE_2, importChaosImages } from '../../support/chaos-site.ts';
import { ENGINES } from '../../support/engine-under-test.ts';
import { type Inspected, type KeptSite, keptSite } from '../../support/kept-site.ts';

// What `docker compose up -d` leaves as it is, row by row: somebody did this, and Holdfast makes it good.
jest.setTimeout(180_000);

const stays = { image: IMAGE, command: ['stay'], restart: 'unless-stopped', stop_grace_period: '1s' };
const one = (more: object = {}, top: object = {}): object => ({ services: { web: { ...stays, ...more } }, ...top });
/** A sidecar in the network namespace of web. */
const withSidecar = (web: object = {}): object => ({
  services: { web: { ...stays, ...web }, side: { ...stays, network_mode: 'service:web' } },
});
const content = (text: string): object =>
  one({ configs: [{ source: 'conf', target: '/etc/app.conf' }] }, { configs: { conf: { content: text } } });

/** A tag that this test alone has. */
const REPOSITORY = `kept-${randomBytes(4).toString('hex')}`;
const TAG = `${REPOSITORY}:1`;

interface Row {
  row: string;
  compose: object;
  spec?: object;
  /** Uses a tag of its own. */
  tagged?: true;
  files?: Record<string, string>;
  /** Not where this is so. */
  except?: { [Engine in keyof typeof ENGINES]?: string };
  drift(site: KeptSite, by: Engine): Promise<unknown>;
  /** What is so afterwards; `before` is web as it was. */
  mended(site: KeptSite, before: Inspected): Promise<void>;
}

/** The engine by hand. */
interface Engine {
  post(path: string, body?: object): Promise<string>;
  remove(path: string): Promise<string>;
}

const aliasesOf = ({ NetworkSettings }: Inspected, network: string): string[] =>
  NetworkSettings.Networks[network]?.Aliases ?? [];

/** Pings another container by a name, from inside. */
const reaches = (site: KeptSite, from: string, to: string): Promise<string> =>
  site.exec(from, ['sh', '-c', `ping -c1 -W2 ${to} >/dev/null && echo reached`]);

let hadNames = false;

const ROWS: Row[] = [
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
    row: 'extra network connected: disconnected',
    compose: one(),
    async drift(site, by) {
      await by.post('/networks/create', { Name: `${site.app}_other` });
      await by.post(`/networks/${site.app}_other/connect`, { Container: site.name('web') });
    },
    async mended(site, before) {
      const web = await site.inspect('web');
      expect(web.Id).toBe(before.Id);
      expect(Object.keys(web.NetworkSettings.Networks)).toEqual([`${site.app}_default`]);
    },
  },
  {
    row: 'reconnected without its aliases: aliases back',
    compose: { services: { web: stays, peer: stays } },
    async drift(site, by) {
      const Container = site.name('web');
      await site.die();
      await by.post(`/networks/${site.app}_default/disconnect`, { Container });
      await by.post(`/networks/${site.app}_default/connect`, { Container });
      await site.nextLife();
    },
    async mended(site, before) {
      const web = await site.inspect('web');
      expect(web.Id).toBe(before.Id);
      expect(aliasesOf(web, `${site.app}_default`)).toEqual(expect.arrayContaining(['web']));
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
      // What a replacement leaves that was killed once its successor ran: the old one gone, the new one under its temporary name.
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
    row: 'disconnected while stopped: connected, then started',
    compose: one(),
    async drift(site, by) {
      await site.die();
      await by.post(`/containers/${site.name('web')}/stop`);
      await by.post(`/networks/${site.app}_default/disconnect`, { Container: site.name('web') });
      await site.nextLife();
    },
    async mended(site, before) {
      const web = await site.inspect('web');
      expect([web.Id, web.State.Status]).toEqual([before.Id, 'running']);
      expect(aliasesOf(web, `${site.app}_default`)).toEqual(expect.arrayContaining(['web']));
    },
  },
  {
    row: 'network deleted while stopped: recreated, reconnected',
    compose: one(),
    except: { Podman: 'it removes no network that a container has, stopped or not' },
    async drift(site, by) {
      await site.die();
      await by.post(`/containers/${site.name('web')}/stop`);
      await by.remove(`/networks/${site.app}_default`);
      await site.nextLife();
    },
    async mended(site, before) {
      const web = await site.inspect('web');
      expect([web.Id, web.State.Status]).toEqual([before.Id, 'running']);
      expect(aliasesOf(web, `${site.app}_default`)).toEqual(expect.arrayContaining(['web']));
    },
  },
  {
    row: 'network recreated without labels and identical: adopted',
    compose: one(),
    except: { Podman: 'it removes no network that a container has, stopped or not' },
    async drift(site, by) {
      await site.die();
      await by.post(`/containers/${site.name('web')}/stop`);
      await by.remove(`/networks/${site.app}_default`);
      await by.post('/networks/create', { Name: `${site.app}_default`, Driver: 'bridge' });
      await site.nextLife();
    },
    async mended(site) {
      const web = await site.inspect('web');
      expect(web.State.Status).toBe('running');
      expect(aliasesOf(web, `${site.app}_default`)).toEqual(expect.arrayContaining(['web']));
    },
  },
  {
    row: 'volume recreated without labels and identical: adopted',
    compose: one({ volumes: ['data:/data'] }, { volumes: { data: {} } }),
    async drift(site, by) {
      await site.die();
      await by.remove(`/containers/${site.name('web')}?force=1`);
      await by.remove(`/volumes/${site.app}_data`);
      await by.post('/volumes/create', { Name: `${site.app}_data` });
      await site.nextLife();
    },
    async mended(site) {
      expect((await site.inspect('web')).State.Status).toBe('running');
    },
  },
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
    row: 'network labels changed: aliases kept',
    compose: one({}, { networks: { default: { labels: { v: '1' } } } }),
    drift: (site) => site.commit(one({}, { networks: { default: { labels: { v: '2' } } } })),
    async mended(site, before) {
      const web = await site.inspect('web');
      expect(web.Id).toBe(before.Id);
      expect(aliasesOf(web, `${site.app}_default`)).toEqual(expect.arrayContaining(['web']));
    },
  },
  {
    row: 'network options changed: recreated, users reconnected with aliases',
    compose: { services: { web: stays, peer: stays } },
    async drift(site) {
      // Names lead nowhere on a Podman without its DNS.
      hadNames = site.host !== ENGINES.Podman && (await reaches(site, 'peer', 'web')).includes('reached');
      await site.commit({
        services: { web: stays, peer: stays },
        networks: { default: { driver_opts: { 'com.docker.network.driver.mtu': '1400' } } },
      });
    },
    async mended(site, before) {
      const web = await site.inspect('web');
      expect(web.Id).toBe(before.Id);
      expect(aliasesOf(web, `${site.app}_default`)).toEqual(expect.arrayContaining(['web']));
      if (hadNames) expect(await reaches(site, 'peer', 'web')).toContain('reached');
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
    row: 'what the site owns (ignoreDifferences): left alone, and kept by a replacement',
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
    row: 'crash loop: restarted with backoff, and reported',
    compose: one(),
    async drift(site) {
      await site.desire(one({ command: ['sh', '-c', 'exit 3'], restart: 'no' }));
      const isHeld = (): boolean => Boolean(heldBack(site).find(({ by }) => by === 'backoff'));
      expect(await until(isHeld, 30_000)).toBe(true);
      expect(site.plan()?.apps[0]?.operations.find(({ withheld }) => withheld)?.reason).toContain('exited with 3');
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
  {
    row: 'network_mode: service:x and x restarted: sidecar replaced',
    compose: withSidecar(),
    async drift(site, by) {
      const side = await site.inspect('side');
      await by.post(`/containers/${site.name('web')}/restart`);
      expect(await until(async () => (await idOf(site, 'side')) !== side.Id, 60_000)).toBe(true);
    },
    async mended(site, before) {
      const web = await site.inspect('web');
      expect(web.Id).toBe(before.Id);
      expect((await site.inspect('side')).HostConfig.NetworkMode).toBe(`container:${web.Id}`);
      expect(await site.exec('side', ['ip', 'addr'])).toContain('eth0');
    },
  },
  {
    row: 'network_mode: service:x and x replaced: sidecar replaced',
    compose: withSidecar(),
    drift: (site) => site.commit(withSidecar({ image: IMAGE_2 })),
    async mended(site, before) {
      const web = await site.inspect('web');
      expect(web.Id).not.toBe(before.Id);
      const side = await site.inspect('side');
      expect(side.HostConfig.NetworkMode).toBe(`container:${web.Id}`);
      expect(await site.exec('side', ['ip', 'addr'])).toContain('eth0');
    },
  },
];

/** The service that a row looks at beforehand: web, where it runs from the beginning. */
const existing = (compose: object): string =>
  (compose as { services: { web: { scale?: number } } }).services.web.scale === 0 ? 'peer' : 'web';

const heldBack = (site: KeptSite) =>
  (site.plan()?.apps ?? []).flatMap(({ operations }) => operations.flatMap(({ withheld }) => withheld ?? []));

/** A job that has yet to end is as it should be, too. */
const hasEnded = async (site: KeptSite): Promise<boolean> => (await site.inspect('job')).State.Status === 'exited';

async function idOf(site: KeptSite, service: string): Promise<string> {
  const { status, text } = await ask(site.host, 'GET', `/containers/${site.name(service)}/json`);
  return status === 200 ? (JSON.parse(text) as Inspected).Id : '';
}

/** Declares the drill on one engine; each has a file of its own, so that they run side by side. */
export function driftDrill(name: keyof typeof ENGINES): void {
  const host = ENGINES[name];
  (host ? describe : describe.skip)(`drift on ${name}`, () => {
    let site: KeptSite;
    const by: Engine = {
      post: (path, body) => mustAsk(host ?? '', 'POST', path, body ? { body } : {}),
      remove: (path) => mustAsk(host ?? '', 'DELETE', path),
    };

    beforeAll(() => importChaosImages(host ?? ''));
    afterEach(async () => {
      await site?.close();
      await ask(host ?? '', 'DELETE', `/images/${TAG}`);
    });

    for (const { row, compose, spec, files, tagged, except, drift, mended } of ROWS) {
      if (except?.[name] !== undefined) continue;
      test(row, async () => {
        site = await keptSite(host ?? '');
        if (tagged) await by.post(`/images/${IMAGE}/tag?repo=${REPOSITORY}&tag=1`);
        await site.commit(compose, { ...(spec && { spec }), ...(files && { files }) });
        const before = await site.inspect(existing(compose));
        await drift(site, by);
        await site.converges();
        await mended(site, before);
      });
    }
  });
}
