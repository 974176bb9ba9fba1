import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mustAsk } from '../../../../scripts/machine/engine-http.ts';
import { inheritable } from '../../../../src/container/fields/mounts.ts';
import { lacksForContainer } from '../../../../src/container/requirements.ts';
import type { EngineApi } from '../../../../src/engine/api.ts';
import type { Engine } from '../../../../src/engine/engine.ts';
import { openEngine } from '../../../../src/engine/open-engine.ts';
import { atLeast } from '../../../../src/lib/api-version.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import type { ContainerSpec } from '../../../../src/model/spec.ts';
import type { EngineFacts } from '../../../../src/model/state.ts';
import { allDifferences, bringAbout } from '../../../support/engine/engine-property.ts';
import { ENGINES, openApi, TEST_IMAGE } from '../../../support/engine/engine-under-test.ts';
import { importImage } from '../../../support/engine/images.ts';
import { containerSpec } from '../../../support/values/arbitraries.ts';
import { echoOfNetworks } from './networks.ts';

/** An image that brings all that an image can. */
const RICH = 'holdfast-test/rich:1';
const RICH_CONFIG = [
  'CMD ["image-command"]',
  'ENTRYPOINT ["/image-entrypoint"]',
  'ENV FROM=image',
  'ENV LANG=C',
  'EXPOSE 7/tcp',
  'EXPOSE 8/udp',
  'LABEL from=image',
  'USER 1234',
  'VOLUME /data',
  'WORKDIR /srv',
];

/** All of it on one engine. Each has a file of its own, so that they run side by side. */
export function engineEcho(name: keyof typeof ENGINES): void {
  const host = ENGINES[name];
  const suite = host ? describe : describe.skip;
  suite(`on ${name},`, () => {
    const prefix = `echo-${Math.random().toString(36).slice(2, 8)}-`;
    const run = <T>(work: Promise<T>): Promise<T> => work;
    let api: EngineApi;
    let engine: Engine;
    let facts: EngineFacts;
    let count = 0;

    beforeAll(async () => {
      api = await openApi(host ?? '');
      engine = openEngine(api, { site: 'site', clock: systemClock });
      facts = await engine.facts();
      // Each takes one that the other does not.
      const probe = facts.product === 'Docker' ? ['HEALTHCHECK --interval=7s CMD probe'] : ['STOPSIGNAL SIGQUIT'];
      await importImage(host ?? '', RICH, { files: [{ path: '.made-for-a-test', content: '' }] }, [
        ...RICH_CONFIG,
        ...probe,
      ]);
    });
    afterAll(async () => {
      await mustAsk(host ?? '', 'DELETE', `/images/${RICH}`);
      for (const { Name } of await api.listVolumes()) if (Name.startsWith(prefix)) await api.removeVolume(Name);
      engine.close();
    });

    /** The differences of a container made of a spec, which goes with its unnamed volumes. */
    const differencesOf = async (spec: ContainerSpec, asked: ContainerSpec = spec): Promise<string[]> => {
      count += 1;
      const id = await bringAbout(engine, `${prefix}${count}`, spec, run);
      try {
        return allDifferences(await engine.observe({ images: [RICH] }), id, asked);
      } finally {
        await removeWithVolumes(id);
      }
    };
    const removeWithVolumes = async (id: string): Promise<void> => {
      const { Mounts } = await api.inspectContainer(id);
      await api.removeContainer(id, true);
      for (const { Name } of Mounts ?? []) if (Name && /^[0-9a-f]{64}$/.test(Name)) await api.removeVolume(Name);
    };

    test('an image that brings everything is told apart from what was asked for', async () => {
      const specs = containerSpec({ image: RICH, networks: [], volumes: prefix }).map((spec) => {
        if (facts.product === 'Podman') {
          // Refused there.
          spec.PortBindings = spec.PortBindings?.filter(({ Container }) => !Container.endsWith('/sctp')) ?? [];
          // Taken there for a variable of the engine's own process.
          if (spec.Env) spec.Env = Object.fromEntries(Object.entries(spec.Env).filter(([, value]) => value !== null));
        }
        return spec;
      });
      await fc.assert(
        fc.asyncProperty(specs, async (spec) => {
          expect(await differencesOf(spec)).toEqual([]);
        }),
        { numRuns: 25 },
      );
    });

    test.each<[string, Partial<ContainerSpec>]>([
      ['nothing asked for', {}],
      ['a variable of the image changed', { Env: { FROM: 'git' } }],
      ['an entrypoint, which clears the command', { Entrypoint: ['/mine'] }],
      ['an empty entrypoint', { Entrypoint: [], Cmd: ['x'] }],
      ["an empty entrypoint, which leaves the image's command", { Entrypoint: [] }],
      ['an empty command', { Cmd: [] }],
      [
        'the volume of the image mounted by name',
        { Mounts: [{ Type: 'volume', Source: `${prefix}named`, Target: '/data' }] },
      ],
      ['the volume of the image unnamed', { Mounts: [{ Type: 'volume', Target: '/data' }] }],
      [
        'the same port for TCP and UDP',
        {
          PortBindings: ['tcp', 'udp'].map((protocol) => ({ Container: `53/${protocol}`, HostIp: '', HostPort: '53' })),
        },
      ],
      [
        'two host ports for one, in either order',
        { PortBindings: ['81', '80'].map((HostPort) => ({ Container: '80/tcp', HostIp: '', HostPort })) },
      ],
      [
        'neighbouring ports',
        {
          PortBindings: [80, 81, 82, 83, 90].map((port) => ({
            Container: `${port}/tcp`,
            HostIp: '',
            HostPort: String(port),
          })),
        },
      ],
      ['IPv6', { PortBindings: [{ Container: '80/tcp', HostIp: '[::1]', HostPort: '80' }] }],
      ['tmpfs with options', { Tmpfs: { '/run': 'size=64m,mode=1777' } }],
      ['hosts in both spellings', { ExtraHosts: ['a=10.0.0.1', 'b:10.0.0.2', 'host.docker.internal:host-gateway'] }],
      ['a label with newlines and equal signs', { Labels: { a: 'b=c\nd', empty: '' } }],
      ['a hostname that begins an ID', { Hostname: 'a' }],
      ['no limit of processes', { PidsLimit: -1 }],
      ['a signal by number', { StopSignal: '2' }],
      ['a slash at the end', { WorkingDir: '/srv/', Mounts: [{ Type: 'bind', Source: '/tmp/', Target: '/t/' }] }],
      ['a bind that must exist', { Mounts: [{ Type: 'bind', Source: '/usr', Target: '/t', MustExist: true }] }],
      ['no time to stop', { StopTimeout: 0 }],
      ['half a processor', { NanoCpus: 0.5e9 }],
      ['half a gigabyte more than one', { Memory: 1.5 * 2 ** 30 }],
      [
        'a device to read',
        { Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/n', CgroupPermissions: 'r' }] },
      ],
      [
        'limits of devices',
        {
          BlkioDeviceReadBps: [{ Path: '/dev/zero', Rate: 2 ** 20 }],
          BlkioDeviceWriteIOps: [{ Path: '/dev/zero', Rate: 30 }],
        },
      ],
      [
        'a bind that leaves out what is mounted below',
        { Mounts: [{ Type: 'bind', Source: '/usr', Target: '/t', Recursive: 'disabled' }] },
      ],
      ['a bind with all of it', { Mounts: [{ Type: 'bind', Source: '/usr', Target: '/t', Recursive: 'enabled' }] }],
      [
        'a bind with a propagation',
        { Mounts: [{ Type: 'bind', Source: '/usr', Target: '/t', Propagation: 'rprivate' }] },
      ],
      ['a volume with labels', { Mounts: [{ Type: 'volume', Target: '/v', Labels: { a: 'b' } }] }],
      ['everything', { Privileged: true }],
      ['the host’s namespaces', { NetworkMode: 'host', PidMode: 'host', IpcMode: 'host', UTSMode: 'host' }],
    ])('%s: no difference', async (_case, spec) => {
      expect(await differencesOf({ Image: RICH, ...spec })).toEqual([]);
    });

    test('volumes of another container: no difference, and one when they are taken away', async () => {
      const named: ContainerSpec = {
        Image: TEST_IMAGE,
        Mounts: [
          { Type: 'volume', Source: `${prefix}lent`, Target: '/lent' },
          { Type: 'bind', Source: '/usr', Target: '/tmp2', ReadOnly: true },
        ],
      };
      const lender = await bringAbout(engine, `${prefix}lender`, named, run);
      try {
        const spec: ContainerSpec = { Image: RICH, VolumesFrom: [`container:${prefix}lender`] };
        expect(await differencesOf(spec)).toEqual([]);
        expect(await differencesOf({ ...spec, Mounts: [{ Type: 'volume', Target: '/own' }] })).toEqual([]);
        expect(await differencesOf(spec, { Image: RICH })).toContain(
          `volumes_from: container:${prefix}lender, wanted none`,
        );
        expect(await differencesOf({ Image: RICH }, spec)).toEqual([
          `volumes_from: none, wanted container:${prefix}lender`,
        ]);
        const byService = { Image: RICH, VolumesFrom: [`service:${prefix}lender`] };
        const id = await bringAbout(engine, `${prefix}borrower`, byService, run, 'site', {
          [`service:${prefix}lender`]: lender,
        });
        try {
          expect(allDifferences(await engine.observe({ images: [RICH] }), id, byService)).toEqual([]);
        } finally {
          await api.removeContainer(id, true);
        }
      } finally {
        await removeWithVolumes(lender);
      }
    });

    test('a key that the engine is too old for is named with the version it needs; a newer engine makes it', async () => {
      const network = await api.createNetwork({ Name: `${prefix}modern`, CheckDuplicate: true });
      const specs: [Partial<ContainerSpec>, string][] = [
        [{ Healthcheck: { Test: ['CMD', 'true'], StartPeriod: 9e9, StartInterval: 2e9 } }, '1.44'],
        [
          {
            Mounts: [{ Type: 'bind', Source: '/usr', Target: '/t', ReadOnly: true, Recursive: 'writable' }],
          },
          '1.44',
        ],
        [{ Mounts: [{ Type: 'volume', Source: `${prefix}part`, Target: '/v', Subpath: 'x' }] }, '1.45'],
        [{ Mounts: [{ Type: 'image', Source: TEST_IMAGE, Target: '/i', Subpath: 'bin' }] }, '1.48'],
        [{ Networks: { [`${prefix}modern`]: { GwPriority: 3 } } }, '1.48'],
        [
          { Networks: { [`${prefix}modern`]: { DriverOpts: { 'com.docker.network.endpoint.ifname': 'eth7' } } } },
          '1.49',
        ],
      ];
      try {
        for (const [part, needed] of specs) {
          const spec: ContainerSpec = { Image: RICH, ...part };
          const lacking = lacksForContainer(spec, facts);
          if (facts.product === 'Docker' && atLeast(facts.apiVersion, needed)) {
            expect(lacking).toBeUndefined();
            expect(await differencesOf(spec)).toEqual([]);
            expect(await differencesOf(spec, { Image: RICH, ...(part.Networks && { Networks: {} }) })).not.toEqual([]);
          } else {
            expect(lacking).toContain(`(API ${needed}); the engine is`);
            await expect(differencesOf(spec)).rejects.toThrow(lacking);
          }
        }
      } finally {
        await api.removeNetwork(network);
      }
    });

    test.each<[string, Partial<ContainerSpec>, Partial<ContainerSpec>, string]>([
      ['a variable taken away', { Env: { A: '1' } }, {}, 'environment: A is not wanted'],
      ['a label taken away', { Labels: { a: '1' } }, {}, 'labels: a is not wanted'],
      ['a hostname taken away', { Hostname: 'web' }, {}, 'hostname: web, wanted none'],
      [
        'a mount taken away',
        { Mounts: [{ Type: 'bind', Source: '/usr', Target: '/t' }] },
        {},
        'volumes: /t is /usr, not wanted',
      ],
      ['a limit of memory taken away', { Memory: 64 * 2 ** 20 }, {}, 'memory: 64m, wanted unlimited'],
      ['a shared memory size taken away', { ShmSize: 2 ** 20 }, {}, "shm_size: 1m, wanted the engine's"],
      [
        'a ulimit taken away',
        { Ulimits: [{ Name: 'nofile', Soft: 64, Hard: 64 }] },
        {},
        'ulimits: nofile is 64, not wanted',
      ],
      ['a policy taken away', { RestartPolicy: { Name: 'always' } }, {}, 'restart: always, wanted no'],
      [
        'a port taken away',
        { PortBindings: [{ Container: '80/tcp', HostIp: '', HostPort: '80' }] },
        {},
        'ports: 80->80/tcp, wanted none',
      ],
    ])('%s: that difference', async (_case, was, wanted, text) => {
      expect(await differencesOf({ Image: RICH, ...was }, { Image: RICH, ...wanted })).toEqual([text]);
    });

    test('volumes taken over from a predecessor are no difference, and hold the same data', async () => {
      const spec: ContainerSpec = { Image: RICH, Mounts: [{ Type: 'volume', Target: '/mine' }] };
      const old = await bringAbout(engine, `${prefix}old`, spec, run);
      const before = (await engine.observe({ images: [RICH] })).containers.find(({ id }) => id === old);
      const image = (await engine.observe({ images: [RICH] })).images[RICH]?.config;
      const inherit = inheritable(spec, image, before?.anonymousVolumes ?? {});
      expect(Object.keys(inherit).sort()).toEqual(['/data', '/mine']);
      await api.removeContainer(old, true);
      const next = await bringAbout(engine, `${prefix}next`, spec, run, 'site', {}, inherit);
      try {
        const site = await engine.observe({ images: [RICH] });
        expect(allDifferences(site, next, spec)).toEqual([]);
        expect(site.containers.find(({ id }) => id === next)?.anonymousVolumes).toEqual(inherit);
      } finally {
        await removeWithVolumes(next);
      }
    });

    describe('networks:', () => echoOfNetworks({ prefix, api: () => api, engine: () => engine, facts: () => facts }));
  });
}
