import { expect, test } from '@jest/globals';
import type { DesiredSite } from '../../src/model/state.ts';
import { app, network, service, site } from '../support/site/site-builder.ts';
import { reconciledSite } from './run/reconciled-site.ts';
import { isUp } from './world/engine/records.ts';
import type { Random } from './world/random.ts';

const SITE = 'shop-17';
const MINUTE = 60_000;
const SERVICES = ['a/u', 'a/v', 'a/w', 'b/u', 'b/v', 'c/u'] as const;
const POOL = { IPAM: { Config: [{ Subnet: '10.88.0.0/24' }, { Subnet: 'fd00:88::/64' }] }, EnableIPv6: true };

type Addresses = Record<string, { IPv4Address?: string | undefined; IPv6Address?: string | undefined }>;

/** A commit that gives most services other addresses, all of them out of the few that there are; some get another command, and are replaced. */
function commit(random: Random): { git: DesiredSite; addresses: Addresses } {
  const fours = random.shuffled([50, 51, 52, 53, 54, 55]);
  const sixes = random.shuffled([60, 61, 62, 63, 64, 65]);
  const addresses: Addresses = {};
  const dealt = (name: string) => {
    const parts = SERVICES.flatMap((each, index) => {
      const [owner, own] = each.split('/') as [string, string];
      if (owner !== name || random.chance(0.1)) return [];
      const endpoint = {
        ...(random.chance(0.8) && { IPv4Address: `10.88.0.${fours[index]}` }),
        ...(random.chance(0.4) && { IPv6Address: `fd00:88::${sixes[index]}` }),
      };
      addresses[`${name}-${own}-1`] = endpoint;
      const Cmd = ['serve', ...(random.chance(0.3) ? [`${random.between(0, 9)}`] : [])];
      return [service(own, { Image: 'app:1', Cmd, Networks: { edge: endpoint } })];
    });
    return parts.length > 0 ? [app(name, network('edge', { Name: 'edge' }, true), ...parts)] : [];
  };
  const keeper = app(
    'net',
    network('edge', { Name: 'edge', ...POOL }),
    service('x', { Image: 'app:1', Cmd: ['serve'] }),
  );
  return { git: { ...site(...['a', 'b', 'c'].flatMap(dealt), keeper), site: SITE }, addresses };
}

test.each(Array.from({ length: 20 }, (_, index) => index + 1))(
  'addresses that are dealt again among services and apps are where Git says in the end (seed %i)',
  async (seed) => {
    const { random, clock, simulated, live } = reconciledSite(seed, SITE);
    const drawn = random.fork('commits');
    const refused: string[] = [];
    simulated.machine.onNote = (text) => {
      if (text.includes('Address already in use')) refused.push(text);
    };
    const agent = await live('aaaa', commit(drawn).git);
    for (let round = 0; round < 4; round += 1) {
      await clock.advance(10 * MINUTE);
      const { git, addresses } = commit(drawn);
      refused.length = 0;
      agent.warnings.length = 0;
      agent.desire(git);
      await clock.advance(10 * MINUTE);
      expect(shown()).toEqual(addresses);
      expect([refused, agent.warnings]).toEqual([[], []]);
      // One commit comes while another is being applied.
      agent.desire(commit(drawn).git);
      await clock.advance(drawn.between(0, 15_000));
      const next = commit(drawn);
      agent.desire(next.git);
      await clock.advance(10 * MINUTE);
      expect(shown()).toEqual(next.addresses);
    }
    await agent.end();

    /** Where containers are that run, as far as that was asked for. */
    function shown(): Addresses {
      const up = [...simulated.machine.containers.values()].filter(
        (each) => isUp(each) && !each.name.startsWith('net-'),
      );
      return Object.fromEntries(
        up.map(({ name, endpoints }) => {
          const endpoint = endpoints.get('edge');
          const asked = endpoint?.asked.IPAMConfig;
          return [
            name,
            {
              ...(asked?.IPv4Address && { IPv4Address: endpoint?.ip }),
              ...(asked?.IPv6Address && { IPv6Address: endpoint?.ip6 }),
            },
          ];
        }),
      );
    }
  },
);
