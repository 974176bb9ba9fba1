import { expect, test } from '@jest/globals';
import { networkDifferences } from '../../../../src/container/compare.ts';
import { networkLabels } from '../../../../src/container/labels/labels.ts';
import { networkBody } from '../../../../src/container/networks.ts';
import type { EngineApi } from '../../../../src/engine/api.ts';
import type { Engine } from '../../../../src/engine/engine.ts';
import { decodeNetwork } from '../../../../src/engine/observe/decode.ts';
import type { ContainerSpec, NetworkSpec } from '../../../../src/model/spec.ts';
import type { EngineFacts } from '../../../../src/model/state.ts';
import { allDifferences, bringAbout } from '../../../support/engine/engine-property.ts';
import { TEST_IMAGE } from '../../../support/engine/engine-under-test.ts';

/** An engine that comes up before the first test. */
interface Subject {
  prefix: string;
  api(): EngineApi;
  engine(): Engine;
  facts(): EngineFacts;
}

/** Networks, and addresses on them, come back as they were sent. */
export function echoOfNetworks(on: Subject): void {
  test('a network is what was asked for', async () => {
    const specs: Partial<NetworkSpec>[] = [
      {},
      { Internal: true },
      { Labels: { a: 'b', c: '' } },
      { IPAM: { Config: [{ Subnet: '10.211.0.0/24' }] } },
      { IPAM: { Config: [{ Subnet: '10.212.0.0/24', Gateway: '10.212.0.9', IPRange: '10.212.0.128/25' }] } },
      { EnableIPv6: true, IPAM: { Config: [{ Subnet: '10.213.0.0/24' }, { Subnet: 'fd00:213::/64' }] } },
      { Attachable: true },
      ...(on.facts().product === 'Docker' ? [{ DriverOpts: { 'com.docker.network.driver.mtu': '1400' } }] : []),
    ];
    for (const spec of specs) {
      const wanted: NetworkSpec = { Name: `${on.prefix}net`, ...spec };
      const id = await on
        .api()
        .createNetwork(networkBody(wanted, networkLabels({ site: 'site', app: 'app', key: 'net' }, wanted)));
      try {
        const found = (await on.api().listNetworks()).find(({ Name }) => Name === wanted.Name);
        if (!found) throw new Error('it is not listed');
        expect([spec, networkDifferences(wanted, decodeNetwork(found).spec)]).toEqual([spec, []]);
      } finally {
        await on.api().removeNetwork(id);
      }
    }
  });

  test('a static address is kept, started and not', async () => {
    const network = `${on.prefix}static`;
    await on.api().createNetwork(networkBody({ Name: network, IPAM: { Config: [{ Subnet: '10.214.0.0/24' }] } }, {}));
    const spec: ContainerSpec = {
      Image: TEST_IMAGE,
      Cmd: ['sleep', '1000'],
      Networks: { [network]: { IPv4Address: '10.214.0.77', Aliases: ['fixed'] } },
    };
    const id = await bringAbout(on.engine(), `${on.prefix}static`, spec, (work) => work);
    try {
      expect(allDifferences(await on.engine().observe({ images: [] }), id, spec)).toEqual([]);
      await on.api().startContainer(id);
      expect(allDifferences(await on.engine().observe({ images: [] }), id, spec)).toEqual([]);
      const other = { ...spec, Networks: { [network]: { IPv4Address: '10.214.0.78', Aliases: ['fixed'] } } };
      expect(allDifferences(await on.engine().observe({ images: [] }), id, other)).toEqual([
        `on ${network}: address 10.214.0.77, wanted 10.214.0.78`,
      ]);
      await on.api().stopContainer(id, 0);
      expect(allDifferences(await on.engine().observe({ images: [] }), id, spec)).toEqual([]);
    } finally {
      await on.api().removeContainer(id, true);
      await on.api().removeNetwork(network);
    }
  });
}
