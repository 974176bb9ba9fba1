import { expect } from '@jest/globals';
import { ask } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { ENGINES } from '../../support/engine/engine-under-test.ts';
import { IMAGE_2 } from '../../support/site/chaos-site.ts';
import type { Inspected, KeptSite } from '../../support/site/kept-site.ts';

import { one, type Row, stays } from './row.ts';

/** A sidecar in the network namespace of web. */
const withSidecar = (web: object = {}): object => ({
  services: { web: { ...stays, ...web }, side: { ...stays, network_mode: 'service:web' } },
});
const aliasesOf = ({ NetworkSettings }: Inspected, network: string): string[] =>
  NetworkSettings.Networks[network]?.Aliases ?? [];

/** Pings another container by a name, from inside. */
const reaches = (site: KeptSite, from: string, to: string): Promise<string> =>
  site.exec(from, ['sh', '-c', `ping -c1 -W2 ${to} >/dev/null && echo reached`]);

async function idOf(site: KeptSite, service: string): Promise<string> {
  const { status, text } = await ask(site.host, 'GET', `/containers/${site.name(service)}/json`);
  return status === 200 ? (JSON.parse(text) as Inspected).Id : '';
}

let hadNames = false;

/** Networks, volumes, and namespaces that are shared. */
export const NETWORK_ROWS: Row[] = [
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
