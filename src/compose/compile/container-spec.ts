import type { ContainerSpec } from '../../model/spec.ts';
import { deviceRequest, isCdi } from '../keys/host/devices.ts';
import type { Limits } from '../keys/host/host-settings.ts';
import { healthcheckSpec } from '../keys/process/healthcheck.ts';
import { restartPolicy } from '../keys/process/restart.ts';
import { nanoCpus } from '../keys/quantities.ts';
import type { ServiceKeys } from '../keys/service-keys.ts';

/** Turns a service's own keys into the Engine API's words. Settings that depend on other parts of the app are added later. */
export function ownSpec(keys: ServiceKeys): Partial<ContainerSpec> {
  const { limits, reservations } = keys.deploy?.resources ?? {};
  const cdi = (keys.devices ?? []).filter(isCdi);
  const requests = [
    ...(cdi.length > 0 ? [{ Driver: 'cdi', DeviceIDs: cdi.map(({ PathOnHost }) => PathOnHost) }] : []),
    ...(keys.gpus ?? []).map((request) => deviceRequest(request, ['gpu'])),
    ...(reservations?.devices ?? []).map((request) => deviceRequest(request)),
  ];
  const added = capabilities(keys.cap_add);
  return meaningful({
    Platform: keys.platform,
    Hostname: keys.hostname,
    Domainname: keys.domainname,
    User: keys.user,
    WorkingDir: keys.working_dir,
    Tty: keys.tty,
    OpenStdin: keys.stdin_open,
    // An empty entrypoint clears the image's; an empty command is the image's.
    Entrypoint: keys.entrypoint,
    Cmd: keys.command?.length ? keys.command : undefined,
    Labels: keys.labels,
    StopSignal: keys.stop_signal,
    // Whole seconds, as the engine has no finer; Compose cuts the rest off, too.
    StopTimeout: keys.stop_grace_period && Math.floor(keys.stop_grace_period / 1e9),
    Healthcheck: keys.healthcheck && healthcheckSpec(keys.healthcheck),
    Tmpfs: keys.tmpfs,
    VolumesFrom: keys.volumes_from?.map(({ kind, name }) => `${kind}:${name}`),
    // The engine's own bridge by its other name.
    NetworkMode: keys.network_mode === 'default' ? 'bridge' : keys.network_mode,
    PidMode: keys.pid,
    IpcMode: keys.ipc,
    UTSMode: keys.uts,
    UsernsMode: keys.userns_mode,
    CgroupnsMode: keys.cgroup,
    CgroupParent: keys.cgroup_parent,
    RestartPolicy: restartPolicy(keys.deploy?.restart_policy, keys.restart),
    Init: keys.init,
    Privileged: keys.privileged,
    ReadonlyRootfs: keys.read_only,
    CapAdd: added,
    CapDrop: capabilities(keys.cap_drop).filter((name) => !added.includes(name)),
    Sysctls: keys.sysctls,
    Ulimits: ulimits(keys.ulimits),
    GroupAdd: keys.group_add,
    ShmSize: keys.shm_size,
    Runtime: keys.runtime,
    Isolation: keys.isolation,
    StorageOpt: keys.storage_opt,
    Annotations: keys.annotations,
    LogConfig: logConfig(keys.logging),
    ExtraHosts: keys.extra_hosts,
    Dns: keys.dns,
    DnsSearch: keys.dns_search,
    DnsOptions: keys.dns_opt,
    Devices: keys.devices?.filter((device) => !isCdi(device)).map(({ written, ...device }) => device),
    DeviceRequests: requests,
    DeviceCgroupRules: keys.device_cgroup_rules,
    Memory: limits?.memory || keys.mem_limit,
    MemoryReservation: reservations?.memory || keys.mem_reservation,
    MemorySwap: keys.memswap_limit,
    MemorySwappiness: keys.mem_swappiness,
    NanoCpus: nanoCpus(limits?.cpus || keys.cpus || 0),
    CpuShares: keys.cpu_shares,
    CpuPeriod: keys.cpu_period,
    CpuQuota: keys.cpu_quota,
    CpuRealtimePeriod: keys.cpu_rt_period,
    CpuRealtimeRuntime: keys.cpu_rt_runtime,
    CpusetCpus: keys.cpuset,
    PidsLimit: limits?.pids && limits.pids > 0 ? limits.pids : keys.pids_limit,
    BlkioWeight: keys.blkio_config?.weight,
    BlkioWeightDevice: keys.blkio_config?.weight_device?.map(({ path = '', weight = 0 }) => ({
      Path: path,
      Weight: weight,
    })),
    BlkioDeviceReadBps: rates(keys.blkio_config?.device_read_bps),
    BlkioDeviceReadIOps: rates(keys.blkio_config?.device_read_iops),
    BlkioDeviceWriteBps: rates(keys.blkio_config?.device_write_bps),
    BlkioDeviceWriteIOps: rates(keys.blkio_config?.device_write_iops),
    OomKillDisable: keys.oom_kill_disable,
    OomScoreAdj: keys.oom_score_adj,
  });
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

function logConfig(logging: ServiceKeys['logging']): ContainerSpec['LogConfig'] {
  return logging && { ...(logging.driver && { Type: logging.driver }), Config: logging.options ?? {} };
}

const rates = (given: { path?: string; rate?: number }[] | undefined) =>
  given?.map(({ path = '', rate = 0 }) => ({ Path: path, Rate: rate }));

/** Keys in which empty, zero or false asks for something that leaving it out does not. */
const EVEN_IF_EMPTY = new Set<string>(['Entrypoint', 'Init', 'StopTimeout', 'LogConfig', 'RestartPolicy']);

/** Without what only says the default: nothing, "", 0, false, empty lists and mappings. */
function meaningful(spec: { [K in keyof ContainerSpec]?: ContainerSpec[K] | undefined }): Partial<ContainerSpec> {
  const kept = Object.entries(spec).filter(([key, value]) => {
    if (value === undefined || value === null) return false;
    if (EVEN_IF_EMPTY.has(key)) return true;
    return typeof value === 'object' ? Object.keys(value).length > 0 : Boolean(value);
  });
  return Object.fromEntries(kept);
}
