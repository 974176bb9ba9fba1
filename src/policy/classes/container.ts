import { servicesAndHooks } from '../../model/app/services-and-hooks.ts';
import type { ContainerFile, ContainerSpec, DeviceRequest } from '../../model/spec.ts';
import { type Around, type Ask, asksOf, asksOfKey, type ClassesOf, type PlacedAsk } from '../asks.ts';
import { DEFAULT_CAPABILITIES } from '../profiles.ts';
import { normalPath } from '../values/host-path.ts';
import { ANY_PORT } from '../values/ports.ts';
import { imageAsks } from './image.ts';
import { bindAsks, mountAsks } from './mounts.ts';
import { endpointAsks } from './networks.ts';

interface AroundContainer extends Around {
  spec: ContainerSpec;
}

/** A namespace of the host, or of a container that is not the app's own. A mode that is not known may be the host's. */
const namespace =
  (value: string, key: string, harmless: readonly string[]) =>
  (mode: string, { app }: Around): Ask[] => {
    const words = `${key}: ${mode}`;
    if (['', 'private', ...harmless].includes(mode) || mode.startsWith('service:')) return [];
    const joined = /^container:(.*)$/s.exec(mode)?.[1];
    if (joined === undefined) return [{ rule: 'hostNamespaces', value, words }];
    return isOwn(joined, app) ? [] : [{ rule: 'otherContainers', value: joined, words }];
  };

const isOwn = (container: string, app: Around['app']): boolean =>
  servicesAndHooks(app).some(({ containers }) => containers.some(({ name }) => name === container));

const yes = (rule: Ask['rule'], words: string): Ask[] => [{ rule, value: '', words }];

/** Every key of a container. Those without a rule change nothing outside of the container, or only its share of what all containers have. */
export const CONTAINER = {
  Image: (image) => imageAsks(image, `image: ${image}`),
  Platform: 'harmless',
  Hostname: 'harmless',
  Domainname: 'harmless',
  // Root in a container is what an image may have anyway; the rights that matter are capabilities.
  User: 'harmless',
  WorkingDir: 'harmless',
  Tty: 'harmless',
  OpenStdin: 'harmless',
  Entrypoint: 'harmless',
  Cmd: 'harmless',
  Env: 'harmless',
  Labels: 'harmless',
  StopSignal: 'harmless',
  StopTimeout: 'harmless',
  Healthcheck: 'harmless',
  ExposedPorts: 'harmless',
  PortBindings: (bindings) =>
    bindings.map(({ Container, HostIp, HostPort }) => {
      const protocol = Container.split('/')[1] ?? 'tcp';
      const address = HostIp === '' ? '' : HostIp.includes(':') ? `[${HostIp.replace(/^\[|\]$/g, '')}]:` : `${HostIp}:`;
      const written = HostPort === '' ? 'any port' : `port ${HostPort}`;
      return {
        rule: 'ports',
        value: `${address}${HostPort === '' ? ANY_PORT : HostPort}/${protocol}`,
        words: `ports: ${written} of ${HostIp || 'every address'} (${protocol})`,
      };
    }),
  Mounts: mountAsks,
  VolumesFrom: (references, { app }) =>
    references.flatMap((reference): Ask[] => {
      const joined = /^container:([^:]*)/.exec(reference)?.[1];
      if (reference.startsWith('service:') || (joined !== undefined && isOwn(joined, app))) return [];
      return [{ rule: 'otherContainers', value: joined ?? reference, words: `volumes_from: ${reference}` }];
    }),
  Tmpfs: 'harmless',
  Networks: endpointAsks,
  NetworkMode: namespace('network', 'network_mode', ['none', 'bridge', 'default']),
  PidMode: namespace('pid', 'pid', []),
  IpcMode: namespace('ipc', 'ipc', ['none', 'shareable']),
  UTSMode: namespace('uts', 'uts', []),
  UsernsMode: namespace('user', 'userns_mode', ['auto', 'keep-id', 'nomap']),
  CgroupnsMode: namespace('cgroup', 'cgroup', []),
  CgroupParent: (value) => (value === '' ? [] : [{ rule: 'cgroupParents', value, words: `cgroup_parent: ${value}` }]),
  RestartPolicy: 'harmless',
  Init: 'harmless',
  Privileged: (isPrivileged) => (isPrivileged ? yes('privileged', 'privileged: true') : []),
  ReadonlyRootfs: 'harmless',
  // Those of a container are looked at together: see capabilityAsks.
  CapAdd: 'structure',
  CapDrop: 'structure',
  SecurityOpt: (all) =>
    all.map((written) => {
      const value = securityOption(written);
      return { rule: 'securityOptions', value, words: `security_opt: ${value}` };
    }),
  // An engine takes only those that a namespace of the container's own holds.
  Sysctls: 'harmless',
  Ulimits: (limits) =>
    limits.flatMap(({ Name }) => (/^(rtprio|nice)$/i.test(Name) ? yes('realtime', `ulimits: ${Name}`) : [])),
  GroupAdd: 'harmless',
  ShmSize: 'harmless',
  Runtime: (value) => (value === '' ? [] : [{ rule: 'runtimes', value, words: `runtime: ${value}` }]),
  Isolation: 'harmless',
  StorageOpt: 'harmless',
  Annotations: (all) =>
    Object.entries(all).map(([name, value]) => ({
      rule: 'annotations',
      value: `${name}=${value}`,
      words: `annotations: ${name}`,
    })),
  LogConfig: ({ Type = '', Config }, around) => [
    ...(Type === '' ? [] : [{ rule: 'logDrivers' as const, value: Type, words: `logging: driver ${Type}` }]),
    // Podman writes the log there.
    ...(Config.path === undefined ? [] : bindAsks(Config.path, true, `logging: path ${Config.path}`, around)),
  ],
  ExtraHosts: 'harmless',
  Dns: 'harmless',
  DnsSearch: 'harmless',
  DnsOptions: 'harmless',
  Devices: (devices) =>
    devices.map(({ PathOnHost, PathInContainer }) => ({
      rule: 'devices',
      value: PathOnHost.startsWith('/') ? normalPath(PathOnHost) : `/${PathOnHost}`,
      words: `devices: ${PathOnHost} at ${PathInContainer || PathOnHost}`,
    })),
  DeviceRequests: (requests) => requests.flatMap((request) => asksOf(REQUEST, request, { request })),
  DeviceCgroupRules: (rules) =>
    rules.map((rule) => {
      const value = rule.trim().replace(/\s+/g, ' ');
      return { rule: 'deviceCgroupRules', value, words: `device_cgroup_rules: ${value}` };
    }),
  Memory: 'ceiling',
  MemoryReservation: 'harmless',
  MemorySwap: 'ceiling',
  MemorySwappiness: 'harmless',
  NanoCpus: 'ceiling',
  CpuShares: 'harmless',
  CpuPeriod: 'ceiling',
  CpuQuota: 'ceiling',
  CpuRealtimePeriod: 'structure',
  CpuRealtimeRuntime: (value) => (value === 0 ? [] : yes('realtime', `cpu_rt_runtime: ${value}`)),
  CpusetCpus: 'harmless',
  CpusetMems: 'harmless',
  PidsLimit: 'harmless',
  BlkioWeight: 'harmless',
  BlkioWeightDevice: 'harmless',
  BlkioDeviceReadBps: 'harmless',
  BlkioDeviceReadIOps: 'harmless',
  BlkioDeviceWriteBps: 'harmless',
  BlkioDeviceWriteIOps: 'harmless',
  OomKillDisable: (isSpared) => (isSpared ? yes('oomProtection', 'oom_kill_disable: true') : []),
  OomScoreAdj: (value) => (value < 0 ? yes('oomProtection', `oom_score_adj: ${value}`) : []),
  Files: (files) => files.flatMap((file) => asksOf(FILE, file, undefined)),
} satisfies ClassesOf<ContainerSpec, AroundContainer>;

/** Configs and secrets without a file of their own lie in the container alone. */
const FILE = {
  path: 'harmless',
  content: 'harmless',
  mode: 'harmless',
  uid: 'harmless',
  gid: 'harmless',
} satisfies ClassesOf<ContainerFile, undefined>;

interface AroundRequest {
  request: DeviceRequest;
}

const isCdi = ({ Driver }: DeviceRequest): boolean => Driver?.toLowerCase() === 'cdi';

/** A request for GPUs; one of the driver `cdi` names devices of any kind. */
const REQUEST = {
  Driver: (driver, { request }) => (isCdi(request) ? [] : yes('gpus', `gpus: driver ${driver}`)),
  Count: (_, { request }) => (isCdi(request) ? [] : yes('gpus', 'gpus')),
  DeviceIDs: (ids, { request }) =>
    isCdi(request)
      ? ids.map((id) => ({ rule: 'devices', value: `/${id}`, words: `devices: ${id}` }))
      : yes('gpus', `gpus: ${ids.join(', ')}`),
  Capabilities: (_, { request }) => (isCdi(request) ? [] : yes('gpus', 'gpus')),
  Options: 'harmless',
} satisfies ClassesOf<DeviceRequest, AroundRequest>;

/** `seccomp:unconfined` is the old spelling; a profile is the text of a whole file. */
function securityOption(written: string): string {
  const option = written.trim().replace(/^([a-z-]+):/, '$1=');
  if (/^seccomp=\s*[{[]/.test(option)) return 'seccomp=PROFILE';
  return option === 'no-new-privileges=true' ? 'no-new-privileges' : option;
}

/** The capabilities that a container has in the end: the engine's own, without `cap_drop`, and with `cap_add`. */
function capabilityAsks({ CapAdd = [], CapDrop = [] }: ContainerSpec): PlacedAsk[] {
  const named = (names: readonly string[]): string[] => names.map((name) => name.toUpperCase().replace(/^CAP_/, ''));
  const [added, dropped] = [named(CapAdd), named(CapDrop)];
  const kept = dropped.includes('ALL') ? [] : DEFAULT_CAPABILITIES.filter((name) => !dropped.includes(name));
  return [...new Set([...added, ...kept])].map((value) => ({
    rule: 'capabilities',
    value,
    field: added.includes(value) ? 'CapAdd' : 'CapDrop',
    words: added.includes(value)
      ? `cap_add: ${value}`
      : `${value}, which a container has unless cap_drop takes it away`,
  }));
}

/** All that a container asks of its site. */
export const containerAsks = (spec: ContainerSpec, around: Around): PlacedAsk[] => [
  ...(Object.keys(CONTAINER) as (keyof ContainerSpec)[]).flatMap((field) =>
    asksOfKey<ContainerSpec, AroundContainer>(CONTAINER, field, spec, { ...around, spec }).map((ask) => ({
      ...ask,
      field,
    })),
  ),
  ...capabilityAsks(spec),
];
