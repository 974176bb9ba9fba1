import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EngineApi } from '../../../src/engine/api.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { allDifferences, bringAbout } from '../../support/engine/engine-property.ts';
import { ENGINES, openApi, TEST_IMAGE } from '../../support/engine/engine-under-test.ts';
import { containerSpec } from '../../support/values/arbitraries.ts';

const RUNS = Number(process.env.HOLDFAST_PROPERTY_RUNS ?? 60);

for (const [name, host] of Object.entries(ENGINES)) {
  const suite = host ? describe : describe.skip;
  suite(`a container on ${name} is observed as it was asked for,`, () => {
    const prefix = `property-${Math.random().toString(36).slice(2, 8)}-`;
    const networks = [`${prefix}back`, `${prefix}front`];
    let api: EngineApi;
    let engine: Engine;

    beforeAll(async () => {
      api = await openApi(host ?? '');
      engine = openEngine(api, { site: 'site', clock: systemClock });
      for (const network of networks) await api.createNetwork({ Name: network, CheckDuplicate: true });
    });
    afterAll(async () => {
      for (const { Name } of await api.listVolumes()) if (Name.startsWith(prefix)) await api.removeVolume(Name);
      for (const network of networks) await api.removeNetwork(network);
      engine.close();
    });

    test('for any spec: no difference', async () => {
      const { product } = await engine.facts();
      const specs = containerSpec({ image: TEST_IMAGE, networks, volumes: prefix }).map((spec) => {
        // Podman refuses this protocol.
        if (product === 'Podman' && spec.PortBindings) {
          spec.PortBindings = spec.PortBindings.filter(({ Container }) => !Container.endsWith('/sctp'));
        }
        return spec;
      });
      let count = 0;
      await fc.assert(
        fc.asyncProperty(specs, async (spec) => {
          count += 1;
          const id = await bringAbout(engine, `${prefix}${count}`, spec, (work) => work);
          try {
            expect(allDifferences(await engine.observe({ images: [TEST_IMAGE] }), id, spec)).toEqual([]);
          } finally {
            const mounts = (await api.inspectContainer(id)).Mounts ?? [];
            await api.removeContainer(id, true);
            for (const { Name } of mounts) if (Name && /^[0-9a-f]{64}$/.test(Name)) await api.removeVolume(Name);
          }
        }),
        { numRuns: RUNS },
      );
    });
  });
}
