/**
 * Containers, networks and volumes in the Engine API's words (docs.docker.com/engine/api, 1.41 to 1.51).
 *
 * Desired and actual share these types: the compiler makes them from Git, the observer from the engine. In a desired spec an absent
 * key means "not asked for: the image's or the engine's default". In an observed one it means "the engine's default". The image's
 * values count when the two are compared (container/compare.ts), never when they are made.
 */
export interface ContainerSpec {
  /** The reference as written, e.g. `nginx:1.27`. */
  Image: string;
  /** `os/arch[/variant]`; only sent, never compared. */
  Platform?: string;

  Hostname?: string;
  Domainname?: string;
  User?: string;
  WorkingDir?: string;
  Tty?: boolean;
  OpenStdin?: boolean;
  /** `[]` clears the image's. */
  Entrypoint?: string[];
  Cmd?: string[];
  /** null removes the image's variable. */
  Env?: Record<string, string | null>;
  /** The user's own; Holdfast's and Compose's are in `Identity`. */
  Labels?: Record<string, string>;
  StopSignal?: string;
  /** Whole seconds. */
  StopTimeout?: number;
  Healthcheck?: HealthcheckSpec;
  /** `80/tcp`, besides those that PortBindings name. */
  ExposedPorts?: string[];

  PortBindings?: PortBinding[];
  /** At most one per Target. */
  Mounts?: MountSpec[];
  /** `container:NAME`, or `service:NAME` of the same app: all it mounts is mounted here, too. */
  VolumesFrom?: string[];
  /** Path to options, e.g. `/run` to `size=64m`. */
  Tmpfs?: Record<string, string>;
  /** Endpoints on networks, by the engine's name of the network. Excludes NetworkMode. */
  Networks?: Record<string, EndpointSpec>;
  /** `host`, `none`, `bridge`, `container:NAME`, or `service:NAME` of the same app. */
  NetworkMode?: string;
  /** `host`, `container:NAME` or `service:NAME`. */
  PidMode?: string;
  /** `host`, `private`, `shareable`, `none`, `container:NAME` or `service:NAME`. */
  IpcMode?: string;
  UTSMode?: string;
  UsernsMode?: string;
  CgroupnsMode?: string;
  CgroupParent?: string;
  RestartPolicy?: { Name: 'no' | 'always' | 'unless-stopped' | 'on-failure'; MaximumRetryCount?: number };
  Init?: boolean;
  Privileged?: boolean;
  ReadonlyRootfs?: boolean;
  /** Without `CAP_`. */
  CapAdd?: string[];
  CapDrop?: string[];
  SecurityOpt?: string[];
  Sysctls?: Record<string, string>;
  Ulimits?: { Name: string; Soft: number; Hard: number }[];
  GroupAdd?: string[];
  ShmSize?: number;
  Runtime?: string;
  Isolation?: string;
  StorageOpt?: Record<string, string>;
  Annotations?: Record<string, string>;
  LogConfig?: { Type?: string; Config: Record<string, string> };
  /** `host:address`. */
  ExtraHosts?: string[];
  Dns?: string[];
  DnsSearch?: string[];
  DnsOptions?: string[];
  Devices?: { PathOnHost: string; PathInContainer: string; CgroupPermissions: string }[];
  DeviceRequests?: DeviceRequest[];
  DeviceCgroupRules?: string[];

  /** Bytes. */
  Memory?: number;
  MemoryReservation?: number;
  /** Bytes of memory and swap together; -1 is no limit. */
  MemorySwap?: number;
  MemorySwappiness?: number;
  /** Billionths of a CPU. */
  NanoCpus?: number;
  CpuShares?: number;
  CpuPeriod?: number;
  CpuQuota?: number;
  CpuRealtimePeriod?: number;
  CpuRealtimeRuntime?: number;
  CpusetCpus?: string;
  CpusetMems?: string;
  PidsLimit?: number;
  BlkioWeight?: number;
  BlkioWeightDevice?: { Path: string; Weight: number }[];
  /** Bytes, or operations, a second. */
  BlkioDeviceReadBps?: DeviceRate[];
  BlkioDeviceReadIOps?: DeviceRate[];
  BlkioDeviceWriteBps?: DeviceRate[];
  BlkioDeviceWriteIOps?: DeviceRate[];
  OomKillDisable?: boolean;
  OomScoreAdj?: number;

  /** Files put into the container before every start: configs and secrets that have no file of their own. */
  Files?: ContainerFile[];
}

/** The keys that the field table has a row for. Image, Networks and Files have modules of their own; Platform is only sent. */
export type FieldName = Exclude<keyof ContainerSpec, 'Image' | 'Platform' | 'Networks' | 'Files'>;

export interface HealthcheckSpec {
  /** `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", …]`; absent: the image's test. */
  Test?: string[];
  /** Nanoseconds, all four. */
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

export interface DeviceRate {
  Path: string;
  Rate: number;
}

export interface PortBinding {
  /** `80/tcp`. */
  Container: string;
  /** "" is every address. */
  HostIp: string;
  /** "" is any free port; a range as `8000-8010` lets the engine choose in it. */
  HostPort: string;
}

export interface MountSpec {
  Type: 'bind' | 'volume' | 'tmpfs' | 'image';
  /** A host path, the engine's name of a volume, or the reference of an image. Absent for tmpfs and for an anonymous volume. */
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  /** bind: refuse to start when the source is missing (`create_host_path: false`). */
  MustExist?: boolean;
  Propagation?: string;
  SELinux?: 'z' | 'Z';
  /** bind: what becomes of mounts below it; enabled is the usual: they come along, and are read-only with it where the kernel can. */
  Recursive?: 'enabled' | 'disabled' | 'writable' | 'readonly';
  NoCopy?: boolean;
  /** volume and image. */
  Subpath?: string;
  /** volume: of one that is made with the container. */
  Labels?: Record<string, string>;
  /** tmpfs: bytes, and mode bits. */
  SizeBytes?: number;
  Mode?: number;
}

export interface EndpointSpec {
  /** Sorted, without duplicates. */
  Aliases?: string[];
  IPv4Address?: string;
  IPv6Address?: string;
  LinkLocalIPs?: string[];
  MacAddress?: string;
  DriverOpts?: Record<string, string>;
  /** `CONTAINER:ALIAS`: other names for other containers, in this one alone. Sorted, without duplicates. */
  Links?: string[];
  /** The network with the highest has the default route. */
  GwPriority?: number;
  /** Compose `priority`: the highest is connected first. */
  Priority?: number;
}

/** The option of an endpoint that names the interface inside; Compose's key for it is `interface_name`. */
export const INTERFACE_OPTION = 'com.docker.network.endpoint.ifname';

export interface DeviceRequest {
  Driver?: string;
  /** -1 is all. */
  Count?: number;
  DeviceIDs?: string[];
  Capabilities?: string[][];
  Options?: Record<string, string>;
}

export interface ContainerFile {
  /** Absolute path inside the container. */
  path: string;
  /** May be secret: never printed, logged or stored in a label. */
  content: Uint8Array;
  mode: number;
  uid: number;
  gid: number;
}

/** A command that is run inside a container that runs. */
export interface Hook {
  command: string[];
  /** Absent: the container's own, of all of these. */
  user?: string;
  privileged?: boolean;
  workingDir?: string;
  /** Laid over the container's; null takes one away. May be secret, as may the command. */
  env?: Record<string, string | null>;
}

/** Commands that run after each start and before each stop that Holdfast orders, in this order. */
export interface Hooks {
  postStart: Hook[];
  preStop: Hook[];
}

export interface NetworkSpec {
  /** The engine's name. */
  Name: string;
  Driver?: string;
  DriverOpts?: Record<string, string>;
  Internal?: boolean;
  Attachable?: boolean;
  /** Absent: yes. */
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  IPAM?: { Driver?: string; Options?: Record<string, string>; Config?: IpamPool[] };
  Labels?: Record<string, string>;
}

export interface IpamPool {
  Subnet?: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

export interface VolumeSpec {
  /** The engine's name. */
  Name: string;
  Driver?: string;
  DriverOpts?: Record<string, string>;
  Labels?: Record<string, string>;
}

/** The slot of a container: its number in a service of an app. It is written as labels, and ownership is read from nothing else. */
export interface Identity {
  site: string;
  app: string;
  service: string;
  /** From 1. */
  number: number;
}
