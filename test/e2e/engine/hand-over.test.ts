import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { ENGINES } from '../../support/engine/engine-under-test.ts';
import { IMAGE, IMAGE_2, importChaosImages } from '../../support/site/chaos-site.ts';
import { type Inspected, type KeptSite, keptSite } from '../../support/site/kept-site.ts';

jest.setTimeout(120_000);

const stays = { image: IMAGE, command: ['stay'], restart: 'unless-stopped', stop_grace_period: '1s' };
/** Opens its data, tells when somebody else has it open already, and takes its time to close it. */
const STORE =
  'mkdir /d/open 2>/dev/null || touch /d/clash; trap "sleep 1; rmdir /d/open; exit 0" TERM; while :; do sleep 0.1; done';

for (const [name, host] of Object.entries(ENGINES)) {
  (host ? describe : describe.skip)(`a container on ${name} hands over`, () => {
    let site: KeptSite;
    beforeAll(() => importChaosImages(host ?? ''));
    afterEach(() => site?.close());

    test('data, a port, a name and a network, when a service and then its app get another name', async () => {
      site = await keptSite(host ?? '');
      const store = (service: string): object => ({
        services: {
          [service]: {
            ...stays,
            command: ['sh', '-c', STORE],
            container_name: `${site.app}-store`,
            ports: ['127.0.0.1:18917:80'],
            volumes: ['data:/d'],
            networks: ['other'],
            stop_grace_period: '5s',
          },
        },
        volumes: { data: { name: `${site.app}_data` } },
        networks: { other: { name: `${site.app}_other` } },
      });
      await site.commit(store('db'));
      await site.commit(store('postgres'));
      await site.commit(store('postgres'), { called: `${site.app}b` });
      expect((await site.execIn(`${site.app}-store`, ['ls', '/d'])).trim()).toBe('open');
      expect(site.log.filter((line) => line.includes('failed'))).toEqual([]);
    });

    test('static addresses, when two services swap them and when one goes to another app', async () => {
      site = await keptSite(host ?? '');
      const name = `${site.app}_other`;
      const subnet = '10.231.88.0/24';
      const at = (host: number) => ({ ...stays, networks: { lan: { ipv4_address: `10.231.88.${host}` } } });
      const lan = { lan: { name, external: true } };
      await mustAsk(host ?? '', 'POST', '/networks/create', {
        body: { Name: name, Driver: 'bridge', IPAM: { Driver: 'default', Config: [{ Subnet: subnet }] } },
      });
      const addresses = async (...services: string[]): Promise<string[]> =>
        Promise.all(
          services.map(async (service) => {
            const { NetworkSettings } = await site.inspect(service);
            return (NetworkSettings.Networks[name] as unknown as { IPAddress: string }).IPAddress;
          }),
        );
      await site.commit({ services: { dns: at(53), web: at(23) }, networks: lan });
      await site.commit({ services: { dns: at(23), web: at(53) }, networks: lan });
      expect(await addresses('dns', 'web')).toEqual(['10.231.88.23', '10.231.88.53']);
      await site.commit(
        { services: { dns: at(53) }, networks: lan },
        { beside: { [`${site.app}a`]: { services: { web: at(23) }, networks: lan } } },
      );
      expect(await addresses('dns')).toEqual(['10.231.88.53']);
      expect(site.log.filter((line) => line.includes('failed'))).toEqual([]);
    });

    test('never a network that a stranger is on: ours stay connected, and the stranger is named', async () => {
      site = await keptSite(host ?? '');
      const on = (internal: boolean) => ({ services: { web: stays }, networks: { default: { internal } } });
      await site.commit(on(false));
      const stranger = `${site.app}-stranger`;
      const network = `${site.app}_default`;
      const body = { Image: IMAGE, Cmd: ['stay'], HostConfig: { NetworkMode: network } };
      await mustAsk(host ?? '', 'POST', `/containers/create?name=${stranger}`, { body });
      try {
        await mustAsk(host ?? '', 'POST', `/containers/${stranger}/start`);
        const before = await site.inspect('web');
        await site.desire(on(true));
        const problems = (): string[] =>
          site.plan()?.apps.flatMap((each) => each.problems.map(({ message }) => message)) ?? [];
        expect(await until(() => problems().length > 0, 30_000)).toBe(true);
        expect(problems()[0]).toContain(`container ${stranger}, which is not ours, is on it`);
        expect((await site.inspect('web')).NetworkSettings).toEqual(before.NetworkSettings);
      } finally {
        await mustAsk(host ?? '', 'DELETE', `/containers/${stranger}?force=true`);
      }
      await site.converges();
      const made = JSON.parse(await mustAsk(host ?? '', 'GET', `/networks/${network}`)) as { Internal: boolean };
      expect(made.Internal).toBe(true);
    });

    test('the network of a container of another app, after that one was replaced and after it was restarted', async () => {
      site = await keptSite(host ?? '');
      const gate = `${site.app}-gate`;
      const side = { services: { side: { ...stays, network_mode: `container:${gate}` } } };
      const beside = (image: string) => ({
        beside: { [`${site.app}a`]: { services: { vpn: { ...stays, image, container_name: gate } } } },
      });
      const isTogether = async (): Promise<void> => {
        const { Id, State } = JSON.parse(await mustAsk(host ?? '', 'GET', `/containers/${gate}/json`)) as Inspected;
        const joined = await site.inspect('side');
        expect(joined.HostConfig.NetworkMode).toBe(`container:${Id}`);
        expect(Date.parse(joined.State.StartedAt)).toBeGreaterThan(Date.parse(State.StartedAt));
      };
      await site.commit(side, beside(IMAGE));
      await isTogether();
      await site.commit(side, beside(IMAGE_2));
      await isTogether();
      await mustAsk(host ?? '', 'POST', `/containers/${gate}/restart?t=1`);
      await site.converges();
      await isTogether();
      expect(site.log.filter((line) => line.includes('failed'))).toEqual([]);
    });
  });
}
