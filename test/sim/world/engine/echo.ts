import type {
  ContainerInspect,
  ContainerListItem,
  EndpointBody,
  NetworkBody,
} from '../../../../src/container/engine-api.ts';
import type { Machine } from './machine.ts';
import { isRefused, type SimContainer, type SimNetwork } from './records.ts';

const NEVER = '0001-01-01T00:00:00Z';

/** The answer of `inspect`: the request's echo, with the engine's own additions. */
export function inspectContainer(machine: Machine, container: SimContainer): ContainerInspect {
  // By reference: the body is frozen.
  const { HostConfig: host, NetworkingConfig: _, ...config } = container.body;
  const mode = host.NetworkMode ?? 'default';
  if (!config.Hostname && !mode.startsWith('container:')) {
    config.Hostname = mode === 'host' ? 'simulated-host' : container.id.slice(0, 12);
  }
  if (machine.profile.qualifiesImages) config.Image = qualified(config.Image ?? '');
  return {
    Id: container.id,
    Name: `/${container.name}`,
    Created: iso(container.createdAt),
    Image: container.imageId,
    RestartCount: container.restartCount,
    Config: {
      Domainname: '',
      Tty: false,
      OpenStdin: false,
      ...config,
      ExposedPorts: withBound(config.ExposedPorts, host.PortBindings),
    },
    HostConfig: { ...DEFAULTS, ...host, LogConfig: { ...DEFAULTS.LogConfig, ...host.LogConfig } },
    State: {
      Status: container.status,
      ExitCode: container.exitCode,
      Error: container.error,
      OOMKilled: container.oomKilled,
      StartedAt: iso(container.startedAt),
      FinishedAt: iso(container.finishedAt),
      ...(container.health && { Health: { Status: container.health } }),
    },
    Mounts: mounts(container),
    NetworkSettings: { Networks: networks(machine, container) },
  };
}

export function listItem(machine: Machine, container: SimContainer): ContainerListItem {
  const reference = container.body.Image ?? '';
  // A tag that has moved on is shown as the ID.
  const image = machine.images.find(reference)?.id === container.imageId ? reference : container.imageId;
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: machine.profile.qualifiesImages && !image.startsWith('sha256:') ? qualified(image) : image,
    ImageID: container.imageId,
    Labels: container.body.Labels ?? {},
    State: container.status,
    Status: statusText(machine, container),
    NetworkSettings: { Networks: listedNetworks(machine, container) },
  };
}

/** The list is of an earlier moment than an inspect: it does not know of a connect that was refused. */
function listedNetworks(machine: Machine, container: SimContainer): Record<string, EndpointBody> {
  const refused = new Set([...container.endpoints].flatMap(([name, each]) => (isRefused(container, each) ? name : [])));
  return Object.fromEntries(Object.entries(networks(machine, container)).filter(([name]) => !refused.has(name)));
}

export function networkItem(network: SimNetwork): NetworkBody {
  return {
    Internal: false,
    Attachable: false,
    EnableIPv6: false,
    Options: {},
    Labels: {},
    ...structuredClone(network.body),
    IPAM: { Driver: 'default', Options: null, Config: [], ...structuredClone(network.body.IPAM) },
    Id: network.id,
  };
}

/** The values that Docker fills in. */
const DEFAULTS = {
  Binds: null,
  PortBindings: {},
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  LogConfig: { Type: 'json-file', Config: {} },
  ShmSize: 67_108_864,
  IpcMode: 'private',
  PidMode: '',
  UTSMode: '',
  UsernsMode: '',
  CgroupnsMode: 'host',
  Runtime: 'runc',
  Privileged: false,
  ReadonlyRootfs: false,
  CapAdd: null,
  CapDrop: null,
  SecurityOpt: null,
  GroupAdd: null,
  ExtraHosts: null,
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  Devices: [],
  DeviceRequests: null,
  DeviceCgroupRules: null,
  Ulimits: null,
  Memory: 0,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  NanoCpus: 0,
  CpuShares: 0,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpusetCpus: '',
  CpusetMems: '',
  PidsLimit: null,
  BlkioWeight: 0,
  OomKillDisable: false,
  OomScoreAdj: 0,
  CgroupParent: '',
};

function networks(machine: Machine, container: SimContainer): Record<string, EndpointBody> {
  const entries = [...container.endpoints].map(([name, endpoint]): [string, EndpointBody] => {
    const aliases = [...(endpoint.asked.Aliases ?? [])];
    const system = name === 'bridge' || name === 'host' || name === 'none';
    if (machine.profile.shortIdInAliases && !system) aliases.push(container.id.slice(0, 12));
    return [
      name,
      {
        ...endpoint.asked,
        IPAMConfig: endpoint.asked.IPAMConfig ?? null,
        Aliases: aliases.length > 0 ? aliases : null,
        NetworkID: machine.profile.networkIdIsName ? name : endpoint.networkId,
        EndpointID: endpoint.ip !== '' && !machine.profile.networkIdIsName ? container.id.slice(12, 24) : '',
        IPAddress: endpoint.ip,
        GlobalIPv6Address: endpoint.ip6,
      },
    ];
  });
  return Object.fromEntries(entries);
}

function mounts(container: SimContainer): NonNullable<ContainerInspect['Mounts']> {
  const found: NonNullable<ContainerInspect['Mounts']> = [];
  for (const bind of container.body.HostConfig.Binds ?? []) {
    const [source = '', target = '', options = ''] = bind.split(':');
    const RW = !options.split(',').includes('ro');
    if (source.startsWith('/')) found.push({ Type: 'bind', Source: source, Destination: target, RW });
    else found.push(volumeMount(source, target, RW));
  }
  for (const mount of container.body.HostConfig.Mounts ?? []) {
    const RW = mount.ReadOnly !== true;
    if (mount.Type === 'volume' && mount.Source) found.push(volumeMount(mount.Source, mount.Target, RW));
    if (mount.Type === 'bind') found.push({ Type: 'bind', Source: mount.Source ?? '', Destination: mount.Target, RW });
  }
  for (const [target, name] of Object.entries(container.anonymous)) found.push(volumeMount(name, target, true));
  return found;
}

const volumeMount = (name: string, target: string, RW: boolean) => ({
  Type: 'volume',
  Name: name,
  Source: `/var/lib/docker/volumes/${name}/_data`,
  Destination: target,
  RW,
});

function withBound(
  exposed: Record<string, object> | null | undefined,
  bound: Record<string, unknown> | null | undefined,
): Record<string, object> {
  return { ...exposed, ...Object.fromEntries(Object.keys(bound ?? {}).map((port) => [port, {}])) };
}

function statusText(machine: Machine, container: SimContainer): string {
  const seconds = Math.floor((machine.now() - (container.startedAt ?? machine.now())) / 1000);
  const since =
    seconds < 60
      ? `${seconds} seconds`
      : seconds < 3600
        ? `${Math.floor(seconds / 60)} minutes`
        : `${Math.floor(seconds / 3600)} hours`;
  const health =
    container.health === undefined
      ? ''
      : ` (${container.health === 'starting' ? 'health: starting' : container.health})`;
  switch (container.status) {
    case 'running':
      return `Up ${since}${health}`;
    case 'paused':
      return `Up ${since} (Paused)`;
    case 'restarting':
      return `Restarting (${container.exitCode}) ${since} ago`;
    case 'exited':
      return `Exited (${container.exitCode}) ${since} ago`;
    case 'created':
      return 'Created';
    default:
      return container.status;
  }
}

function qualified(reference: string): string {
  const [first = ''] = reference.split('/');
  const hasHost = reference.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost');
  const name = hasHost
    ? reference
    : reference.includes('/')
      ? `docker.io/${reference}`
      : `docker.io/library/${reference}`;
  return name.includes('@') || /:[^/]+$/.test(name) ? name : `${name}:latest`;
}

const iso = (ms: number | undefined): string => (ms === undefined ? NEVER : new Date(ms).toISOString());
