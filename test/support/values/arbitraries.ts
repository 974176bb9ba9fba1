import fc from 'fast-check';
import type { ContainerSpec, EndpointSpec, HealthcheckSpec, MountSpec, PortBinding } from '../../../src/model/spec.ts';

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
const value = fc.oneof(
  word,
  fc.constantFrom('', 'a=b', 'with space', 'two\nlines', '"quoted"', '$HOME', 'ü', '=', '0'),
);
const path = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => `/${words.join('/')}`);
const someOf = <T>(...items: T[]): fc.Arbitrary<T[]> => fc.subarray(items, { minLength: 1 });
const megabytes = (least: number, most: number): fc.Arbitrary<number> =>
  fc.integer({ min: least, max: most }).map((count) => count * 2 ** 20);
const map = (keys: fc.Arbitrary<string>, values: fc.Arbitrary<string>): fc.Arbitrary<Record<string, string>> =>
  fc.dictionary(keys, values, { minKeys: 1, maxKeys: 4, noNullPrototype: true });

const healthcheck: fc.Arbitrary<HealthcheckSpec> = fc.oneof(
  fc.constant<HealthcheckSpec>({ Test: ['NONE'] }),
  fc.record(
    {
      Test: fc.constantFrom<string[][]>(['CMD-SHELL', 'exit 0'], ['CMD', 'true'], ['CMD', 'test', '-f', '/x y']),
      Interval: fc.integer({ min: 1, max: 90 }).map((seconds) => seconds * 1e9),
      Timeout: fc.integer({ min: 1, max: 90 }).map((seconds) => seconds * 1e9),
      StartPeriod: fc.integer({ min: 0, max: 90 }).map((seconds) => seconds * 1e9),
      Retries: fc.integer({ min: 1, max: 9 }),
    },
    { requiredKeys: ['Test'] },
  ),
);

const port: fc.Arbitrary<PortBinding> = fc.record({
  Container: fc
    .tuple(fc.integer({ min: 1, max: 9000 }), fc.constantFrom('tcp', 'udp', 'sctp'))
    .map(([number, protocol]) => `${number}/${protocol}`),
  HostIp: fc.constantFrom('', '0.0.0.0', '127.0.0.1', '::1'),
  HostPort: fc.oneof(fc.constant(''), fc.integer({ min: 1024, max: 60000 }).map(String)),
});

const rates = fc.subarray(
  [
    { Path: '/dev/zero', Rate: 2 ** 20 },
    { Path: '/dev/null', Rate: 30 },
  ],
  { minLength: 1 },
);

const mount = (volumePrefix: string): fc.Arbitrary<MountSpec> =>
  fc.oneof(
    fc.record(
      {
        Type: fc.constant('bind' as const),
        // None above an engine's own data, wherever that is: of such a bind it wants another propagation.
        Source: fc.constantFrom('/etc', '/opt/', '/usr/share'),
        Target: path,
        ReadOnly: fc.boolean(),
        MustExist: fc.boolean(),
        Propagation: fc.constantFrom('rslave', 'rprivate'),
        Recursive: fc.constantFrom('enabled', 'disabled'),
      },
      { requiredKeys: ['Type', 'Source', 'Target'] },
    ),
    fc.record(
      {
        Type: fc.constant('bind' as const),
        Source: fc.constant('/etc'),
        Target: path,
        SELinux: fc.constantFrom('z' as const, 'Z' as const),
      },
      { requiredKeys: ['Type', 'Source', 'Target'] },
    ),
    fc.record(
      {
        Type: fc.constant('volume' as const),
        Source: word.map((name) => volumePrefix + name),
        Target: path,
        ReadOnly: fc.boolean(),
        NoCopy: fc.boolean(),
        Labels: map(word, word),
      },
      { requiredKeys: ['Type', 'Target'] },
    ),
    fc.record(
      {
        Type: fc.constant('tmpfs' as const),
        Target: path,
        SizeBytes: megabytes(1, 9),
        Mode: fc.constantFrom(0o1777, 0o700),
      },
      { requiredKeys: ['Type', 'Target'] },
    ),
  );

const uniqueTargets = (mounts: MountSpec[], tmpfs: Record<string, string>): MountSpec[] => {
  const seen = Object.keys(tmpfs);
  return mounts
    .filter(({ Target }) => {
      const nested = seen.some(
        (other) => other === Target || other.startsWith(`${Target}/`) || Target.startsWith(`${other}/`),
      );
      seen.push(Target);
      return !nested;
    })
    .map(({ ReadOnly, ...mount }) =>
      // Engines refuse a volume without a name that nobody may write to.
      ReadOnly === undefined || (mount.Type === 'volume' && !mount.Source) ? mount : { ...mount, ReadOnly },
    );
};

export interface SpecSurroundings {
  image: string;
  /** Networks that exist. */
  networks: string[];
  /** The start of every volume name. */
  volumes: string;
}

/** Specs that every engine can create a container of. It need not be able to start it. */
export function containerSpec({ image, networks, volumes }: SpecSurroundings): fc.Arbitrary<ContainerSpec> {
  const endpoint: fc.Arbitrary<EndpointSpec> = fc.record(
    { Aliases: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }), Priority: fc.integer({ min: 0, max: 9 }) },
    { requiredKeys: [] },
  );
  const connected = fc.oneof(
    fc.record({ NetworkMode: fc.constantFrom('host', 'none', 'bridge') }),
    fc.record({
      Networks: fc
        .subarray(networks, { minLength: Math.min(1, networks.length) })
        .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, endpoint])))),
    }),
  );
  const process = fc.record(
    {
      Hostname: word,
      Domainname: word,
      User: fc.constantFrom('0', '1000:1000', 'root', '65534'),
      WorkingDir: fc.oneof(path, fc.constantFrom('/', '/srv/')),
      Tty: fc.boolean(),
      OpenStdin: fc.boolean(),
      Entrypoint: fc.constantFrom<string[][]>(['sh', '-c'], ['/bin/sh'], []),
      Cmd: fc.constantFrom<string[][]>(['sleep', '1000'], ['sh', '-c', 'sleep 1000; exit "$CODE"'], ['a', '', 'b c']),
      Env: fc.dictionary(fc.stringMatching(/^[A-Z]{3,6}$/), fc.oneof(value, fc.constant(null)), {
        minKeys: 1,
        maxKeys: 4,
        noNullPrototype: true,
      }),
      Labels: map(word, value),
      StopSignal: fc.constantFrom('SIGTERM', 'SIGUSR1', 'INT', '9', 'SIGRTMIN+3'),
      StopTimeout: fc.constantFrom(0, 1, 10, 90),
      Healthcheck: healthcheck,
      RestartPolicy: fc.constantFrom(
        { Name: 'no' as const },
        { Name: 'always' as const },
        { Name: 'unless-stopped' as const },
        { Name: 'on-failure' as const },
        { Name: 'on-failure' as const, MaximumRetryCount: 3 },
      ),
      LogConfig: fc.constantFrom(
        { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
        { Type: 'none', Config: {} },
        { Config: { 'max-size': '1m' } },
        { Type: 'json-file', Config: {} },
      ),
      ExposedPorts: fc.uniqueArray(
        fc.integer({ min: 1, max: 9 }).map((number) => `${number}/tcp`),
        { minLength: 1, maxLength: 3 },
      ),
      PortBindings: fc.uniqueArray(port, {
        minLength: 1,
        maxLength: 4,
        selector: (each) => `${each.Container}|${each.HostIp}`,
      }),
      Mounts: fc.array(mount(volumes), { minLength: 1, maxLength: 4 }),
      Tmpfs: fc.dictionary(path, fc.constantFrom('', 'size=64m', 'size=64m,mode=1777', 'noexec'), {
        minKeys: 1,
        maxKeys: 2,
        noNullPrototype: true,
      }),
    },
    { requiredKeys: [] },
  );
  const isolation = fc.record(
    {
      PidMode: fc.constant('host'),
      IpcMode: fc.constantFrom('host', 'private', 'shareable'),
      Privileged: fc.boolean(),
      ReadonlyRootfs: fc.boolean(),
      CapAdd: someOf('NET_ADMIN', 'SYS_TIME', 'SYS_PTRACE'),
      CapDrop: someOf('MKNOD', 'CHOWN', 'NET_RAW'),
      SecurityOpt: someOf('no-new-privileges:true', 'seccomp=unconfined'),
      Sysctls: fc.constantFrom(
        { 'net.core.somaxconn': '512' },
        { 'net.ipv4.ip_forward': '1', 'net.core.somaxconn': '1' },
      ),
      Ulimits: fc.constantFrom(
        [{ Name: 'nofile', Soft: 100, Hard: 200 }],
        [
          { Name: 'nproc', Soft: 50, Hard: 50 },
          { Name: 'core', Soft: 0, Hard: 0 },
        ],
      ),
      GroupAdd: someOf('12', 'audio', '1000'),
      ShmSize: megabytes(1, 128),
      Runtime: fc.constant('runc'),
      CgroupnsMode: fc.constant('host'),
      ExtraHosts: someOf('db:10.0.0.1', 'web:10.0.0.2', 'six:::1'),
      Dns: fc.shuffledSubarray(['1.1.1.1', '8.8.8.8', '9.9.9.9'], { minLength: 1 }),
      DnsSearch: fc.shuffledSubarray(['example.org', 'lan'], { minLength: 1 }),
      DnsOptions: someOf('ndots:2', 'timeout:1'),
      Devices: fc.subarray(
        [
          { PathOnHost: '/dev/null', PathInContainer: '/dev/null', CgroupPermissions: 'rwm' },
          { PathOnHost: '/dev/zero', PathInContainer: '/dev/z', CgroupPermissions: 'r' },
          { PathOnHost: '/dev/full', PathInContainer: '/dev/f', CgroupPermissions: 'mr' },
        ],
        { minLength: 1 },
      ),
      DeviceCgroupRules: someOf('c 1:3 mr', 'a 7:* rmw'),
    },
    { requiredKeys: [] },
  );
  const resources = fc.record(
    {
      Memory: megabytes(16, 512),
      MemoryReservation: megabytes(7, 15),
      MemorySwappiness: fc.constantFrom(0, 10, 100),
      NanoCpus: fc.constantFrom(0.25e9, 0.5e9, 1e9),
      CpuShares: fc.integer({ min: 2, max: 2048 }),
      CpusetCpus: fc.constantFrom('0', '0-1', '0,1'),
      PidsLimit: fc.constantFrom(-1, 0, 64, 100),
      BlkioDeviceReadBps: rates,
      BlkioDeviceReadIOps: rates,
      BlkioDeviceWriteBps: rates,
      BlkioDeviceWriteIOps: rates,
      OomScoreAdj: fc.constantFrom(0, 100, 500),
      OomKillDisable: fc.constant(false),
    },
    { requiredKeys: [] },
  );
  const swap = fc.option(fc.constantFrom(-1, 1, 2, 4), { nil: undefined });
  return fc.tuple(connected, process, isolation, resources, swap).map(([where, what, how, limits, times]) => {
    const spec: ContainerSpec = { Image: image, ...where, ...what, ...how, ...limits } as unknown as ContainerSpec;
    if (spec.Mounts) {
      spec.Mounts = uniqueTargets(spec.Mounts, spec.Tmpfs ?? {});
      if (spec.Mounts.length === 0) delete spec.Mounts;
    }
    // Leaves out combinations that an engine refuses.
    if (spec.NetworkMode === 'host') {
      delete spec.PortBindings;
      delete spec.ExposedPorts;
      delete spec.Sysctls;
    }
    if (spec.NetworkMode === 'none') {
      delete spec.PortBindings;
      delete spec.Dns;
      delete spec.DnsSearch;
      delete spec.DnsOptions;
    }
    if (spec.IpcMode === 'host') delete spec.ShmSize;
    if (spec.Memory && times) spec.MemorySwap = times === -1 ? -1 : times * spec.Memory;
    if (!spec.Memory) delete spec.MemorySwap;
    return spec;
  });
}
