import type {
  ContainerInspect,
  ContainerListItem,
  CreateContainerBody,
  EndpointBody,
  HostConfigBody,
  MountBody,
  NetworkBody,
} from '../../container/engine-api.ts';
import { fullName, sameReference } from '../../container/image-reference.ts';
import { ADDED_VARIABLES, type Asked, MTU_OPTION, readAsked } from '../../container/labels/asked.ts';
import { own } from '../../lib/maps/own.ts';
import type { Quirk } from '../../model/quirk.ts';
import type { FieldName } from '../../model/spec.ts';
import type { Dialect } from './dialect.ts';

/** Fields that Podman drops, or does not report. */
const UNREPORTED: readonly FieldName[] = [
  'LogConfig',
  'Domainname',
  'Sysctls',
  'DeviceCgroupRules',
  'DeviceRequests',
  'Runtime',
  'CgroupnsMode',
  'CgroupParent',
  'Annotations',
  'OomKillDisable',
  'StorageOpt',
  'UsernsMode',
  'BlkioWeight',
];

const QUIRKS: readonly Quirk[] = [
  'lacksLaterKeys',
  'hidesNetworkEvents',
  'keepsRefusedConnections',
  'splitsHealthTests',
  'hidesPrivileges',
  'hidesDevicePermissions',
  'setsPath',
  'hidesUnreachablePorts',
  'reportsChosenPorts',
  'hidesMountOptions',
  'reportsOwnTmpfs',
  'readsUnversionedPaths',
  'reportsBorrowedMounts',
];

/** Podman, as it was measured: 4.3. */
export const podman: Dialect = {
  product: 'Podman',
  isSpokenBy: ({ Components }) => Boolean(Components?.some(({ Name }) => /podman/i.test(Name ?? ''))),
  capabilities: () => ({
    update: false,
    networksAtCreate: true,
    removesJoined: false,
    startInterval: false,
    unreported: UNREPORTED,
    quirks: QUIRKS,
  }),
  toCreate: async (body, imageCommand) => createBody(body, losesImageCommand(body) ? await imageCommand() : undefined),
  fromInspect,
  fromListItem,
  fromNetwork,
  // By its ID, Podman removes a network from under the containers that use it; by its name it refuses.
  networkReference: async (id, networks) => (await networks()).find(({ Id, Name }) => Id === id || Name === id)?.Name,
  // It would ask which registry a short name means.
  pullReference: fullName,
};

const STATES: Record<string, string> = {
  configured: 'created',
  initialized: 'created',
  stopped: 'exited',
  stopping: 'running',
};

const isEmpty = (list: unknown): boolean => Array.isArray(list) && list.length === 0;

/** If only the entrypoint is cleared, it drops the image's command; Docker keeps it. */
const losesImageCommand = ({ Entrypoint, Cmd }: CreateContainerBody): boolean => isEmpty(Entrypoint) && !Cmd?.length;

/** Without a mode, only root can use a tmpfs. */
const withMode = (mount: MountBody): MountBody =>
  mount.Type === 'tmpfs' ? { ...mount, TmpfsOptions: { Mode: 0o1777, ...mount.TmpfsOptions } } : mount;

/** Without a stop timeout it kills at once. An empty entrypoint clears the image's only if it holds an empty word. */
const createBody = (body: CreateContainerBody, imageCommand?: string[] | null): CreateContainerBody => ({
  StopTimeout: 10,
  ...body,
  HostConfig: { ...body.HostConfig, ...(body.HostConfig.Mounts && { Mounts: body.HostConfig.Mounts.map(withMode) }) },
  ...(isEmpty(body.Entrypoint) && { Entrypoint: [''] }),
  ...(losesImageCommand(body) && imageCommand && { Cmd: imageCommand }),
});

function fromInspect(inspect: ContainerInspect): ContainerInspect {
  const asked = readAsked(inspect.Config.Labels);
  const { Config, HostConfig, State } = inspect;
  const joins = HostConfig.NetworkMode?.startsWith('container:');
  const networks = joins ? {} : endpoints(inspect.NetworkSettings?.Networks, asked);
  return {
    ...inspect,
    Config: {
      ...Config,
      Image: imageName(Config.Image ?? '', asked?.valueOf('Image')),
      // It adds variables of its own, and the container's name as HOSTNAME.
      Env: (Config.Env ?? []).filter((item) => !isPodmans(item.split('=', 1)[0] ?? '', asked)),
      Entrypoint: Config.Entrypoint?.length && Config.Entrypoint[0] !== '' ? Config.Entrypoint : null,
      ...(!asked && !Config.StopTimeout && { StopTimeout: 10 }),
    },
    HostConfig: hostConfig(HostConfig, networks, asked),
    State: {
      ...State,
      Status: own(STATES, State.Status) ?? State.Status,
      ...(State.Health && !State.Health.Status && { Health: null }),
    },
    NetworkSettings: { Networks: networks },
  };
}

function fromListItem(item: ContainerListItem): ContainerListItem {
  return {
    ...item,
    State: own(STATES, item.State) ?? item.State,
    Image: imageName(item.Image, readAsked(item.Labels)?.valueOf('Image')),
  };
}

/** It reports the plug-in of the subnet among the IPAM options, and does not report all that was asked for. */
function fromNetwork(network: NetworkBody): NetworkBody {
  const { driver: _, ...options } = network.IPAM?.Options ?? {};
  const asked = readAsked(network.Labels);
  const pools = (network.IPAM?.Config ?? []).map((pool) => {
    const IPRange = asked?.valueOf(`IPRange.${pool.Subnet}`);
    return IPRange === undefined ? pool : { ...pool, IPRange };
  });
  const { mtu, ...others } = network.Options ?? {};
  return {
    ...network,
    ...(mtu !== undefined && asked?.has('Mtu') && { Options: { ...others, [MTU_OPTION]: mtu } }),
    ...(asked?.has('Attachable') && { Attachable: true }),
    ...(network.IPAM && { IPAM: { ...network.IPAM, Options: options, Config: pools } }),
  };
}

/** It writes the whole name: `docker.io/library/nginx:latest`. */
const imageName = (found: string, asked: string | undefined): string =>
  asked && sameReference(found, asked) ? asked : found;

const isPodmans = (variable: string, asked: Asked | undefined): boolean =>
  ADDED_VARIABLES.includes(variable) && !asked?.has(`Env.${variable}`);

/**
 * Its default network is called podman. Where Docker reports the address that was asked for, it reports the one in use. It gives no endpoint an
 * ID, and lists only endpoints that are connected.
 */
function endpoints(
  networks: Record<string, EndpointBody> | null | undefined,
  asked: Asked | undefined,
): Record<string, EndpointBody> {
  return Object.fromEntries(
    Object.entries(networks ?? {}).map(([name, endpoint]) => {
      const address = asked?.valueOf(`Address.${name}`);
      return [
        name === 'podman' ? 'bridge' : name,
        {
          ...endpoint,
          EndpointID: endpoint.EndpointID || name,
          ...(address && { IPAMConfig: { IPv4Address: endpoint.IPAddress || address } }),
          DriverOpts: null,
        },
      ];
    }),
  );
}

function hostConfig(
  found: HostConfigBody,
  networks: Record<string, EndpointBody>,
  asked: Asked | undefined,
): HostConfigBody {
  const { NanoCpus, CpuPeriod, CpuQuota, ...rest } = found;
  const byCpus = Number(NanoCpus) > 0 && Number(CpuQuota) * 1e9 === Number(NanoCpus) * Number(CpuPeriod);
  const onOwnNetworks = found.NetworkMode === 'bridge' && !('bridge' in networks);
  const filled = (name: string, value: unknown, usual: unknown): unknown =>
    asked?.has(name) ? (value ?? usual) : undefined;
  return {
    ...rest,
    NanoCpus,
    ...(!byCpus && { CpuPeriod, CpuQuota }),
    NetworkMode: onOwnNetworks ? (Object.keys(networks)[0] ?? 'its networks') : (found.NetworkMode ?? ''),
    Binds: (found.Binds ?? []).map(bind),
    LogConfig: {},
    Init: filled('Init', found.Init, false),
    PidsLimit: filled('PidsLimit', found.PidsLimit, 0),
    MemorySwappiness: filled('MemorySwappiness', found.MemorySwappiness, -1),
    // It reports unlimited swap as twice the memory.
    MemorySwap: asked?.valueOf('MemorySwap') === '-1' ? -1 : found.MemorySwap,
    // From a privileged container it takes the capabilities that the machine does not have.
    CapAdd: filled('CapAdd', found.CapAdd, []),
    CapDrop: filled('CapDrop', found.CapDrop, []),
    // It answers the same for all modes except those of another container.
    IpcMode: found.IpcMode === 'shareable' ? (asked?.valueOf('IpcMode') ?? '') : found.IpcMode,
    PidMode: found.PidMode === 'private' ? '' : found.PidMode,
    UTSMode: found.UTSMode === 'private' ? '' : found.UTSMode,
    Ulimits: (Array.isArray(found.Ulimits) ? found.Ulimits : []).map((limit) => ({
      ...limit,
      Name: String(limit.Name)
        .replace(/^RLIMIT_/, '')
        .toLowerCase(),
    })),
  };
}

const BIND_FLAGS = new Set(['rw', 'rprivate', 'nosuid', 'nodev', 'rbind', 'bind']);

/** `vol:/data:rw,rprivate,nosuid,nodev,rbind` for what was asked for as `vol:/data`. */
function bind(text: string): string {
  const [source, target, options = ''] = text.split(':');
  const kept = options.split(',').filter((word) => word !== '' && !BIND_FLAGS.has(word));
  return [source, target, ...(kept.length > 0 ? [kept.join(',')] : [])].join(':');
}
