import { HOOK_PHASES } from '../../model/app/hook-phase.ts';
import type { ScalarNode } from '../../yaml/node.ts';
import { build } from './build.ts';
import {
  bareInteger,
  bytes,
  type Decoder,
  decimal,
  duration,
  flag,
  integer,
  list,
  listOrOne,
  map,
  optionRecord,
  type Refusal,
  stringRecord,
  text,
  withoutRepeats,
  word,
} from './decode.ts';
import { deploy, replicas } from './deploy.ts';
import { develop } from './develop.ts';
import { devices, gpus } from './host/devices.ts';
import * as host from './host/host-settings.ts';
import { fileUses } from './host/mounted-files.ts';
import { exposed, ports } from './host/ports.ts';
import { links, volumesFrom } from './host/references.ts';
import { macAddress, serviceNetworks } from './host/service-networks.ts';
import { tmpfs, volumes } from './host/volumes.ts';
import { command } from './process/command.ts';
import { dependsOn } from './process/depends-on.ts';
import { envFiles, environment, labelFiles } from './process/environment.ts';
import { healthcheck } from './process/healthcheck.ts';
import { hooks } from './process/hooks.ts';
import { restart } from './process/restart.ts';
import { type Decoded, extension, noted, record, refused } from './record.ts';

/** Bytes; -1 means no limit. */
const swap: Decoder<number> = (node, report) =>
  node.kind === 'scalar' && node.value === -1 ? -1 : bytes(node, report);

/** A rate per second. Sizes may have a unit. */
const rates = list(record('a rate of blkio_config', { path: text, rate: bytes }));

/** A key that loading has already resolved. Loading reports its problems. */
const loaded: Decoder<true> = () => true;

const LATER = 'Holdfast does not support it yet';
const WINDOWS = 'it is for Windows containers';

/** Holdfast's own keys of a service. */
const HOLDFAST_KEYS = {
  failedJob: word('restart', 'leave'),
  ignoreAdvice: list(text),
  hook: word(...HOOK_PHASES),
  hookTimeout: map(duration, (nanoseconds, node) => ({
    ms: Math.ceil(nanoseconds / 1e6),
    written: (node as ScalarNode).text,
  })),
};

/** The version that brought each of Holdfast's own keys. */
export const HOLDFAST_KEYS_SINCE: Readonly<Record<keyof typeof HOLDFAST_KEYS, string>> = {
  failedJob: '0.1.0',
  ignoreAdvice: '0.2.0',
  hook: '0.2.0',
  hookTimeout: '0.2.0',
};

/**
 * Every key of a service in the Compose Specification, with its decoder or the reason why it is refused. container-spec.ts turns the keys
 * into the Engine API's words.
 */
export const SERVICE_KEYS = {
  // Loading resolves it (extends.ts)
  extends: loaded,

  // The process
  image: host.image,
  container_name: host.containerName,
  command,
  entrypoint: command,
  working_dir: text,
  user: text,
  hostname: text,
  domainname: text,
  tty: flag,
  stdin_open: flag,
  init: flag,
  platform: host.platform,
  runtime: text,
  isolation: text,
  stop_signal: text,
  stop_grace_period: duration,
  labels: host.labels,
  label_file: labelFiles,
  annotations: stringRecord,

  // Start, stop and restart
  restart,
  healthcheck,
  depends_on: dependsOn,
  profiles: host.uniqueList(text),
  pull_policy: host.pullPolicy,
  scale: replicas,
  deploy,
  post_start: hooks,
  pre_stop: hooks,
  'x-holdfast': extension(HOLDFAST_KEYS),

  // Files and data
  environment,
  env_file: envFiles,
  configs: fileUses('/'),
  secrets: fileUses('/run/secrets'),
  volumes,
  volumes_from: withoutRepeats(volumesFrom),
  tmpfs,
  devices,
  device_cgroup_rules: withoutRepeats(list(text)),
  gpus,
  storage_opt: optionRecord,
  shm_size: bytes,

  // Network
  networks: serviceNetworks,
  links: map(links, (all) => [...new Map(all.map((each) => [each.written, each])).values()]),
  external_links: withoutRepeats(links),
  network_mode: host.networkMode,
  mac_address: macAddress,
  ports,
  expose: exposed,
  extra_hosts: host.extraHosts,
  dns: map(listOrOne(text), (servers) => [...new Set(servers)]),
  dns_search: map(listOrOne(text), (domains) => [...new Set(domains)]),
  dns_opt: host.uniqueList(text),

  // Permissions
  privileged: flag,
  read_only: flag,
  cap_add: host.distinct(text),
  cap_drop: host.distinct(text),
  security_opt: withoutRepeats(list(text)),
  group_add: withoutRepeats(host.groups),
  sysctls: stringRecord,
  ulimits: host.ulimits,
  pid: host.namespace('pid', ['host'], true),
  ipc: host.namespace('ipc', ['host', 'none', 'private', 'shareable'], true),
  uts: host.namespace('uts', ['host'], false),
  userns_mode: host.namespace('userns_mode', ['host'], false),
  cgroup: host.namespace('cgroup', ['host', 'private'], false),
  cgroup_parent: text,

  // Resources
  mem_limit: bytes,
  mem_reservation: bytes,
  memswap_limit: swap,
  mem_swappiness: integer(0, 100),
  oom_kill_disable: flag,
  oom_score_adj: integer(-1000, 1000),
  pids_limit: integer(-1),
  cpus: decimal,
  cpuset: text,
  cpu_shares: integer(0),
  cpu_period: integer(0),
  cpu_quota: integer(-1),
  cpu_rt_period: integer(0),
  cpu_rt_runtime: integer(0),
  blkio_config: record('blkio_config', {
    weight: bareInteger(0, 1000),
    weight_device: list(record('blkio_config.weight_device', { path: text, weight: bareInteger(0, 1000) })),
    device_read_bps: rates,
    device_read_iops: rates,
    device_write_bps: rates,
    device_write_iops: rates,
  }),
  logging: host.logging,

  // Keys without effect, as with Docker Compose on such a machine
  build: noted('Holdfast builds no image, and a site runs the one that `image` names', build),
  attach: noted('it only chooses the containers whose output `docker compose up` shows', flag),
  cpu_count: noted(WINDOWS, integer(0)),
  cpu_percent: noted(WINDOWS, decimal),
  credential_spec: noted(WINDOWS, record('credential_spec', { config: text, file: text, registry: text })),
  develop: noted('it is for `docker compose watch` on a developer machine', develop),

  // Refused keys, each with its reason
  models: refused('sites run only containers; run the model as a separate service'),
  pre_start: refused(LATER),
  provider: refused('a provider is a program on the machine of `docker compose`, which sites do not have'),
  pull_refresh_after: refused('name another image tag or digest in Git instead, so that each rollout is a commit'),
  use_api_socket: refused('bind /var/run/docker.sock if the service needs the engine'),
};

/** A service as written, with every key decoded. */
export type ServiceKeys = Decoded<typeof SERVICE_KEYS>;

/** The keys that can have an effect: neither refused nor noted. */
export type EffectiveKey = {
  [K in keyof typeof SERVICE_KEYS]: (typeof SERVICE_KEYS)[K] extends Refusal | { note: string } ? never : K;
}[keyof typeof SERVICE_KEYS];
