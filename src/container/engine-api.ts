import type { HealthcheckSpec, IpamPool } from '../model/spec.ts';

/**
 * The parts of the Engine API's JSON that Holdfast sends and reads, in the API's own spelling. Engines leave keys out or answer null; every
 * reader must allow for that. Source: the Engine API reference, 1.41 to 1.51, and answers recorded from Docker and Podman.
 */
export interface ContainerBody {
  Hostname?: string;
  Domainname?: string;
  User?: string;
  Tty?: boolean;
  OpenStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  Env?: string[] | null;
  Cmd?: string[] | null;
  Entrypoint?: string[] | string | null;
  Image?: string;
  WorkingDir?: string;
  Labels?: Record<string, string> | null;
  StopSignal?: string;
  StopTimeout?: number | null;
  Healthcheck?: HealthcheckSpec | null;
  ExposedPorts?: Record<string, object> | null;
  Volumes?: Record<string, object> | null;
}

export interface HostConfigBody {
  Binds?: string[] | null;
  Mounts?: MountBody[] | null;
  PortBindings?: Record<string, { HostIp?: string; HostPort?: string }[] | null> | null;
  NetworkMode?: string;
  RestartPolicy?: { Name?: string; MaximumRetryCount?: number };
  LogConfig?: { Type?: string; Config?: Record<string, string> | null };
  // Each other row of the field table reads and writes its own key.
  [key: string]: unknown;
}

export interface MountBody {
  Type: string;
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  BindOptions?: {
    Propagation?: string;
    CreateMountpoint?: boolean;
    NonRecursive?: boolean;
    ReadOnlyNonRecursive?: boolean;
    ReadOnlyForceRecursive?: boolean;
  };
  VolumeOptions?: { NoCopy?: boolean; Subpath?: string; Labels?: Record<string, string> };
  ImageOptions?: { Subpath?: string };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number };
}

export interface EndpointBody {
  Aliases?: string[] | null;
  IPAMConfig?: { IPv4Address?: string; IPv6Address?: string; LinkLocalIPs?: string[] } | null;
  MacAddress?: string;
  DriverOpts?: Record<string, string> | null;
  Links?: string[] | null;
  GwPriority?: number;
  NetworkID?: string;
  EndpointID?: string;
  IPAddress?: string;
  GlobalIPv6Address?: string;
}

export interface CreateContainerBody extends ContainerBody {
  /** The address on the one network that a create can name before API 1.44. */
  MacAddress?: string;
  HostConfig: HostConfigBody;
  NetworkingConfig?: { EndpointsConfig: Record<string, EndpointBody> };
}

export interface ExecBody {
  Cmd: string[];
  User?: string;
  Privileged?: boolean;
  WorkingDir?: string;
  Env?: string[];
}

export interface ContainerListItem {
  Id: string;
  Names?: string[] | null;
  Image: string;
  ImageID: string;
  Labels?: Record<string, string> | null;
  State: string;
  /** `Up 3 minutes (healthy)`. */
  Status: string;
  NetworkSettings?: { Networks?: Record<string, EndpointBody> | null };
}

export interface ContainerInspect {
  Id: string;
  /** With a leading slash. */
  Name: string;
  Created: string;
  Image: string;
  RestartCount: number;
  Config: ContainerBody;
  HostConfig: HostConfigBody;
  State: {
    Status: string;
    ExitCode: number;
    Error?: string;
    OOMKilled?: boolean;
    StartedAt: string;
    FinishedAt: string;
    Health?: { Status?: string; Log?: { Output?: string }[] | null } | null;
  };
  Mounts?: { Type: string; Name?: string; Source?: string; Destination: string; RW?: boolean }[] | null;
  NetworkSettings?: { Networks?: Record<string, EndpointBody> | null };
}

export interface NetworkBody {
  Name: string;
  /** Asks engines before API 1.44 to refuse a second network of the same name. */
  CheckDuplicate?: boolean;
  Id?: string;
  Driver?: string;
  Internal?: boolean;
  Attachable?: boolean;
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  IPAM?: {
    Driver?: string;
    Options?: Record<string, string> | null;
    Config?: IpamPool[] | null;
  };
  Options?: Record<string, string> | null;
  Labels?: Record<string, string> | null;
}

export interface VolumeBody {
  Name: string;
  Driver?: string;
  DriverOpts?: Record<string, string> | null;
  Options?: Record<string, string> | null;
  Labels?: Record<string, string> | null;
}

export interface ImageInspect {
  Id: string;
  RepoTags?: string[] | null;
  Config?: ContainerBody | null;
}

/** One event of `/events`. `Actor.ID` is the container's for container events, the network's for network events. */
export interface EventBody {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes?: Record<string, string> };
  timeNano?: number;
}
