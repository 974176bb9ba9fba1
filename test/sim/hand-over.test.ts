import { expect, test } from '@jest/globals';
import type { DesiredSite } from '../../src/model/state.ts';
import { app, service, site, volume } from '../support/site/site-builder.ts';
import { reconciledSite } from './run/reconciled-site.ts';
import { PROFILES } from './world/engine/profiles.ts';
import { isUp } from './world/engine/records.ts';
import type { Random } from './world/random.ts';

const SITE = 'shop-17';
const MINUTE = 60_000;
const engines = Object.values(PROFILES);
const APPS = ['a', 'b', 'c'] as const;
const SERVICES = ['u', 'v', 'w', 'x'] as const;
/** Each keeps its data, whatever it is called and wherever it is placed. */
const STORES = ['one', 'two', 'three', 'four'] as const;

/** A commit that gives each store a place, a host port and a container's name, all of them drawn again. */
function commit(random: Random): DesiredSite {
  const places = random.shuffled(APPS.flatMap((name) => SERVICES.map((each) => ({ name, service: each }))));
  const ports = random.shuffled(['8001', '8002', '8003', '8004']);
  const names = random.shuffled(['red', 'green', 'blue', 'white']);
  const stores = STORES.map((store, index) => ({ store, ...(places[index] as (typeof places)[number]), index }));
  const apps = APPS.flatMap((name) => {
    const mine = stores.filter((each) => each.name === name);
    if (mine.length === 0) return [];
    const services = mine.map(({ store, service: of, index }) =>
      service(
        of,
        {
          Image: 'app:1',
          Cmd: ['serve'],
          Mounts: [{ Type: 'volume', Source: store, Target: '/data' }],
          PortBindings: [{ Container: '80/tcp', HostIp: '', HostPort: ports[index] as string }],
        },
        random.chance(0.5) ? { containerName: names[index] as string } : {},
      ),
    );
    return [app(name, ...services, ...mine.map(({ store }) => volume(store, { Name: store })))];
  });
  return { ...site(...apps), site: SITE };
}

test.each(Array.from({ length: 30 }, (_, index) => index + 1))(
  'services that move between names and apps never have one volume open twice, and each has its port in the end (seed %i)',
  async (seed) => {
    const { random, clock, simulated, live } = reconciledSite(seed, SITE, engines[seed % engines.length]);
    const drawn = random.fork('commits');
    const doubles: string[] = [];
    clock.onStep = () => {
      const open = [...simulated.machine.containers.values()]
        .filter(isUp)
        .flatMap(({ body }) => (body.HostConfig?.Mounts ?? []).map(({ Source }) => Source));
      for (const store of STORES) if (open.filter((each) => each === store).length > 1) doubles.push(store);
    };
    const agent = await live('aaaa', commit(drawn));
    for (let round = 0; round < 4; round += 1) {
      await clock.advance(10 * MINUTE);
      agent.warnings.length = 0;
      await settlesAs(commit(drawn));
      expect(agent.warnings).toEqual([]);
      // One commit comes while another is being applied: what was under way already may be in the way.
      agent.desire(commit(drawn));
      await clock.advance(drawn.between(0, 15_000));
      await settlesAs(commit(drawn));
    }

    async function settlesAs(wanted: DesiredSite): Promise<void> {
      agent.desire(wanted);
      await clock.advance(10 * MINUTE);
      const up = [...simulated.machine.containers.values()].filter(isUp).map(({ name }) => name);
      const names = wanted.apps.flatMap((each) => each.services.flatMap((one) => one.containers.map((c) => c.name)));
      expect(up.sort()).toEqual(names.sort());
    }
    expect(doubles).toEqual([]);
    await agent.end();
  },
);
