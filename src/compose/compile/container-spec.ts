import { fieldsWhere } from '../../container/fields/table.ts';
import { present } from '../../container/present.ts';
import type { ContainerSpec, DeviceRequest } from '../../model/spec.ts';
import { deviceRequest, isCdi } from '../keys/host/devices.ts';
import type { Limits } from '../keys/host/host-settings.ts';
import { healthcheckSpec } from '../keys/process/healthcheck.ts';
import { restartPolicy } from '../keys/process/restart.ts';
import { nanoCpus } from '../keys/quantities.ts';
import type { EffectiveKey, ServiceKeys } from '../keys/service-keys.ts';

type Asked = { [K in keyof ContainerSpec]?: ContainerSpec[K] | undefined };

/** Fields that take the value of a key as it is. */
type FieldTaking<T> = { [K in keyof Asked]-?: T extends ContainerSpec[K] ? K : never }[keyof Asked];

/** A key that this table does not put into the spec: another part of compose/ reads it. */
const ELSEWHERE = null;

/**
 * The keys that can have an effect: those that are refused or noted are not among them. A key becomes the field of that name with the value as it is,
 * or the fields that a function makes of it, or is used elsewhere.
 */
type Mappings = {
  [K in EffectiveKey]: FieldTaking<Given<K>> | ((value: Given<K>, keys: ServiceKeys) => Asked) | typeof ELSEWHERE;
};
type Given<K extends keyof ServiceKeys> = NonNullable<ServiceKeys[K]>;

/**
 * Where each key of a service goes. A key that is read and missing here does not compile. Where two keys ask for the same field, the later one in this
 * table wins if it says something.
 */
const MAPPINGS = {
  platform: 'Platform',
  hostname: 'Hostname',
  domainname: 'Domainname',
  user: 'User',
  working_dir: 'WorkingDir',
  tty: 'Tty',
  stdin_open: 'OpenStdin',
  // An empty entrypoint clears the image's; an empty command is the image's.
  entrypoint: 'Entrypoint',
  command: 'Cmd',
  labels: 'Labels',
  stop_signal: 'StopSignal',
  // Whole seconds, as the engine has no finer; Compose cuts the rest off, too.
  stop_grace_period: (nanoseconds) => ({ StopTimeout: Math.floor(nanoseconds / 1e9) }),
  healthcheck: (check) => ({ Healthcheck: healthcheckSpec(check) }),
  init: 'Init',
  isolation: 'Isolation',
  runtime: 'Runtime',
  annotations: 'Annotations',
  logging: ({ driver, options = {} }) => ({ LogConfig: { ...(driver && { Type: driver }), Config: options } }),
  restart: (_, keys) => ({ RestartPolicy: restartPolicy(keys.deploy?.restart_policy, keys.restart) }),

  tmpfs: 'Tmpfs',
  volumes_from: (references) => ({ VolumesFrom: references.map(({ kind, name }) => `${kind}:${name}`) }),
  storage_opt: 'StorageOpt',
  shm_size: 'ShmSize',
  devices: (devices, keys) => ({
    Devices: devices.filter((device) => !isCdi(device)).map(({ written, ...device }) => device),
    DeviceRequests: deviceRequests(keys),
  }),
  device_cgroup_rules: 'DeviceCgroupRules',
  gpus: (_, keys) => ({ DeviceRequests: deviceRequests(keys) }),

  // The engine's own bridge by its other name.
  network_mode: (mode) => ({ NetworkMode: mode === 'default' ? 'bridge' : mode }),
  extra_hosts: 'ExtraHosts',
  dns: 'Dns',
  dns_search: 'DnsSearch',
  dns_opt: 'DnsOptions',

  pid: 'PidMode',
  ipc: 'IpcMode',
  uts: 'UTSMode',
  userns_mode: 'UsernsMode',
  cgroup: 'CgroupnsMode',
  cgroup_parent: 'CgroupParent',
  privileged: 'Privileged',
  read_only: 'ReadonlyRootfs',
  cap_add: (names) => ({ CapAdd: capabilities(names) }),
  cap_drop: (names, { cap_add }) => {
    const added = capabilities(cap_add);
    return { CapDrop: capabilities(names).filter((name) => !added.includes(name)) };
  },
  sysctls: 'Sysctls',
  ulimits: (limits) => ({ Ulimits: ulimits(limits) }),
  group_add: 'GroupAdd',

  mem_limit: 'Memory',
  mem_reservation: 'MemoryReservation',
  memswap_limit: 'MemorySwap',
  mem_swappiness: 'MemorySwappiness',
  cpus: (cpus) => ({ NanoCpus: nanoCpus(cpus) }),
  cpu_shares: 'CpuShares',
  cpu_period: 'CpuPeriod',
  cpu_quota: 'CpuQuota',
  cpu_rt_period: 'CpuRealtimePeriod',
  cpu_rt_runtime: 'CpuRealtimeRuntime',
  cpuset: 'CpusetCpus',
  pids_limit: 'PidsLimit',
  oom_kill_disable: 'OomKillDisable',
  oom_score_adj: 'OomScoreAdj',
  blkio_config: (blkio) => ({
    BlkioWeight: blkio.weight,
    BlkioWeightDevice: blkio.weight_device?.map(({ path = '', weight = 0 }) => ({ Path: path, Weight: weight })),
    BlkioDeviceReadBps: rates(blkio.device_read_bps),
    BlkioDeviceReadIOps: rates(blkio.device_read_iops),
    BlkioDeviceWriteBps: rates(blkio.device_write_bps),
    BlkioDeviceWriteIOps: rates(blkio.device_write_iops),
  }),
  // After the keys that it goes before: limits, reservations and the restart policy of `deploy` win.
  deploy: ({ resources: { limits, reservations } = {} }, keys) => ({
    Memory: limits?.memory,
    MemoryReservation: reservations?.memory,
    NanoCpus: limits?.cpus ? nanoCpus(limits.cpus) : undefined,
    PidsLimit: limits?.pids && limits.pids > 0 ? limits.pids : undefined,
    DeviceRequests: deviceRequests(keys),
    RestartPolicy: restartPolicy(keys.deploy?.restart_policy, keys.restart),
  }),

  // compile-service.ts makes the service, its networks, volumes and files of them.
  image: ELSEWHERE,
  container_name: ELSEWHERE,
  pull_policy: ELSEWHERE,
  scale: ELSEWHERE,
  post_start: ELSEWHERE,
  pre_stop: ELSEWHERE,
  depends_on: ELSEWHERE,
  'x-holdfast': ELSEWHERE,
  environment: ELSEWHERE,
  env_file: ELSEWHERE,
  ports: ELSEWHERE,
  expose: ELSEWHERE,
  networks: ELSEWHERE,
  links: ELSEWHERE,
  external_links: ELSEWHERE,
  mac_address: ELSEWHERE,
  volumes: ELSEWHERE,
  configs: ELSEWHERE,
  secrets: ELSEWHERE,
  security_opt: ELSEWHERE,
  // They have been read into other keys, or have had their effect before: extends while loading, profiles in compile-app.ts.
  label_file: ELSEWHERE,
  extends: ELSEWHERE,
  profiles: ELSEWHERE,
} satisfies Mappings;

/** The fields of a container that a service's own keys ask for. Other parts of the app add theirs later. */
export function ownSpec(keys: ServiceKeys): Partial<ContainerSpec> {
  const asked: Asked = {};
  for (const [key, mapping] of Object.entries(MAPPINGS) as [EffectiveKey, Mappings[EffectiveKey]][]) {
    const value = keys[key];
    if (value === undefined || mapping === ELSEWHERE) continue;
    const fields =
      typeof mapping === 'string'
        ? { [mapping]: value }
        : (mapping as (value: unknown, keys: ServiceKeys) => Asked)(value, keys);
    Object.assign(asked, present(fields, EVEN_IF_EMPTY));
  }
  return present(asked, EVEN_IF_EMPTY);
}

function deviceRequests({ devices = [], gpus = [], deploy }: ServiceKeys): DeviceRequest[] {
  const cdi = devices.filter(isCdi);
  return [
    ...(cdi.length > 0 ? [{ Driver: 'cdi', DeviceIDs: cdi.map(({ PathOnHost }) => PathOnHost) }] : []),
    ...gpus.map((request) => deviceRequest(request, ['gpu'])),
    ...(deploy?.resources?.reservations?.devices ?? []).map((request) => deviceRequest(request)),
  ];
}

/** Without `CAP_`, in capitals, sorted. Beside ALL no other counts. */
function capabilities(names: string[] = []): string[] {
  const plain = new Set(names.map((name) => name.toUpperCase().replace(/^CAP_/, '')));
  return plain.has('ALL') ? ['ALL'] : [...plain].sort();
}

function ulimits(limits: Limits = {}): NonNullable<ContainerSpec['Ulimits']> {
  return Object.entries(limits)
    .map(([Name, limit]) =>
      typeof limit === 'number' ? { Name, Soft: limit, Hard: limit } : { Name, Soft: limit.soft, Hard: limit.hard },
    )
    .sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

const rates = (given: { path?: string; rate?: number }[] | undefined) =>
  given?.map(({ path = '', rate = 0 }) => ({ Path: path, Rate: rate }));

/** Fields in which empty, zero or false asks for something that leaving it out does not. */
const EVEN_IF_EMPTY: ReadonlySet<string> = new Set(fieldsWhere(({ evenIfEmpty }) => evenIfEmpty));
