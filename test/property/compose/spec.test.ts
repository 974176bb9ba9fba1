import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { differences } from '../../../src/container/compare.ts';
import { FIELDS } from '../../../src/container/fields/table.ts';
import { sameJson } from '../../../src/container/json.ts';
import { specHash } from '../../../src/container/labels/hash.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';
import { docker20, docker28 } from '../../sim/world/engine/profiles.ts';
import { seededRandom } from '../../sim/world/random.ts';
import { SimulatedEngine } from '../../sim/world/simulated-engine.ts';
import { VirtualClock } from '../../sim/world/virtual-clock.ts';
import { allDifferences, bringAbout } from '../../support/engine/engine-property.ts';
import { containerSpec } from '../../support/values/arbitraries.ts';

const IMAGE = 'holdfast-test/busybox:1';
const networks = ['back', 'front'];
const specs = containerSpec({ image: IMAGE, networks, volumes: 'data-' });

/** Rows that an engine, or the compared form, ties together: a change in one may show in the other. */
const TIED: Record<string, string[]> = {
  Entrypoint: ['Cmd'],
  ExposedPorts: ['PortBindings'],
  PortBindings: ['ExposedPorts'],
  Memory: ['MemorySwap'],
  Mounts: ['Tmpfs'],
  Tmpfs: ['Mounts'],
  NetworkMode: ['Hostname'],
};

for (const [name, profile] of Object.entries({ docker20, docker28 })) {
  describe(`on a simulated ${name}`, () => {
    const observe = async (spec: ContainerSpec) => {
      const clock = new VirtualClock(seededRandom(1));
      const simulated = new SimulatedEngine(clock, seededRandom(1), profile, 'site');
      const { images } = simulated.machine;
      images.put(IMAGE, images.make({ Cmd: ['sh'], Env: ['PATH=/bin', 'FROM=image'], Labels: { from: 'image' } }));
      const api = simulated.api('hand');
      const engine = openEngine(api, { site: 'site', clock });
      const run = <T>(work: Promise<T>): Promise<T> => clock.finish(work);
      for (const network of networks) await run(api.createNetwork({ Name: network }));
      const id = await bringAbout(engine, 'web', spec, run);
      return { id, site: await run(engine.observe({ images: [IMAGE] })) };
    };

    test('a container is observed as it was asked for', async () => {
      await fc.assert(
        fc.asyncProperty(specs, async (spec) => {
          const { id, site } = await observe(spec);
          expect(allDifferences(site, id, spec)).toEqual([]);
        }),
        { numRuns: 100 },
      );
    });

    test('one thing asked for otherwise is exactly that difference', async () => {
      await fc.assert(
        fc.asyncProperty(specs, specs, async (spec, other) => {
          const { id, site } = await observe(spec);
          const found = site.containers.find((container) => container.id === id);
          if (!found) throw new Error('it is not observed');
          const image = site.images[found.imageId]?.config;
          const { can } = site.engine;
          for (const field of FIELDS) {
            const { [field.name]: _, ...without } = spec;
            const value = other[field.name];
            const changed = (value === undefined ? without : { ...spec, [field.name]: value }) as ContainerSpec;
            const meant = (desired: ContainerSpec) => field.wanted({ desired, observed: found.spec, image, can });
            const fields = differences(changed, found.spec, image, can).map((difference) => difference.field);
            const stray = fields.filter((each) => each !== field.name && !TIED[field.name]?.includes(each));
            expect(stray).toEqual([]);
            const isOther = !sameJson(meant(changed), meant(spec)) && !can.unreported.includes(field.name);
            // A namespace that an engine chooses by itself is no difference when nobody asks for one.
            const isChosen =
              meant(changed) === undefined &&
              field.engineDefault(field.found({ desired: changed, observed: found.spec, image, can }) ?? null);
            if (isOther && !isChosen)
              expect([field.name, fields]).toEqual([field.name, expect.arrayContaining([field.name])]);
            if (!isOther) expect(fields).not.toContain(field.name);
          }
        }),
        { numRuns: 100 },
      );
    }, 60_000);
  });
}

test('a spec has the same hash whatever the order of its keys and of what has no order', () => {
  const turned = (value: unknown): unknown =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, item]) => [key, turned(item)]),
        )
      : value;
  fc.assert(
    fc.property(specs, (spec) => {
      const { CapAdd, Mounts, ...rest } = spec;
      const other = {
        ...(CapAdd && { CapAdd: [...CapAdd].reverse() }),
        ...(Mounts && { Mounts: [...Mounts].reverse() }),
        ...rest,
      };
      expect(specHash(turned(other) as ContainerSpec)).toBe(specHash(spec));
    }),
  );
});

test('the text of a difference holds no value of a variable, label, command or log option', () => {
  const secret = 'hunter2hunter2';
  const bare: ContainerSpec = { Image: IMAGE };
  const full: ContainerSpec = {
    Image: IMAGE,
    Env: { PASSWORD: secret },
    Labels: { auth: secret },
    Cmd: ['run', `--password=${secret}`],
    Entrypoint: [secret],
    LogConfig: { Type: 'splunk', Config: { 'splunk-token': secret } },
    Healthcheck: { Test: ['CMD-SHELL', `curl -u me:${secret} localhost`] },
    Annotations: { a: secret },
  };
  const can = docker28.facts.can;
  for (const [desired, observed] of [
    [bare, full],
    [full, bare],
    [full, { ...full, Env: { PASSWORD: `${secret}!` } }],
  ] as const) {
    const texts = differences(desired, observed, {}, can).map(({ text }) => text);
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.join('\n')).not.toContain(secret);
  }
});
